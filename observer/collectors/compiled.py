"""The profile compiler: what is asked of an engine, in as few statements as it takes.

One statement asks for everything that isn't known without it. On a big table, metrics that would cost more than all
others together are told from a sample: it is brought here by the same statement where the engine can pick rows on its
way, else it is asked in a second one; a distinct count that a sample can't tell is then counted over every n-th value.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

from observer.collectors.bringing import is_wordy
from observer.collectors.dialect import DIALECTS, DUCKDB, MARKED, MOMENTS, QUARTILES, Dialect
from observer.collectors.distribution import PIECES, few_rate
from observer.collectors.field import Field
from observer.collectors.keeping import NOTHING, Keeping
from observer.collectors.known import UNKNOWN, Known
from observer.collectors.relation import Relation
from observer.collectors.scan import BATCH
from observer.metrics import METRICS, ColumnKind, Level
from observer.model import EXACT, Accuracy, AccuracyKind, ProfilePolicy

SPREAD = "spread"
"""What asks how values are spread instead of for a metric."""

PICKS = "picks"
"""What brings values of picked rows here instead of asking for a metric."""

SAMPLE_ROWS = 50_000
"""Rows of a sample: the rank of a median is then right to within 0.22 % (rms), sqrt(1/4 / rows)."""

_SAMPLE_CELLS = 2_000_000
_LEAST_ROWS = 5_000  # of a wide table: 0.7 %
_KEPT = 1_000  # distinct values, so that their count is right to within 3.2 % (rms), 1 / sqrt(kept)
FEW = 0.05
"""Distinct values as a share of a sample's: with no more it has met nearly all there are."""


_MANY_ROWS = 20_000  # below, asking twice costs more than a division a row

VALUES = "values"
"""How many values a column has: what rates are shares of, and nulls are the rest to."""

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
    """What is asked about each field: of all rows, and of a sample of them.

    ``told`` is what needs no asking, by metric; ``rate`` is the sample's, which is brought here of the ``near`` fields.
    """

    fields: tuple[Field, ...]
    told: tuple[Mapping[str, float], ...]
    full: tuple[tuple[Question, ...], ...]
    sampled: tuple[tuple[Question, ...], ...]
    rate: float
    near: tuple[Field, ...] = ()


def compiled(
    relation: Relation,
    policy: ProfilePolicy,
    fields: Sequence[Field] | None = None,
    *,
    swift: bool = True,
    keeping: Keeping = NOTHING,
) -> Compiled:
    """Compile the catalogue's column metrics for a relation's engine and size, of all its fields or some.

    ``swift``: columns may be read as they are, though NaN is no null then, what is known of them be believed, and those
    of a big table be added up in a way that hides a small spread; the moments tell where it was so, and the column is
    asked for again without.
    """
    fields = relation.fields if fields is None else fields
    rate = 1.0 if policy.exact else sample_rate(relation.rows, len(relation.fields))
    later = _later(relation, policy)
    dear = relation.dialect.dear if rate < 1 else frozenset[str]()
    believed = dict(zip(relation.fields, relation.known(), strict=True)) if swift else {}
    read = [_read(relation, field) if swift else field for field in fields]
    near = [field for field in fields if _is_near(field, keeping)] if dear and relation.brings else []
    picks = _picks(relation, fields, near, rate) if swift and relation.picks else {}
    adds = swift and relation.rows >= _MANY_ROWS
    told, full, sampled = [], [], []
    for field, asked in zip(fields, read, strict=True):
        names = _ASKED_OF[relation.dialect.name][field.kind]
        known = believed.get(field, UNKNOWN)
        told.append(known.metrics())
        questions = [] if VALUES in told[-1] else [Question((VALUES,), f"count({asked.sql})")]
        for name in names:
            if name in dear or name in later[field.kind] or told[-1].keys() >= set(_TOGETHER.get(name, (name,))):
                continue
            roughly = name == "distinct_count" and bool(later[field.kind])  # to know how to count them
            exact = policy.exact and not roughly
            questions.append(_question(relation, asked, name, exact, known if adds else None))
        if field.name in keeping.sketches and not policy.exact:
            questions = [_sketch(relation, asked, question) for question in questions]
        if field in picks:
            questions.append(Question((PICKS,), picks[field]))
        full.append(tuple(questions))
        asks = bool(dear) and not relation.brings
        sampled.append(_of_sample(relation, field, rate, keeping) if asks else ())
    return Compiled(tuple(fields), tuple(told), tuple(full), tuple(sampled), rate, tuple(near))


