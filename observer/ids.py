"""The ids of runs and versions."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from orchestration.clock import Clock

_RANDOM_BYTES = 5


class Ids:
    """Gives ids that say when they were given: ``20130208-063000-`` and 40 random bits. Safe in several threads.

    The instant is written once a second: to write it takes longer than to read the clock and draw.
    """

    def __init__(self, clock: Clock) -> None:
        self._now = clock.now
        self._last = (datetime.min.replace(tzinfo=UTC), "")

    def __call__(self) -> str:
        second, written = self._now().replace(microsecond=0), self._last
        if written[0] != second:
            self._last = written = second, f"{second:%Y%m%d-%H%M%S}"
        return f"{written[1]}-{os.urandom(_RANDOM_BYTES).hex()}"
