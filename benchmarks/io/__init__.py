"""Data in and out: ours beside the library's own bare calls."""

from benchmarks.io.compare import measure

__all__ = ["measure"]
