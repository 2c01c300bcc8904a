"""The profile compiler: what is asked of an engine, in as few statements as it takes.

One statement asks for everything. On a big table, metrics that would cost more than all others together are left out
of it and asked of a sample; a distinct count that a sample can't tell is then counted over every n-th value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt

from observer.collectors.dialect import DIALECTS, DUCKDB, MOMENTS, QUARTILES, Dialect
from observer.collectors.distribution import PIECES, ROWS
from observer.collectors.keeping import NOTHING, Keeping
from observer.collectors.relation import Field, Relation
from observer.metrics import METRICS, ColumnKind, Level
from observer.model import EXACT, Accuracy, AccuracyKind, ProfilePolicy

POINTS = "points"
"""What asks for values to keep instead of a metric."""

SAMPLE_ROWS = 50_000
"""Rows of a sample: the rank of a median is then right to within 0.22 % (rms), sqrt(1/4 / rows)."""

_SAMPLE_CELLS = 2_000_000
_LEAST_ROWS = 10_000  # of a wide table: 0.5 %
_KEPT = 1_000  # distinct values, so that their count is right to within 3.2 % (rms), 1 / sqrt(kept)
FEW = 0.05
"""Distinct values as a share of a sample's: with no more it has met nearly all there are."""


_MANY_ROWS = 20_000  # below, asking twice costs more than a division a row

_MAY_BE_NAN = ("FLOAT", "DOUBLE")
_TOGETHER = {MOMENTS: ("mean", "std"), QUARTILES: ("q25", "median", "q75")}


def _asked_of(dialect: Dialect, kind: ColumnKind) -> tuple[str, ...]:
    """What a dialect spells for the metrics of a kind of columns; nulls are counted anyway."""
    names = [line.name for line in METRICS.values() if line.level is Level.COLUMN and kind in line.columns]
    together = [name for name, parts in _TOGETHER.items() if name in dialect.metrics and set(parts) <= set(names)]
    return (*(name for name in names if name in dialect.metrics), *together)


_ASKED_OF = {
    dialect.name: {kind: _asked_of(dialect, kind) for kind in ColumnKind} for dialect in (DUCKDB, *DIALECTS.values())
}


@dataclass(frozen=True, slots=True)
class Question:
    """What a statement is asked for: the number of one metric, or those of several as a list."""

    metrics: tuple[str, ...]
    expression: str
    accuracy: Accuracy = EXACT
    is_sketch: bool = False  # the number is what it estimates


@dataclass(frozen=True, slots=True)
class Compiled:
    """What is asked: by field of the relation, of all rows and of a sample of them; ``rate`` is the sample's.

    ``fields`` are how the first statement calls them, bare or not.
    """

    fields: tuple[Field, ...]
    full: tuple[tuple[Question, ...], ...]
    sampled: tuple[tuple[Question, ...], ...]
    rate: float


def compiled(relation: Relation, policy: ProfilePolicy, *, swift: bool = True, keeping: Keeping = NOTHING) -> Compiled:
    """Compile the catalogue's column metrics for a relation's engine and size.

    ``swift``: columns may be read as they are, though NaN is no null then, and those of a big table be added up in a
    way that hides a small spread; the moments tell where it was so, and the column is asked for again without.
    """
    adds = swift and relation.rows >= _MANY_ROWS
    rate = 1.0 if policy.exact else sample_rate(relation.rows, len(relation.fields))
    dear = relation.dialect.dear if rate < 1 else frozenset[str]()
    taken = Accuracy(AccuracyKind.SAMPLED, rate)
    fields, full, sampled = [], [], []
    for field in relation.fields:
        names = _ASKED_OF[relation.dialect.name][field.kind]
        asked = field.bare if swift and relation.dialect.reads_bare and field.type in _MAY_BE_NAN else field
        fields.append(asked)
        questions = (_question(relation, asked, name, policy.exact, adds) for name in names if name not in dear)
        keeps = field.name in keeping.sketches and not policy.exact
        full.append(tuple(_sketch(relation, asked, each) if keeps else each for each in questions))
        part = [_question(relation, field, name, policy.exact) for name in names if name in dear]
        if QUARTILES in names and QUARTILES in dear and field.name in keeping.points:
            part = _with_points(relation, field, part, rate)
        sampled.append(tuple(replace(question, accuracy=taken) for question in part))
    return Compiled(tuple(fields), tuple(full), tuple(sampled), rate)


def sample_rate(rows: int, columns: int) -> float:
    """Which share of the rows is looked at for what is dear; 1 where all of them cost little.

    Examples
    --------
    >>> sample_rate(40_000, 20), sample_rate(10_000_000, 20), sample_rate(100_000, 1000)
    (1.0, 0.005, 0.1)
    """
    wanted = min(SAMPLE_ROWS, max(_LEAST_ROWS, _SAMPLE_CELLS // max(columns, 1)))
    return 1.0 if rows <= wanted else round(wanted / rows, 6) or 1e-6


def _question(relation: Relation, field: Field, name: str, exact: bool, swift: bool = False) -> Question:
    accuracy = EXACT if exact else relation.dialect.accuracy(name)
    return Question(_TOGETHER.get(name, (name,)), relation.metric(name, field, exact=exact, swift=swift), accuracy)


def _sketch(relation: Relation, field: Field, question: Question) -> Question:
    expression = relation.sketch(field) if question.metrics == ("distinct_count",) else None
    return question if expression is None else replace(question, expression=expression, is_sketch=True)


def _with_points(relation: Relation, field: Field, asked: list[Question], rate: float) -> list[Question]:
    """Also values of the sample, as many as distributions rest on; or those at their ranks, quartiles among them."""
    template = relation.dialect.points
    if template is None:
        return asked
    step, shares = max(1, round(relation.rows * rate / ROWS)), ", ".join(str(n / PIECES) for n in range(PIECES + 1))
    points = Question((POINTS,), template.format(c=field.sql, step=step, shares=shares))
    if relation.dialect.thins_points:
        return [*asked, points]
    return [points if question.metrics == _TOGETHER[QUARTILES] else question for question in asked]


def thinned(relation: Relation, field: Field, distinct: float, rows: float) -> Question | None:
    """How to count distinct values where the sample met ``distinct`` of them in ``rows``; None where it met nearly all.

    All values of a 1 / 2^n of the hashes are counted, over all rows: n is such that enough of them are kept. The
    count has to be multiplied by ``mask + 1``; the expression does.
    """
    template = relation.dialect.thinned
    if template is None or relation.is_part or distinct <= rows * FEW:
        return None
    parts = 1 << max(0, int(distinct / _KEPT).bit_length() - 1)
    hashes = relation.dialect.hashes
    hashed = hashes.get(field.type, hashes[""]).format(c=field.sql)
    expression = f"{parts} * {template.format(c=field.sql, hash=hashed, mask=parts - 1)}"
    error = sqrt((parts - 1) / distinct)
    return Question(("distinct_count",), expression, Accuracy(AccuracyKind.APPROXIMATE, error) if error else EXACT)
