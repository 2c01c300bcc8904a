"""What was measured of a version, as a check that judges numbers gets it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from observer.errors import UnknownName
from observer.model import Observation


class Observations(Mapping[tuple[str, str | None], float | None]):
    """The numbers of a version, by metric, or by metric and column; None where one could not be measured.

    ``observations["row_count"]``, ``observations["null_rate", "dep_time"]``. Raises UnknownName for what was not
    measured, with what is near.
    """

    def __init__(self, seen: Sequence[Observation]) -> None:
        self._values = {(one.metric, one.column): one.value for one in seen if one.segment is None}

    def __getitem__(self, key: str | tuple[str, str | None]) -> float | None:
        metric, column = (key, None) if isinstance(key, str) else key
        if (metric, column) not in self._values:
            known = [f"{name}({of})" if of else name for name, of in self._values]
            raise UnknownName("metric", f"{metric}({column})" if column else metric, known)
        return self._values[metric, column]

    def __iter__(self) -> Iterator[tuple[str, str | None]]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
