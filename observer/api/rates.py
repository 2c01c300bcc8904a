"""How often a caller may ask: a bucket for each, which fills again as time goes by (Turner, 1986)."""

from __future__ import annotations

import time
from collections import OrderedDict

PER_S, BURST = 300.0, 900.0
"""What a token may ask for, in the long run and at once."""
FAILURES_PER_S, FAILURES_BURST = 1.0, 30.0
"""How often an address may show a token that opens nothing."""
_MOST = 10_000


class Buckets:
    """Buckets by name; the one that was used longest ago makes room for a new one.

    Parameters
    ----------
    per_s: how fast each fills.
    burst: how much it holds.
    """

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s, self._burst = per_s, burst
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, name: str, *, take: float = 1.0) -> float:
        """Take from a bucket; returns 0, or in how many seconds there will be enough."""
        now = time.monotonic()
        left, at = self._left.pop(name, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_s)
        enough = left >= take
        self._left[name] = (left - take if enough else left, now)
        if len(self._left) > _MOST:
            self._left.popitem(last=False)
        return 0.0 if enough else (take - left) / self._per_s
