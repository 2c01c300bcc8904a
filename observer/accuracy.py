"""How near to the truth a number is, as it is stored and as people read it."""

from __future__ import annotations

from functools import lru_cache

from observer.model import EXACT, Accuracy, AccuracyKind
from observer.quantities import quantity

_KINDS = {"a": AccuracyKind.APPROXIMATE, "s": AccuracyKind.SAMPLED}


def stored(accuracy: Accuracy) -> str | None:
    """As the column ``observations.accuracy`` holds it: nothing for what is exact, which most numbers are.

    >>> stored(Accuracy(AccuracyKind.SAMPLED, 0.05)), stored(EXACT)
    ('s0.05', None)
    """
    return None if accuracy.kind is AccuracyKind.EXACT else f"{accuracy.kind.value[0]}{accuracy.amount:.4g}"


@lru_cache
def read(text: str | None) -> Accuracy:
    """What ``stored`` wrote; of one metric mostly the same again and again.

    >>> read("a0.033")
    Accuracy(kind=<AccuracyKind.APPROXIMATE: 'approximate'>, amount=0.033)
    """
    return EXACT if text is None else Accuracy(_KINDS[text[0]], float(text[1:]))


def in_words(accuracy: Accuracy) -> str:
    """As a reader is told; nothing of what is exact.

    >>> in_words(Accuracy(AccuracyKind.APPROXIMATE, 0.033)), in_words(Accuracy(AccuracyKind.SAMPLED, 0.005))
    ('approximate, to about 3.3 %', 'of a 0.5 % sample')
    """
    if accuracy.kind is AccuracyKind.EXACT:
        return ""
    amount = quantity(accuracy.amount, "rate")
    return f"of a {amount} sample" if accuracy.kind is AccuracyKind.SAMPLED else f"approximate, to about {amount}"


def seen_rate(accuracy: Accuracy) -> float:
    """The share of the rows that a number rests on, 0..1.

    >>> seen_rate(Accuracy(AccuracyKind.SAMPLED, 0.05)), seen_rate(EXACT)
    (0.05, 1.0)
    """
    return accuracy.amount if accuracy.kind is AccuracyKind.SAMPLED else 1.0


SAMPLES = "a number of rows of at least 1,000, or a share of them between 0 and 1"
"""What ``sample=`` of a profile takes."""


def is_sample(value: object) -> bool:
    """Whether ``sample=`` of a profile takes a value.

    >>> is_sample(100_000), is_sample(0.1), is_sample(1.0), is_sample(20), is_sample(True)
    (True, True, False, False, False)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value >= 1000 if isinstance(value, int) else 0 < value < 1
