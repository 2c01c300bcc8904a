"""What people said of the versions of an asset, and which of it counts. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from observer.feedback import in_force
from observer.model import Feedback
from observer.reads.model import SaidRow
from observer.recurrence import Recurrence

_MOST = 60


def rows(given: Sequence[Feedback]) -> tuple[SaidRow, ...]:
    """The newest words first."""
    counting = {one.id for one in in_force(given)}
    by_id = {one.id: one for one in given}
    return tuple(
        SaidRow(
            number=one.id, at=one.at, data_at=one.data_at, partition=one.partition, subject=one.subject,
            said=in_words(one, by_id.get(one.undoes or -1)), by=one.by, reason=one.reason, counts=one.id in counting,
        )
        for one in sorted(given, key=lambda one: one.id, reverse=True)[:_MOST]
    )  # fmt: skip


def in_words(one: Feedback, undone: Feedback | None = None) -> str:
    """``expected-once``, ``recurring every week``, ``takes the word of ana back``."""
    if one.kind is None:
        return "takes a word back" if undone is None else f"takes the word of {undone.by} back"
    return one.kind.value if one.every is None or one.day is None else f"recurring {Recurrence.of(one.every, one.day)}"
