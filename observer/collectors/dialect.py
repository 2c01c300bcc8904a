"""What databases spell differently: the metrics, NaN as null, and values in a text of SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from observer.collectors import sql
from observer.collectors.patterns import NotPlain, everywhere, in_python
from observer.metrics import ColumnKind
from observer.model import EXACT, Accuracy, AccuracyKind

QUARTILES = "quartiles"
"""Lower quartile, median and upper quartile in one aggregate, which gives a list of them, or its JSON."""

PICKED = "tidegate_picked"
"""Whether a row belongs to the sample, in statements over all rows of a relation that was asked to ``pick``."""

MARKED = "tidegate_marked"
"""Whether it also belongs to the smaller one that texts are told from, there and in statements over a sample."""

PACK = "tidegate_pack"
"""What the name of a struct of several columns begins with, in statements over all rows."""

MOMENTS = "moments"
"""Mean and standard deviation in one aggregate, which gives a list of them, or the state that they come from."""

LONGEST = 60
"""How many characters of a text are kept where it is one of the most frequent."""

_EVERYWHERE: Mapping[str, str] = {
    "zero_rate": "count(CASE WHEN {c} = 0 THEN 1 END)",
    "negative_rate": "count(CASE WHEN {c} < 0 THEN 1 END)",
    "true_rate": "count(CASE WHEN {c} THEN 1 END)",
    "min": "min({c})",
    "max": "max({c})",
    "mean": "avg({c})",
    "std": "stddev_samp({c})",
    "min_length": "min(length({c}))",
    "max_length": "max(length({c}))",
    "mean_length": "avg(length({c}))",
}
_DISTINCT = "count(DISTINCT {c})"

# From 16 on, PostgreSQL sorts all rows, whole, for the first of several such counts; not where a value may be volatile.
_UNSORTED = "random() < 2"

_TESTS = {"zero_rate": "= 0", "negative_rate": "< 0", "true_rate": ""}


def _percentile(share: float) -> str:
    return f"percentile_cont({share}) WITHIN GROUP (ORDER BY CAST({{c}} AS DOUBLE))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one engine is asked.

    Parameters
    ----------
    metrics: by the name of the catalogue (and ``QUARTILES``), an aggregate of ``{c}``; ``{s}`` stands for the rows of
        ``{c}``.
    exactly: the same for those of ``metrics`` that approximate, where exact numbers are asked for.
    grouped: the distinct count and ``{places}`` of the numbers ``{c}`` among ``{s}``, from groups of equal values ``v``
        and how many values lie ``upto`` them; "" where ``metrics`` and ``exactly`` do.
    dense: the distinct count of whole numbers ``{c}`` from ``{low}`` to ``{high}``, a bit each.
    swiftly: the same for those of ``metrics`` that have a form which costs less a row, but can't tell where there is a
        NaN, or hardly any spread: it then says so. ``{n}`` stands for the number of values of ``{c}``, ``{x}`` for a
        value as a float less ``{shift}``, which is near all of them where they lie close together, ``{width}`` for how
        far they lie apart, -1 where that isn't known.
    errors: the rms relative errors of those that approximate.
    dear: metrics that would cost more than all others together on a big table: they are taken from a sample.
    sample: the table ``{t}`` with a share of its rows, about ``{percent}`` of a hundred.
    few: whether one of them belongs to a ``{share}`` of the sample.
    thinned: distinct values of ``{c}``, of those only of which ``{condition}`` is true: n bits of their hash are zero;
        None where a distinct count isn't dear.
    hashes: by DuckDB's type, a hash of ``{c}``; "" of any other.
    registers: the state of a HyperLogLog over ``{c}``; None where the engine exports none.
    spread: by kind, over a sample: of numbers and instants ``{c}`` a list of the values at the ranks ``{shares}``, then
        how many there are; of texts and truths a list of them; nothing where that costs a statement of its own.
    reads_bare: whether ``MOMENTS`` tell that there is a NaN: then a column is first read as it is, which is cheaper,
        and as ``value`` says only where there is one.
    value: how a column of a DuckDB type is read, ``{c}`` standing for it; NaN as null, decimals as numbers.
    literal: a value as text of SQL.
    inexact: whether a type is kept as something else, which compares differently.
    hashed_key: a hash of 64 bits of several columns, ``{keys}`` standing for them, null like any value; "" where there
        is none.
    epoch: the instant or date ``{c}`` in seconds since 1970.
    matches: whether a text ``{c}`` has a part that matches a regular expression, ``{pattern}`` being its literal; ""
        where the engine can't tell.
    pattern: a regular expression of RE2, which is DuckDB's, in the engine's words; raises NotPlain where it may mean
        something else there.
    """

    name: str
    metrics: Mapping[str, str]
    value: Callable[[str], str]
    literal: Callable[[object], str]
    exactly: Mapping[str, str] = field(default_factory=dict)
    grouped: str = ""
    dense: str = ""
    swiftly: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, float] = field(default_factory=dict)
    dear: frozenset[str] = frozenset({QUARTILES})
    sample: str
    few: str = ""
    thinned: str | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    reads_bare: bool = False
    registers: str | None = None
    spread: Mapping[ColumnKind, str] = field(default_factory=dict)
    inexact: Callable[[str], bool] = lambda type_: False
    hashed_key: str = ""
    epoch: str
    matches: str = ""
    pattern: Callable[[str], str] = str

    def accuracy(self, metric: str) -> Accuracy:
        """What the number of ``metrics`` is worth."""
        error = self.errors.get(metric)
        return EXACT if error is None else Accuracy(AccuracyKind.APPROXIMATE, error)


