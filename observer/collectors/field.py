"""One column as statements call it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from observer.metrics import ColumnKind

BARE = "bare_"
"""What the alias of a column that is read as it is begins with."""

DURATIONS = {"INTERVAL": "epoch({c})"} | {
    f"DURATION_{unit}": f"CAST({{c}} AS DOUBLE PRECISION) / {parts}.0"
    for unit, parts in (("s", 1), ("ms", 1_000), ("us", 1_000_000), ("ns", 1_000_000_000))
}
"""How lengths of time are read, in seconds: DuckDB's own, and those that are kept as numbers of their units."""

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}
_FLOATS = {"FLOAT", "DOUBLE"}
_NUMBERS = _INTEGERS | {"U" + name for name in _INTEGERS} | _FLOATS | {"BIGNUM", "VARINT"}


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name, the alias that statements call it by, and DuckDB's type.

    A length of time that is kept as a number has the type ``DURATION_`` and its unit: s, ms, us or ns.
    """

    name: str
    sql: str
    type: str

    @property
    def bare(self) -> Field:
        """The column as it lies there, in which NaN is a number."""
        return replace(self, sql=BARE + self.sql)

    @property
    def is_whole(self) -> bool:
        """Whether its values are integers of at most 64 bits."""
        return self.type.removeprefix("U") in _INTEGERS - {"HUGEINT"}

    @property
    def is_float(self) -> bool:
        """Whether its values are of floating point, and may be NaN."""
        return self.type in _FLOATS

    @property
    def is_plain(self) -> bool:
        """Whether its values are numbers that fit a processor's register."""
        return self.is_float or self.is_whole

    @property
    def kind(self) -> ColumnKind:
        if self.type in _NUMBERS or self.type in DURATIONS or self.type.startswith("DECIMAL"):
            return ColumnKind.NUMBER
        if self.type == "VARCHAR" or self.type.startswith("ENUM"):
            return ColumnKind.TEXT
        if self.type == "BOOLEAN":
            return ColumnKind.BOOLEAN
        if self.type == "DATE" or self.type.startswith("TIMESTAMP"):
            return ColumnKind.TIME
        return ColumnKind.OTHER
