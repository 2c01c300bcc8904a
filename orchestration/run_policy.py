"""How an asset is run: how often it is tried, what it may take, whom it shares with."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orchestration.errors import DefinitionError

_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(kB|MB|GB|TB)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DOUBLINGS = 60  # more would be beyond every ceiling, and at last beyond floats
_BYTES = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}

NEVER_AGAIN = frozenset({"NoWorker", "Unsatisfiable", "Unpicklable", "Cancelled", "NothingReturned"})
"""Failures that trying again doesn't mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPolicy:
    """How the steps of an asset are run.

    Parameters
    ----------
    retries:
        How often a failed step is tried again, 0 or more.
    retry_on:
        Names of exception classes, base classes included, after which it is tried again; empty: after any failure.
        Also ``"TimedOut"``, ``"OutOfMemory"`` and ``"WorkerLost"``.
    backoff, longest_backoff:
        The wait before the first retry, doubled for each one after it, and its ceiling: ``"1s"``, ``"5m"``. A fifth
        more or less is drawn by lot, so that many steps don't come back at once.
    timeout, memory:
        What a try may take: ``"10m"`` of wall clock, ``"2GB"`` of resident memory. It is then performed in a process
        of its own, which is killed when it takes more.
    pool:
        A name; the environment's ``pools`` say how many steps of one pool run at once, and of one tag of assets.
    priority:
        Of the steps that could run, those of higher priority run first.
    batch:
        How many partitions one call may make, 1 or more. Above 1 the function is given ``context.partition_keys`` and
        returns ``{key: data}``, or yields pairs of a key and its data; each partition is judged by itself.
    resources:
        Tags that a worker must offer, with how much of each: ``{"gpu": 1}``.

    Raises
    ------
    DefinitionError
        A length of time, a size or a number that can't be.
    """

    retries: int = 0
    retry_on: Sequence[str] = ()
    backoff: str = "1s"
    longest_backoff: str = "5m"
    timeout: str | None = None
    memory: str | None = None
    pool: str | None = None
    priority: int = 0
    batch: int = 1
    resources: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.retries, bool) or not isinstance(self.retries, int) or self.retries < 0:
            raise DefinitionError(f"retries={self.retries!r}: write how often to try again, 0 or more")
        if isinstance(self.retry_on, str):
            raise DefinitionError(f"retry_on={self.retry_on!r}: write a tuple of names, ({self.retry_on!r},)")
        names: Sequence[object] = self.retry_on  # classes would never match
        for name in names:
            if not isinstance(name, str):
                said = f"{name.__name__!r}" if isinstance(name, type) else "'ConnectionError'"
                raise DefinitionError(f"retry_on={self.retry_on!r}: write names in place of classes, ({said},)")
        if isinstance(self.priority, bool) or not isinstance(self.priority, int):
            raise DefinitionError(f"priority={self.priority!r}: write a whole number; the higher runs first")
        if isinstance(self.batch, bool) or not isinstance(self.batch, int) or self.batch < 1:
            raise DefinitionError(f"batch={self.batch!r}: write how many partitions one call may make, 1 or more")
        for tag, amount in self.resources.items():
            if isinstance(amount, bool) or not isinstance(amount, int | float) or amount <= 0:
                raise DefinitionError(f"resources: {tag} is a number above 0, not {amount!r}")
        for text in (self.backoff, self.longest_backoff, self.timeout):
            if text is not None:
                seconds(text)
        if self.memory is not None:
            size(self.memory)
        if self.timeout_s == 0 or self.memory_bytes == 0:
            raise DefinitionError(f"timeout={self.timeout!r}, memory={self.memory!r}: nothing could be done within 0")

    @property
    def timeout_s(self) -> float | None:
        return None if self.timeout is None else seconds(self.timeout)

    @property
    def memory_bytes(self) -> int | None:
        return None if self.memory is None else size(self.memory)

    def tries_again(self, attempt: int, kinds: tuple[str, ...]) -> bool:
        """Whether a step whose try number ``attempt`` (from 1) failed by ``kinds`` is tried again."""
        if attempt > self.retries or NEVER_AGAIN & set(kinds):
            return False
        return not self.retry_on or bool(set(self.retry_on) & set(kinds))

    def wait_s(self, attempt: int, chance: random.Random) -> float:
        """Seconds to wait after try number ``attempt`` (from 1)."""
        plain = min(seconds(self.backoff) * 2.0 ** min(attempt - 1, _DOUBLINGS), seconds(self.longest_backoff))
        return plain * chance.uniform(0.8, 1.2)


def seconds(text: str) -> float:
    """``500ms``, ``90s``, ``10m``, ``2h`` in seconds; raises DefinitionError.

    >>> seconds("10m")
    600.0
    """
    match = _LENGTH.fullmatch(text.strip()) if isinstance(text, str) else None
    if not match:
        raise DefinitionError(f"{text!r} isn't a length of time; write 500ms, 90s, 10m or 2h")
    return float(match[1]) * _SECONDS[match[2]]


def size(text: str) -> int:
    """``500MB``, ``2GB`` in bytes; raises DefinitionError.

    >>> size("2GB")
    2000000000
    """
    match = _SIZE.fullmatch(text.strip()) if isinstance(text, str) else None
    if not match:
        raise DefinitionError(f"{text!r} isn't a size; write 500MB or 2GB")
    return int(float(match[1]) * _BYTES[match[2]])
