"""Fifty built-in checks: ours beside one statement written by hand, and the peers."""

from benchmarks.checks.compare import measure

__all__ = ["measure"]
