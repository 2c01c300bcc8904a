"""The history store: points in by the product's own ``save``, series out by its ``load``."""

from benchmarks.store.compare import measure

__all__ = ["measure"]