def _not_nan(test: str) -> Callable[[str], str]:
    return lambda type_: f"CASE WHEN {test} THEN NULL ELSE {{c}} END" if type_ in ("FLOAT", "DOUBLE") else "{c}"


def _postgres_value(type_: str) -> str:
    if type_ == "VARCHAR":
        return "CAST({c} AS text)"  # whatever is read as its text is measured as its text
    return _not_nan("{c} = 'NaN'")(type_)


def _sqlite_value(type_: str) -> str:
    return "CAST({c} AS REAL)" if type_.startswith("DECIMAL") else "{c}"


def _is_text_in_sqlite(type_: str) -> bool:
    return type_.startswith(("DECIMAL", "DATE", "TIME"))


def _literal(value: object) -> str:
    value = sql.plain(value)
    if isinstance(value, float):
        sql.literal(value)  # refuses NaN
        return f"CAST('{value!r}' AS DOUBLE PRECISION)"
    return sql.literal(value)


def _snowflake_literal(value: object) -> str:
    text = _literal(value)
    return text.replace("\\", "\\\\") if isinstance(sql.plain(value), str) else text  # else it begins an escape


def _sqlite_literal(value: object) -> str:
    value = sql.plain(value)
    if isinstance(value, date | datetime | Decimal):
        raise NotPlain(f"SQLite keeps a {type(value).__name__} as a text")
    if isinstance(value, float):
        sql.literal(value)
        return repr(value).replace("inf", "9e999")
    return sql.literal(value)


DUCKDB = Dialect(
    name="duckdb",
    metrics={
        **{name: template for name, template in _EVERYWHERE.items() if name not in ("mean", "std")},
        "zero_rate": "count_if({c} = 0)",
        "negative_rate": "count_if({c} < 0)",
        "true_rate": "count_if({c})",
        MOMENTS: "stddev_samp({c}) EXPORT_STATE",  # which doesn't fail of infinite values, and of NaN makes a NaN
        QUARTILES: "quantile_cont(CAST({c} AS DOUBLE), [0.25, 0.5, 0.75])",
        "distinct_count": "approx_count_distinct({c})",
        "latest": "epoch(max({c}))",
    },
    sample="{t} TABLESAMPLE BERNOULLI ({percent}%) REPEATABLE (1)",
    few="hash(rowid) < {share} * 1.8446744073709552e19",
    exactly={"distinct_count": _DISTINCT},
    grouped="any_value((SELECT [CAST(count(*) AS DOUBLE), {places}] FROM"
    " (SELECT v, sum(n) OVER (ORDER BY v) AS upto FROM"
    " (SELECT CAST({c} AS DOUBLE) AS v, count(*) AS n FROM {s} WHERE {c} IS NOT NULL GROUP BY {c}))))",
    dense="bit_count(bitstring_agg({c}, {low}, {high}))",
    swiftly={  # without the division a row of the other
        MOMENTS: "{{'count': {n}, 'shift': {shift}, 'width': {width}, 'total': sum({x}), 'squares': sum({x} * {x})}}"
    },
    reads_bare=True,
    registers="approx_count_distinct({c}) EXPORT_STATE",
    spread={
        ColumnKind.NUMBER: "list_append(quantile_cont(CAST({c} AS DOUBLE), [{shares}]), CAST(count({c}) AS DOUBLE))",
        ColumnKind.TIME: "list_append(quantile_cont(epoch({c}), [{shares}]), CAST(count({c}) AS DOUBLE))",
        ColumnKind.TEXT: f"list(left(CAST({{c}} AS VARCHAR), {LONGEST + 1})) FILTER ({MARKED})",
        ColumnKind.BOOLEAN: f"list(CAST({{c}} AS VARCHAR)) FILTER ({MARKED})",
    },
    errors={"distinct_count": 0.033},  # a HyperLogLog of 2^10 registers
    hashed_key="hash({keys})",
    epoch="epoch({c})",
    matches="regexp_matches({c}, {pattern})",
    value=_not_nan("isnan({c})"),
    literal=sql.literal,
)

