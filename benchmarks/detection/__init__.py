"""What the detectors find, and what they flag in vain, on the labelled public series of the evaluation kit."""

from benchmarks.detection.kit import measure

__all__ = ["measure"]
