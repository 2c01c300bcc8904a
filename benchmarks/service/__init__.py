"""`tidegate dev` on ten assets: how soon it answers, what memory it takes, one run asked for over HTTP."""

from benchmarks.service.dev import measure

__all__ = ["measure"]
