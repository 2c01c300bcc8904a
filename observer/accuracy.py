"""How near to the truth a number is, as it is stored and as people read it."""

from __future__ import annotations

from observer.model import EXACT, Accuracy, AccuracyKind
from observer.quantities import quantity

_KINDS = {"a": AccuracyKind.APPROXIMATE, "s": AccuracyKind.SAMPLED}


def stored(accuracy: Accuracy) -> str | None:
    """As the column ``observations.accuracy`` holds it: nothing for what is exact, which most numbers are.

    >>> stored(Accuracy(AccuracyKind.SAMPLED, 0.05)), stored(EXACT)
    ('s0.05', None)
    """
    return None if accuracy.kind is AccuracyKind.EXACT else f"{accuracy.kind.value[0]}{accuracy.amount:.4g}"


def read(text: str | None) -> Accuracy:
    """What ``stored`` wrote.

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
