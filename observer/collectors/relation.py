"""One version's data as DuckDB sees it: fields, and statements over them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from observer.collectors.batches import every, first
from observer.collectors.bringing import here, is_wordy
from observer.collectors.budget import counted
from observer.collectors.copied import Copied, Sampler
from observer.collectors.dialect import DUCKDB, MARKED, PACK, PICKED, Dialect, as_text
from observer.collectors.field import BARE, DURATIONS, Field
from observer.collectors.known import UNKNOWN, Known, OfTable
from observer.collectors.sql import caseless, identifier
from observer.collectors.tabular import Unreadable, first_line
from observer.collectors.texts import Texts
from observer.errors import UnknownName
from observer.metrics import ColumnKind
from observer.model import Schema

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

T = TypeVar("T")

_BATCH = 100_000  # rows

NEAR = "near_"
"""What the alias of a column's distance from a number near it begins with."""

_EXACT = 2.0**53  # below, floats hold whole numbers exactly
_KEPT_CELLS = 5_000_000  # 40 MB of numbers


class Relation:
    """The data of one version, open for statements. Use it in the thread that opened it, inside ``opened``.

    Attributes
    ----------
    fields: the columns that can be looked into; names are unique, aliases are ``c0``, ``c1`` ...
    unreadable: those that can't.
    schema: all of them in order, with DuckDB's types in lower case (categories are their values' "varchar").
    rows: how many there are by the frame's or the files' own account.
    dialect: how the engine is asked.
    is_ordered: whether the rows have an order: that in which they were written.
    texts: what columns' different texts tell; None where nobody knows them for less than all rows.
    """

    dialect: Dialect = DUCKDB
    is_ordered = True

    def __init__(
        self,
        connection: DuckDBPyConnection | None,
        source: str,
        fields: Sequence[Field],
        unreadable: Sequence[Unreadable],
        schema: Schema,
        rows: int,
        sample: Sampler | None = None,
        keep: Callable[[float], Copied] | None = None,
        *,
        pick: Callable[[float], str] | None = None,
        look: Callable[[], Sequence[Known]] | None = None,
        texts: Texts | None = None,
    ) -> None:
        self._database = connection
        self._source = source
        self._sample = sample
        self._keep = keep
        self._pick = pick
        self._look = look
        self._known: Sequence[Known] | None = None
        self._besides: dict[str, str] = {}
        self._brought: dict[str, pa.Array] = {}
        self._nan: dict[int, bool] = {}
        self._named = False
        self._is_quick = False
        self._whole: tuple[Relation, float] | None = None
        self.fields = tuple(fields)
        self.unreadable = tuple(unreadable)
        self.schema = schema
        self.rows = rows
        self.texts = texts

    @property
    def _connection(self) -> DuckDBPyConnection:
        assert self._database is not None
        return self._database

    def fetched(self) -> Relation:
        """Return the data as DuckDB sees it: this very relation, where it doesn't lie in another database."""
        return self

    def exact(self, name: str) -> Field:
        """Return the column of a name, to compare its values; as ``field``, and raises NotPlain.

        Raises
        ------
        NotPlain: the engine keeps the values as something else, so ``fetched()`` has to be compared.
        """
        return self.field(name)

    def shown(self, field: Field) -> str:
        """Return the expression of a column's value as people read it: numbers and truths plain, all else as text."""
        plain = field.kind in (ColumnKind.NUMBER, ColumnKind.BOOLEAN)
        return field.sql if plain and not field.type.startswith("DECIMAL") else as_text(field.sql)

    def sample(self, rate: float, fields: Sequence[Field]) -> Relation:
        """Return about a share ``rate`` of the rows, each as likely as any other; it has the values of ``fields``.

        Where that can be told from their place, the same data gives the same rows each time.
        """
        if self._whole is not None:
            whole, own = self._whole
            rate *= own
            if self._sample is None:
                return whole.sample(rate, fields)
        assert self._sample is not None, "a relation without columns has nothing to sample"
        return Relation(self._database, self._sample(rate, fields), fields, (), self.schema, self.rows)

    def where(self, conditions: Sequence[str]) -> Relation:
        """Return the rows of which one of some conditions is true, or all of them where that saves nothing."""
        return self

    def part(self, rate: float) -> Relation:
        """Return about a share ``rate`` of the rows as data of its own; a sample of it is one of all rows.

        A small one is kept aside where each look would else read everything again.
        """
        if self._keep is not None and self.rows * rate * len(self.fields) <= _KEPT_CELLS:
            kept = self._keep(rate)
            self._fetch(kept.statement)
            found = Relation(self._database, kept.source, self.fields, (), self.schema, self.rows, kept.sample)
        else:
            found = self.sample(rate, self.fields)
        readable = {field.name for field in self.fields}
        found.schema = Schema(tuple(column for column in self.schema.columns if column.name in readable))
        found.rows = round(self.rows * rate)
        found._whole = (self, rate)
        return found

    @property
    def is_part(self) -> bool:
        """Whether it is some of the rows: what is counted of it is no count of the data."""
        return self._whole is not None

    @property
    def picks(self) -> bool:
        """Whether a statement over all rows can pick some of them on its way."""
        return self._pick is not None

    def pick(self, rate: float, few: float, packs: Sequence[Sequence[Field]]) -> list[str]:
        """Mark the rows of ``sample`` in statements over all rows as ``PICKED`` and as ``MARKED``, by their shares.

        Returns what gives the values of each of the ``packs``: of all that are picked, or of few where one is a text or
        a truth. They are kept for ``brought``.
        """
        assert self._pick is not None
        self._besides |= {PICKED: self._pick(rate), MARKED: self._pick(few)}
        lists = []
        for at, fields in enumerate(packs):
            members = ", ".join(f"'{field.sql}': {self._packed(field)}" for field in fields)
            self._besides[f"{PACK}{at}"] = f"{{{members}}}"
            lists.append(f"list({PACK}{at}) FILTER ({MARKED if is_wordy(fields[0]) else PICKED})")
        return lists

    @property
    def brings(self) -> bool:
        """Whether values come here for next to nothing, so that a sample is looked at here."""
        return True

    def brought(self, field: Field) -> pa.Array | None:
        """What a statement over all rows picked of a column; None where it wasn't asked to, or failed."""
        return self._brought.get(field.sql)

    def bring(self, rate: float, fields: Sequence[Field]) -> list[pa.Array]:
        """Values of some of the rows, as ``here`` says."""
        some = self if rate == 1 else self.sample(rate, fields)
        some.quick()
        inner = some._rows_of(fields)
        table = some._as_table(f"SELECT {', '.join(map(here, fields))} FROM ({inner}) d")
        return [column.combine_chunks() for column in table.columns]

    def _packed(self, field: Field) -> str:
        """A value as it is packed: as it lies there, where that can be read here."""
        if field.is_plain or field.type == "VARCHAR":
            return field.sql
        return here(replace(field, sql=f"({self._value(field)})"))

    def _plain(self, field: Field) -> str:
        """A value as a column of the source: NaN as null, but for a bare one."""
        return field.sql[len(BARE) :] if field.sql.startswith(BARE) else f"({self._value(field)})"

    def known(self) -> Sequence[Known]:
        """What is known of each field without a statement."""
        if self._known is None:
            self._known = self._look() if self._look is not None else [UNKNOWN] * len(self.fields)
        return self._known

    def present(self, field: Field) -> str | int:
        """How many values of a column are neither null nor NaN: the aggregate, or the number where it is known."""
        found = self._known_of(field)
        unknown = found is None or found.values is None or self._may_be_nan(field)
        return f"count({field.sql})" if unknown or found is None or found.values is None else found.values

    def ends(self, field: Field) -> tuple[float, float] | None:
        """The least and the largest of a column's numbers, where they are known exactly without a statement."""
        found = self._known_of(field) if field.kind is ColumnKind.NUMBER else None
        if found is None or found.low is None or found.high is None:
            return None
        return (found.low, found.high) if max(-found.low, found.high) < _EXACT else None

    def swift(self, field: Field) -> Field:
        """The column as it lies there, where it is known that no NaN has to be read as null."""
        if not field.is_float or self.dialect is not DUCKDB or self._may_be_nan(field):
            return field
        return field.bare

    def _known_of(self, field: Field) -> Known | None:
        at = self._place(field)
        return None if at is None else self.known()[at]

    def _may_be_nan(self, field: Field) -> bool:
        if not field.is_float:
            return False
        found, at = self.known(), self._place(field)
        if at is None or not isinstance(found, OfTable):
            return True  # footers leave NaN out
        if at not in self._nan:
            self._nan[at] = found.may_be_nan(at)
        return self._nan[at]

    def _place(self, field: Field) -> int | None:
        return next((at for at, one in enumerate(self.fields) if one is field), None)

    def metric(self, name: str, field: Field, *, exact: bool = False, known: Known | None = None) -> str:
        """Return the aggregate that measures a metric of the catalogue.

        ``exact``: exactly, where it would else approximate; ``known``: in the form that may leave it open, and with
        what is known of the column.
        """
        template = self.dialect.metrics[name]
        if exact:
            template = self.dialect.exactly.get(name, template)
        if known is None or name not in self.dialect.swiftly:
            return self._spelled(template, field)
        shift, width = known.spot()
        near, less = f"{NEAR}{field.sql}", f" - {shift!r}::DOUBLE" if shift else ""
        self._besides[near] = f"{self._plain(field)}::DOUBLE{less}"  # named once: to plan it in each sum takes longer
        count = f"count({field.sql})" if known.values is None else str(known.values)
        floats = {"shift": f"{shift!r}::DOUBLE", "width": f"{width!r}::DOUBLE"}
        return self.dialect.swiftly[name].format(n=count, x=near, **floats)

    def sketch(self, field: Field) -> str | None:
        """Return the aggregate that makes a sketch of a column's distinct values; None where the engine has none."""
        template = self.dialect.registers
        return None if template is None else self._spelled(template, field)

    def _spelled(self, template: str, field: Field) -> str:
        subject = f"{field.sql}::VARCHAR" if field.type.startswith("ENUM") else field.sql
        return template.format(c=subject, s=self.rows_of(field) if "{s}" in template else "")

    def rows_of(self, *fields: Field) -> str:
        """Return a table of some columns' rows, for a statement within a statement."""
        return f"({self._rows_of(fields)}) m"

    def field(self, name: str) -> Field:
        """Return the column of a name.

        Raises
        ------
        LookupError (mostly UnknownName): there is none, and which are near; or it can't be looked into.
        """
        for field in self.fields:
            if field.name == name:
                return field
        for column in self.unreadable:
            if column.name == name:
                raise LookupError(f"column {name!r} can't be looked into: {column.reason}")
        known = [column.name for column in self.schema.columns]
        for other in known:
            if other.lower() == name.lower():
                raise LookupError(f"no column is called {name!r}; did you mean {other!r}?")
        raise UnknownName("column", name, known)

    def select(self, expressions: Sequence[str], tail: str = "") -> list[tuple[Any, ...]]:
        """Return the rows of one SELECT over the aliases; ``tail`` is what comes after FROM."""
        text = " ".join(expressions) + " " + tail
        names = set(re.findall(rf"\b(?:(?:{NEAR})?(?:{BARE})?c\d+|{PICKED}|{MARKED}|{PACK}\d+)\b", text))
        inner = self._rows_of([field for field in self.fields if field.sql in names], names)
        sql = f"SELECT {', '.join(expressions)} FROM ({inner}) d {tail}"
        if PACK not in text:
            return self._fetch(sql)
        found = self._as_table(sql)
        return [tuple(map(self._unpacked, expressions, found.columns))]

    def _unpacked(self, expression: str, column: pa.ChunkedArray) -> object:
        """A value of the one row; of a pack, how many rows it has, which are kept aside."""
        if PACK not in expression:
            value = column[0].as_py()
            return int(value) if str(column.type) == "decimal128(38, 0)" and value is not None else value  # a HUGEINT
        rows = column.combine_chunks().flatten()
        self._brought |= {each.name: rows.field(each.name) for each in rows.type}
        return len(rows)

    def windowed(
        self, inner: Sequence[str], inner_tail: str, outer: Sequence[str], outer_tail: str
    ) -> list[tuple[Any, ...]]:
        """Return the rows of a SELECT over one over the aliases, which may hold window functions.

        The tails are what comes after each FROM; a column of ``inner`` that isn't an alias needs a name by AS.
        """
        names = set(re.findall(r"\bc\d+\b", f"{' '.join(inner)} {inner_tail}"))
        rows = self._rows_of([field for field in self.fields if field.sql in names])
        within = f"SELECT {', '.join(inner)} FROM ({rows}) d {inner_tail}"
        return self._fetch(f"SELECT {', '.join(outer)} FROM ({within}) w {outer_tail}")

    def _rows_of(self, fields: Sequence[Field], names: Collection[str] = ()) -> str:
        """A SELECT of columns by their aliases, with NaN as null; as they are, where ``names`` has their bare ones."""
        used = [f"{self._value(field)} AS {field.sql}" for field in fields]
        used += [f"{name[len(BARE) :]} AS {name}" for name in sorted(names) if name.startswith(BARE)]
        used += [f"{expression} AS {name}" for name, expression in self._besides.items() if name in names]
        return f"SELECT {', '.join(used) or '1 AS nothing'} FROM {self._source}"

    def _value(self, field: Field) -> str:
        return (DURATIONS.get(field.type) or self.dialect.value(field.type)).format(c=field.sql)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a statement that calls the table ``data`` and the columns by their names."""
        return self._answer(sql, every) or []

    def few(self, sql: str, most: int) -> tuple[list[str], list[tuple[Any, ...]], int]:
        """Return the columns of such a statement, the first of its rows and how many there are; never all of them."""
        return self._answer(sql, lambda batches: first(batches, most)) or ([], [], 0)

    def _answer(self, sql: str, take: Callable[[pa.RecordBatchReader], T]) -> T | None:
        """What is taken of the answer to a statement of a user's own; None where it gives no rows."""
        if self._is_quick:  # which isn't for statements of a user's own
            self._connection.execute("PRAGMA enable_optimizer")
            self._is_quick = False
        if not self._named:
            named = ", ".join(
                f"{field.sql if field.type in DURATIONS else self._value(field)} AS {identifier(name)}"
                for field, name in zip(self.fields, caseless([f.name for f in self.fields]), strict=True)
            )
            self._connection.execute(f"CREATE TEMP VIEW data AS SELECT {named or '1 AS nothing'} FROM {self._source}")
            self._named = True
        return self._arrow(sql, take)

    def beside(self, name: str, table: pa.Table) -> None:
        """Let statements of ``query`` read another table under a name."""
        self._connection.register(name, table)

    def explain(self, error: BaseException) -> str:
        """Return what an error says in one line, with the columns' names for their aliases."""
        names = {field.sql: field.name for field in self.fields}
        told = first_line(error)
        aliases = rf"\b(?:{NEAR})?(?:{BARE})?(c\d+)\b"
        return re.sub(aliases, lambda found: names.get(found.group(1), found.group()), told)

    def quick(self) -> None:
        """Skip DuckDB's optimizer for a small table, where planning costs more than the scan."""
        if self.rows <= 20_000 and not self._is_quick:
            self._connection.execute("PRAGMA disable_optimizer")
            self._is_quick = True

    def _fetch(self, sql: str) -> list[tuple[Any, ...]]:
        try:
            with counted(self._connection.interrupt):
                return self._connection.execute(sql).fetchall()
        except BaseException:
            self._connection.abort()  # else the connection takes no further statement
            raise

    def _arrow(self, sql: str, take: Callable[[pa.RecordBatchReader], T]) -> T | None:
        """What ``take`` makes of a statement's rows; None where it returns none. fetchall() needs pytz."""
        try:
            with counted(self._connection.interrupt):
                found: Any = self._connection.sql(sql)  # what execute() gives would be copied once more
                return None if found is None else take(found.to_arrow_reader(_BATCH))
        except BaseException:
            self._connection.abort()
            raise

    def _as_table(self, select: str) -> pa.Table:
        found = self._arrow(select, lambda batches: batches.read_all())
        assert found is not None, "a SELECT returns rows"
        return found
