"""A column of every type that frames are made of, with the values that are easily lost: the table of round trips."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_ZONE = "America/New_York"
_INSTANTS = (datetime(2013, 3, 10, 6, 59, 59, 999999, tzinfo=UTC), datetime(1969, 12, 31, tzinfo=UTC), None)
_VALUES: Mapping[str, Sequence[object]] = {
    "int8": (-128, 127, None),
    "int64": (-(2**63), 2**63 - 1, None),
    "uint64": (0, 2**64 - 1, None),
    "float32": (1.5, -math.inf, None),
    "float64": (0.1, -0.0, math.inf, -math.inf, 5e-324, 1.7976931348623157e308, None),
    "float64 with NaN": (0.1, math.nan, None),
    "decimal": (Decimal("12345678901234567890.123456789"), Decimal("-0.000000001"), None),
    "bool": (True, False, None),
    "string": ("", " a ", "null", "ä 🌊 \u202e", "'; drop table x --", 'a"b\\c\n\t', None),
    "string with NUL": ("a\0b", "\0", None),
    "wide string": ("x" * 70_000, None),
    "date": (date(1, 1, 1), date(2013, 2, 8), date(9999, 12, 31), None),
    "time": (time(0, 0), time(23, 59, 59, 999999), None),
    "naive timestamp": (*map(datetime.fromisoformat, ("2013-03-10 02:30", "0001-01-01", "9999-12-31")), None),
    "UTC timestamp": _INSTANTS,
    "zoned timestamp": _INSTANTS,
    "duration": (timedelta(days=-1, microseconds=1), timedelta(0), None),
    "bytes": (b"", b"\x00\xff'\\", None),
    "list": ([1, None], [], None),
    "struct": ({"n": 1, "s": "a"}, {"n": None, "s": None}, None),
    "nested": ([{"n": [1, 2]}, {"n": []}], [], None),
    "category": ("b", "a", "b", None),
    "all null": (None, None),
    "null strings": (None, None),
    "no rows": (),
}


def every_type() -> dict[str, pa.Table]:
    """One table a type, by the type's name: a column ``value`` and the row's number ``n``."""
    import pyarrow as pa

    types = _types()
    tables = {}
    for name, values in _VALUES.items():
        kind = types[name]
        plain = pa.array(values, kind.value_type).cast(kind) if name == "category" else pa.array(values, kind)
        tables[name] = pa.table({"n": pa.array(range(len(values)), pa.int64()), "value": plain})
    return tables


def _types() -> Mapping[str, Any]:
    import pyarrow as pa

    return {
        "int8": pa.int8(), "int64": pa.int64(), "uint64": pa.uint64(), "float32": pa.float32(),
        "float64": pa.float64(), "float64 with NaN": pa.float64(), "decimal": pa.decimal128(38, 9),
        "bool": pa.bool_(), "string": pa.string(), "string with NUL": pa.string(), "wide string": pa.string(),
        "date": pa.date32(), "time": pa.time64("us"), "naive timestamp": pa.timestamp("us"),
        "UTC timestamp": pa.timestamp("us", tz="UTC"), "zoned timestamp": pa.timestamp("us", tz=_ZONE),
        "duration": pa.duration("us"), "bytes": pa.binary(), "list": pa.list_(pa.int64()),
        "struct": pa.struct([("n", pa.int64()), ("s", pa.string())]),
        "nested": pa.list_(pa.struct([("n", pa.list_(pa.int64()))])),
        "category": pa.dictionary(pa.int32(), pa.string()), "all null": pa.null(), "null strings": pa.string(),
        "no rows": pa.string(),
    }  # fmt: skip


def lost(wrote: pa.Table, read: pa.Table) -> str | None:
    """What a round trip changed, in a sentence; None where values and kinds of types are the same.

    A type may come back wider (int8 as int64) or plain (a category as its text); the instants of aware timestamps
    count, not the name of their zone.
    """
    if wrote.column_names != read.column_names:
        return f"columns {wrote.column_names} came back as {read.column_names}"
    for name in wrote.column_names:
        before, after = wrote.column(name), read.column(name)
        if _family(before.type) not in (_family(after.type), "null"):
            return f"{name}: {before.type} came back as {after.type}"
        if [_comparable(value) for value in before.to_pylist()] != [_comparable(value) for value in after.to_pylist()]:
            return f"{name}: {_short(before.to_pylist())} came back as {_short(after.to_pylist())}"
    return None


def _family(kind: Any) -> str:
    import pyarrow as pa

    is_type = pa.types
    if is_type.is_dictionary(kind):
        return _family(kind.value_type)
    if is_type.is_timestamp(kind):
        return "instant" if kind.tz else "timestamp"
    if is_type.is_list(kind) or is_type.is_large_list(kind):
        return f"list of {_family(kind.value_type)}"
    families = {
        "integer": is_type.is_integer, "float": is_type.is_floating, "decimal": is_type.is_decimal,
        "bool": is_type.is_boolean, "string": lambda k: is_type.is_string(k) or is_type.is_large_string(k),
        "bytes": lambda k: is_type.is_binary(k) or is_type.is_large_binary(k), "date": is_type.is_date,
        "time": is_type.is_time, "duration": is_type.is_duration, "struct": is_type.is_struct, "null": is_type.is_null,
    }  # fmt: skip
    return next((family for family, fits in families.items() if fits(kind)), str(kind))


def _comparable(value: object) -> object:
    """A value whose equality means sameness: NaN equals itself, 1 is not 1.0; -0.0 is 0.0, as SQL has it."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return ("instant", value.astimezone(UTC).replace(tzinfo=None))
    if isinstance(value, float):
        return ("float", repr(value + 0.0))
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    return (type(value).__name__, value)


def _short(values: Sequence[object]) -> str:
    text = repr(values)
    return text if len(text) < 200 else text[:200] + "…"
