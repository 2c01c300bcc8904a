"""The service: `tidegate dev` on ten assets, as soon and as large as it is; ticks over 5,000 assets; what it bears."""

from benchmarks.figures import Figure
from benchmarks.service import dev
from benchmarks.service.load import load
from benchmarks.service.ticks import ticks

__all__ = ["measure"]


def measure() -> list[Figure]:
    """All figures of the service; about three minutes."""
    return [*dev.measure(), *ticks(), *load()]