_DIALECTS = (
    DUCKDB,
    Dialect(
        name="postgresql",
        metrics={
            **_EVERYWHERE,
            **{name: f"count(*) FILTER (WHERE {{c}} {test})" for name, test in _TESTS.items()},  # a twelfth of it all
            "mean": "avg(CAST({c} AS DOUBLE PRECISION))",  # of whole numbers it would else be counted in decimals
            "std": "stddev_samp(CAST({c} AS DOUBLE PRECISION))",
            QUARTILES: "percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY {c})",
            "distinct_count": f"count(DISTINCT CASE WHEN {_UNSORTED} THEN {{c}} END)",
            "latest": "extract(epoch FROM max({c}))",
        },
        dear=frozenset({QUARTILES, "distinct_count"}),  # it sorts every column for each
        sample="{t} TABLESAMPLE BERNOULLI ({percent}) REPEATABLE (1) OFFSET 0",  # which marks each row once
        few="hashtid(ctid) & 1048575 < {share} * 1048576",
        spread={
            ColumnKind.NUMBER: "array_append(percentile_cont(ARRAY[{shares}]) WITHIN GROUP (ORDER BY {c}),"
            " CAST(count({c}) AS DOUBLE PRECISION))",
            ColumnKind.TIME: "array_append(percentile_cont(ARRAY[{shares}]) WITHIN GROUP (ORDER BY"
            f" CAST(extract(epoch FROM {{c}}) AS DOUBLE PRECISION)) FILTER (WHERE {MARKED}),"
            f" CAST(count({{c}}) FILTER (WHERE {MARKED}) AS DOUBLE PRECISION))",
            ColumnKind.TEXT: f"array_agg(left({{c}}, {LONGEST + 1})) FILTER (WHERE {MARKED})",
            ColumnKind.BOOLEAN: f"array_agg(CAST({{c}} AS text)) FILTER (WHERE {MARKED})",
        },
        reads_bare=True,
        thinned=f"count(DISTINCT CASE WHEN {{condition}} AND {_UNSORTED} THEN {{c}} END)",
        hashes={
            "BIGINT": "hashint8({c})",
            "INTEGER": "hashint4({c})",
            "DOUBLE": "hashfloat8({c})",
            "VARCHAR": "hashtext({c})",
            "TIMESTAMP": "timestamp_hash({c})",
            "TIMESTAMP WITH TIME ZONE": "timestamp_hash({c} AT TIME ZONE 'UTC')",
            "": "hashtext(CAST({c} AS text))",
        },
        value=_postgres_value,
        literal=_literal,
        epoch="extract(epoch FROM {c})",
        matches="{c} ~ {pattern}",
        pattern=everywhere,
    ),
    Dialect(
        name="sqlite",
        metrics={
            **_EVERYWHERE,
            QUARTILES: "tidegate_quartiles({c})",
            "distinct_count": _DISTINCT,
            "std": "tidegate_sqrt(sum(({c} - (SELECT avg({c}) FROM {s})) * ({c} - (SELECT avg({c}) FROM {s})))"
            " / nullif(count({c}) - 1, 0))",
            "latest": "tidegate_epoch(max({c}))",
        },
        sample="{t} WHERE rowid % 4294967296 * 2654435761 % 4294967296 < {percent} * 42949672.96",
        value=_sqlite_value,
        literal=_sqlite_literal,
        epoch="tidegate_epoch({c})",
        matches="tidegate_matches({c}, {pattern})",
        pattern=in_python,
        inexact=_is_text_in_sqlite,
    ),
    Dialect(
        name="snowflake",
        metrics={
            **_EVERYWHERE,
            QUARTILES: f"array_construct({', '.join(map(_percentile, (0.25, 0.5, 0.75)))})",
            "distinct_count": "approx_count_distinct({c})",
            "latest": "date_part(epoch_microsecond, max({c})) / 1000000",
        },
        exactly={"distinct_count": _DISTINCT},
        errors={"distinct_count": 0.0163},  # its manual's average
        sample="{t} SAMPLE BERNOULLI ({percent}) REPEATABLE (1)",
        value=_not_nan("{c} = 'NaN'::FLOAT"),
        literal=_snowflake_literal,
        epoch="date_part(epoch_microsecond, {c}) / 1000000",
        matches="regexp_instr({c}, {pattern}) > 0",
        pattern=everywhere,
    ),
)

DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in _DIALECTS}
"""Those that are asked where the data lies, by SQLAlchemy's name; data of any other is fetched."""


def where(condition: str, value: str = "1") -> str:
    """The argument of an aggregate over the rows where a condition holds, in any dialect."""
    return f"CASE WHEN {condition} THEN {value} END"


def as_text(expression: str) -> str:
    """An expression as text, in any dialect."""
    return f"CAST({expression} AS VARCHAR)"
