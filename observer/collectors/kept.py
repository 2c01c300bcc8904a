"""What stays of a part of the data beside its numbers, taken out of what its columns' questions gave."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from observer.collectors.bringing import is_wordy
from observer.collectors.compiled import SPREAD, Question
from observer.collectors.distribution import of_counts, of_numbers, ordered
from observer.collectors.hyperloglog import estimate
from observer.collectors.relation import Relation
from observer.collectors.scan import Measured
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


def distributions(relation: Relation, answers: Sequence[Answers]) -> list[Distribution]:
    """How values are spread, as the engine told; the quartiles are among the values at ranks."""
    spread: list[Distribution] = []
    for one, found in zip(relation.fields, answers, strict=True):
        asked, seen = found.pop(SPREAD, _NOTHING)
        if seen is _NOTHING[1]:
            continue
        listed = json.loads(seen.value) if isinstance(seen.value, str) else []
        if is_wordy(one):
            words = Counter(word for word in listed if word is not None)
            told = of_counts(one.name, words.items(), asked.accuracy.amount)
        else:
            *points, looked_at = listed or [0]
            told = of_numbers(one.name, ordered(points), int(looked_at), asked.accuracy.amount)
            if one.kind is ColumnKind.NUMBER:
                found |= {name: (asked, _placed(seen, points, at)) for name, at in RANKS.items()}
        if seen.reason is None:
            spread.append(told)
    return spread


def _placed(seen: Measured, points: Sequence[float], share: float) -> Measured:
    """The point at a rank."""
    return replace(seen, value=points[round(share * (len(points) - 1))] if points else None)
