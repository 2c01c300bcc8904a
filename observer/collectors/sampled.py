"""What a sample says that was brought here: quartiles, and how values are spread."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from observer.collectors.bringing import each, is_wordy
from observer.collectors.compiled import PICKS, Compiled, Question
from observer.collectors.distribution import at_ranks, few_rate, numbers, numbers_at, of_numbers, of_words
from observer.collectors.field import Field
from observer.collectors.kept import Answers
from observer.collectors.relation import Relation
from observer.collectors.scan import Measured
from observer.collectors.tabular import first_line
from observer.metrics import RANKS, ColumnKind
from observer.model import Accuracy, AccuracyKind, Distribution

if TYPE_CHECKING:
    import pyarrow as pa

    from observer.collectors.distribution import Floats

    Brought = Mapping[Field, tuple[pa.Array | Exception, float]]

_SHARES = tuple(RANKS.values())


def look(relation: Relation, asked: Compiled, answers: Sequence[Answers], kept: Collection[str]) -> list[Distribution]:
    """Add quartiles to the answers, and return how the values of the columns ``kept`` are spread."""
    spread: list[Distribution] = []
    found = _brought(relation, asked)
    for field, answer in zip(relation.fields, answers, strict=True):
        answer.pop(PICKS, None)
        if field not in found:
            continue
        values, rate = found[field]
        accuracy = Accuracy(AccuracyKind.SAMPLED, rate)
        if isinstance(values, Exception):
            answer |= _untold(values, accuracy) if field.kind is ColumnKind.NUMBER else {}
        elif is_wordy(field):
            spread.append(of_words(field, values, rate))
        elif field.name in kept:
            ordered = numbers(values)
            spread.append(of_numbers(field.name, ordered, len(ordered), rate))
            at = at_ranks(ordered, _SHARES) if len(ordered) else ordered
            answer |= _quartiles(at, accuracy) if field.kind is ColumnKind.NUMBER else {}
        else:
            answer |= _quartiles(numbers_at(values, _SHARES), accuracy)
    return spread


def _brought(relation: Relation, asked: Compiled) -> Brought:
    """By field, its values and which share of all they are: picked by the statement over all rows, or taken now."""
    few = few_rate(relation.rows, len(relation.fields))
    found: dict[Field, tuple[pa.Array | Exception, float]] = {}
    for field in asked.near:
        array = relation.brought(field)
        if array is not None:
            found[field] = (array, few if is_wordy(field) else asked.rate)
    for rate, wordy in ((asked.rate, False), (few, True)):
        left = [field for field in asked.near if field not in found and is_wordy(field) is wordy]
        found |= {field: (taken, rate) for field, taken in zip(left, each(relation, rate, left), strict=True)}
    return found


def _quartiles(at: Floats, accuracy: Accuracy) -> Answers:
    question = Question(tuple(RANKS), "", accuracy)
    found = at.tolist() or [None] * len(RANKS)
    return {name: (question, Measured(value)) for name, value in zip(RANKS, found, strict=True)}


def _untold(error: Exception, accuracy: Accuracy) -> Answers:
    why = Measured(None, f"no sample could be taken: {first_line(error)}")
    return dict.fromkeys(RANKS, (Question(tuple(RANKS), "", accuracy), why))
