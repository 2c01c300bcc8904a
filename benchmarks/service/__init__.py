"""The service: `tidegate dev` on ten assets, as soon and as large as it is; a tick of the scheduler over 5,000."""

from benchmarks.figures import Figure
from benchmarks.service import dev
from benchmarks.service.ticks import ticks

__all__ = ["measure"]


def measure() -> list[Figure]:
    """All figures of the service; about two minutes."""
    return [*dev.measure(), *ticks()]
