"""What stays of a part of the data beside its numbers, taken out of what its columns' questions gave."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from observer.collectors.compiled import POINTS, Question
from observer.collectors.distribution import of_points
from observer.collectors.hyperloglog import estimate
from observer.collectors.relation import Relation
from observer.collectors.scan import Measured, number
from observer.collectors.sketches import Sketch, hasher
from observer.metrics import RANKS, ColumnKind
from observer.model import Distribution

_NOTHING = (Question((), ""), Measured(None))

Answers = dict[str, tuple[Question, Measured]]
"""What one column's questions gave, by metric."""


def sketches(relation: Relation, answers: Sequence[Answers]) -> dict[str, Sketch]:
    """The sketches among the answers, and in their stead what they estimate."""
    kept: dict[str, Sketch] = {}
    for one, found in zip(relation.fields, answers, strict=True):
        question, seen = found.get("distinct_count", _NOTHING)
        if question.is_sketch and isinstance(seen.value, str):
            registers = seen.value.encode("latin-1")
            kept[one.name] = Sketch(hasher(), "VARCHAR" if one.kind is ColumnKind.TEXT else one.type, registers)
            found["distinct_count"] = (question, Measured(estimate(registers)))
    return kept


def distributions(
    relation: Relation, counted: Sequence[Measured], answers: Sequence[Answers], rate: float
) -> tuple[Distribution, ...]:
    """How values are spread, from the points among the answers."""
    kept: list[Distribution] = []
    for one, count, found in zip(relation.fields, counted, answers, strict=True):
        (asked, seen), (values, _) = found.pop(POINTS, _NOTHING), number(count)
        points = _listed(seen)
        if not found.keys() & RANKS.keys() and seen is not _NOTHING[1]:
            found |= {name: (asked, _placed(seen, points, at)) for name, at in RANKS.items()}
        if values and points:
            looked_at = len(points) if relation.dialect.thins_points else max(1, round(values * rate))
            kept.append(of_points(one.name, points, looked_at, min(1.0, looked_at / values)))
    return tuple(kept)


def _placed(seen: Measured, points: Sequence[float], share: float) -> Measured:
    """The point at a rank."""
    return replace(seen, value=points[round(share * (len(points) - 1))] if points else None)


def _listed(seen: Measured) -> list[float]:
    """The numbers of a list without nulls; nothing where some are infinite, for which JSON has no words."""
    try:
        found = json.loads(seen.value.replace("NULL", "null")) if isinstance(seen.value, str) else []
    except ValueError:
        return []
    return [one for one in found if one is not None]
