"""Profiling: ours beside the bare statement, the scan's limit, and the peers."""

from benchmarks.profile.compare import measure

__all__ = ["measure"]
