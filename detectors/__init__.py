"""Is this number surprising? Histories in, verdicts with calibrated p-values out; numbers only."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from detectors.errors import (
    ConformanceError,
    DetectorError,
    HistoryError,
    ParameterError,
    StateError,
    UnknownDetectorError,
)
from detectors.model import Cadence, Detection, DetectionStatus, Direction, History, MetricKind, Point

if TYPE_CHECKING:
    from detectors.adaptive import Adaptive
    from detectors.arrival import Arrival
    from detectors.base import Detector, State
    from detectors.calendar import Calendared
    from detectors.calibrate import DEFAULT_ALPHA
    from detectors.drift import Drift
    from detectors.effect import Effect
    from detectors.episodic import Episodic
    from detectors.fleet import FleetVerdicts, replay_many
    from detectors.registry import default_detector, default_detectors, detector, foremost
    from detectors.saved import restore_state, save_state
    from detectors.stuck import StuckValue
    from detectors.threshold import Threshold

_LATER = {
    "DEFAULT_ALPHA": "calibrate",
    "Adaptive": "adaptive",
    "Arrival": "arrival",
    "Calendared": "calendar",
    "Detector": "base",
    "State": "base",
    "Drift": "drift",
    "Effect": "effect",
    "Episodic": "episodic",
    "FleetVerdicts": "fleet",
    "StuckValue": "stuck",
    "Threshold": "threshold",
    "default_detector": "registry",
    "default_detectors": "registry",
    "detector": "registry",
    "foremost": "registry",
    "replay_many": "fleet",
    "restore_state": "saved",
    "save_state": "saved",
}

__all__ = [
    "Adaptive",
    "Arrival",
    "Cadence",
    "Calendared",
    "ConformanceError",
    "DEFAULT_ALPHA",
    "Detection",
    "DetectionStatus",
    "Detector",
    "DetectorError",
    "Direction",
    "Drift",
    "Effect",
    "Episodic",
    "FleetVerdicts",
    "History",
    "HistoryError",
    "MetricKind",
    "ParameterError",
    "Point",
    "State",
    "StateError",
    "StuckValue",
    "Threshold",
    "UnknownDetectorError",
    "default_detector",
    "default_detectors",
    "detector",
    "foremost",
    "replay_many",
    "restore_state",
    "save_state",
]


def __getattr__(name: str) -> object:
    """Import what is asked for when it is asked for (PEP 562)."""
    if name not in _LATER:
        raise AttributeError(f"module 'detectors' has no attribute {name!r}")
    return getattr(import_module(f"detectors.{_LATER[name]}"), name)
