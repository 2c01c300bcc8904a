"""The data of one version as checks see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from observer.collectors.pushed import PushedRelation
from observer.collectors.relation import Relation
from observer.collectors.tabular import is_arrow, is_frame, is_polars
from observer.model import Observation
from orchestration.io.base import ParquetFiles
from orchestration.model import AssetKey, PartitionKey

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class CheckData:
    """One version's data, in whichever form a check asks for; kept while the version is audited.

    Attributes
    ----------
    asset, partition: what the data is a version of.
    value: what the asset returned or where it lies: a frame, ``ParquetFiles``, ``SqlRelation``, or any object.
    Don't change it.
    is_table: whether it has rows and columns.
    observations: what was measured of it.
    """

    def __init__(
        self,
        *,
        asset: AssetKey,
        partition: PartitionKey,
        value: object,
        relation: Relation | None,
        observations: Sequence[Observation] = (),
        others: Mapping[AssetKey, Callable[[], object]] | None = None,
    ) -> None:
        self.asset = asset
        self.partition = partition
        self.value = value
        self.is_table = relation is not None
        self.observations = observations
        self._relation = relation
        self._others = others or {}
        self._taken: dict[AssetKey, pa.Table] = {}
        self._pandas: pd.DataFrame | None = None
        self._arrow: pa.Table | None = None

    def table(self) -> Relation:
        """Return the data as DuckDB sees it; what lies in another database is fetched for that.

        Raises
        ------
        TypeError: the data is no table.
        """
        return self.where_it_lies().fetched()

    def where_it_lies(self) -> Relation:
        """Return the data where it is: statements run there, so they are spelled by the relation's ``dialect``.

        Raises
        ------
        TypeError: the data is no table.
        """
        if self._relation is None:
            raise TypeError(f"the data is no table but a {type(self.value).__name__}")
        return self._relation

    @property
    def rows(self) -> int | None:
        """How many rows there are; None of what is no table."""
        return None if self._relation is None else self._relation.rows

    def other(self, asset: str) -> pa.Table:
        """Return what readers see of another asset that the check names: of the partition that belongs to this one.

        Raises
        ------
        LookupError: the check doesn't name it, or nothing of it is published.
        TypeError: it is no table.
        """
        key = AssetKey(asset)
        if key not in self._taken:
            if key not in self._others:
                raise LookupError(f"{asset} is not read here; a check names the assets that it compares")
            import pyarrow as pa

            found = self._others[key]()
            if not isinstance(found, pa.Table):
                raise TypeError(f"{asset} is no table but a {type(found).__name__}")
            self._taken[key] = found
        return self._taken[key]

    def pandas(self) -> pd.DataFrame:
        """Return the data as a frame of the caller's own: what is done to it reaches nobody else."""
        if self._pandas is None:
            self._pandas = self.value if is_frame(self.value) else self._files_as_arrow().to_pandas()
        import pandas as pd

        copies_on_write = int(pd.__version__.split(".")[0]) >= 3
        return self._pandas.copy(deep=not copies_on_write)

    def arrow(self) -> pa.Table:
        """Return the data as an Arrow table.

        Raises
        ------
        pyarrow.ArrowInvalid, pyarrow.ArrowTypeError: a frame's column holds objects of several types.
        """
        if self._arrow is None:
            if is_frame(self.value):
                import pyarrow as pa

                self._arrow = pa.Table.from_pandas(self.value, preserve_index=False)
            else:
                self._arrow = self._files_as_arrow()
        return self._arrow

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a SQL statement (DuckDB's) over the table ``data``, where NaN reads as null.

        Examples
        --------
        ``data.query("select count(*) from data where dep_time > 2400")``
        """
        return self.table().query(sql)

    def _files_as_arrow(self) -> pa.Table:
        if is_arrow(self.value):
            return self.value
        if is_polars(self.value):
            return self.value.to_arrow()
        if isinstance(self._relation, PushedRelation):
            return self._relation.arrow()
        if not isinstance(self.value, ParquetFiles):
            raise TypeError(f"the data is no table but a {type(self.value).__name__}")
        import pyarrow as pa
        import pyarrow.parquet as pq

        tables = [pq.read_table(path, partitioning=None) for path in self.value.paths]
        return pa.concat_tables(tables) if tables else pa.table({})