def _later(relation: Relation, policy: ProfilePolicy) -> Mapping[ColumnKind, Collection[str]]:
    """What is left to ``exact``, by kind."""
    if not is_closer(relation, policy):
        return dict.fromkeys(ColumnKind, ())
    return {kind: (QUARTILES,) if kind is ColumnKind.NUMBER else ("distinct_count",) for kind in ColumnKind}


def is_closer(relation: Relation, policy: ProfilePolicy) -> bool:
    """Whether exact distinct counts and quartiles are asked for column by column, after everything else."""
    return policy.exact and bool(relation.dialect.grouped) and relation.rows >= _MANY_ROWS


def _read(relation: Relation, field: Field) -> Field:
    return field.bare if relation.dialect.reads_bare and field.type in _MAY_BE_NAN else field


def _is_near(field: Field, keeping: Keeping) -> bool:
    return field.kind is ColumnKind.NUMBER or (field.kind is not ColumnKind.OTHER and field.name in keeping.points)


def _picks(relation: Relation, fields: Sequence[Field], near: Collection[Field], rate: float) -> Mapping[Field, str]:
    """By the first of the fields that share a statement, what picks rows for all of them."""
    packs: dict[tuple[int, bool], list[Field]] = {}
    wanted = set(near)
    for at, field in enumerate(fields):
        if field in wanted:
            packs.setdefault(((at + 1) // BATCH, is_wordy(field)), []).append(field)  # the first group is the rows'
    few = few_rate(relation.rows, len(relation.fields))
    lists = relation.pick(rate, few, list(packs.values())) if packs else []
    return {pack[0]: expression for pack, expression in zip(packs.values(), lists, strict=True)}


def sample_rate(rows: int, columns: int) -> float:
    """Which share of the rows is looked at for what is dear; 1 where all of them cost little.

    Examples
    --------
    >>> sample_rate(40_000, 20), sample_rate(10_000_000, 20), sample_rate(100_000, 1000)
    (1.0, 0.005, 0.05)
    """
    wanted = min(SAMPLE_ROWS, max(_LEAST_ROWS, _SAMPLE_CELLS // max(columns, 1)))
    return 1.0 if rows <= wanted else round(wanted / rows, 6) or 1e-6


def _question(relation: Relation, field: Field, name: str, exact: bool, known: Known | None = None) -> Question:
    """``known`` is given where the swift form will do."""
    accuracy = EXACT if exact else relation.dialect.accuracy(name)
    expression = relation.metric(name, field, exact=exact, known=known)
    return Question(_TOGETHER.get(name, (name,)), expression, accuracy)


def _sketch(relation: Relation, field: Field, question: Question) -> Question:
    expression = relation.sketch(field) if question.metrics == ("distinct_count",) else None
    return question if expression is None else replace(question, expression=expression, is_sketch=True)


def _of_sample(relation: Relation, field: Field, rate: float, keeping: Keeping) -> tuple[Question, ...]:
    """What is dear, and how the values are spread: the quartiles are among those at ranks."""
    dialect, taken = relation.dialect, Accuracy(AccuracyKind.SAMPLED, rate)
    names = [name for name in _ASKED_OF[dialect.name][field.kind] if name in dialect.dear]
    asked = [replace(_question(relation, field, name, exact=False), accuracy=taken) for name in names]
    template = dialect.spread.get(field.kind) if field.name in keeping.points else None
    if template is None:
        return tuple(asked)
    shares = ", ".join(str(n / PIECES) for n in range(PIECES + 1))
    few = few_rate(relation.rows, len(relation.fields)) if MARKED in template else rate
    points = Question((SPREAD,), template.format(c=field.sql, shares=shares), Accuracy(AccuracyKind.SAMPLED, few))
    return (*(question for question in asked if question.metrics != _TOGETHER[QUARTILES]), points)


@dataclass(frozen=True, slots=True)
class Thinned:
    """How to count distinct values by some of them: those of which ``condition`` is true, a ``share`` of all."""

    question: Question
    condition: str
    share: float


def thinned(relation: Relation, field: Field, distinct: float, rows: float) -> Thinned | None:
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
    condition = f"{hashed} & {parts - 1} = 0"
    expression = f"{parts} * {template.format(c=field.sql, condition=condition)}"
    error = sqrt((parts - 1) / distinct)
    accuracy = Accuracy(AccuracyKind.APPROXIMATE, error) if error else EXACT
    return Thinned(Question(("distinct_count",), expression, accuracy), condition, 1 / parts)
