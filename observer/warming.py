"""What the first reports and questions would wait for, done before the service says that it listens."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from observer.assets import quality_of
from observer.detection import detectors_of
from observer.faults import said
from observer.metrics import EFFECTS, SCHEMA
from orchestration.assets import Asset
from orchestration.external import is_external

if TYPE_CHECKING:
    from detectors.base import Detector
    from observer.project import Project

_POINTS, _DAY_S = 40, 86_400.0
"""Enough that a detector does all that it ever does."""
_ASSETS = 100
"""Whose detectors are tried: those of more are the same ones."""

_log = logging.getLogger("tidegate.service")


def warm(work: Project) -> None:
    """Where others report, and this process judges: load what judging takes, and ask the gate a first time.

    What goes wrong is left to whoever asks in earnest.
    """
    reported = list(islice((asset for asset in work.graph if is_external(asset)), _ASSETS))
    if not reported:
        return  # versions are judged where runs are walked, and need no room here
    try:
        _judge(reported)
        work.reads().gate(reported[0].key, None)
    except Exception as error:
        _log.info("nothing was done before the first question: %s", said(error))


def _judge(assets: list[Asset]) -> None:
    from detectors.model import History, Point

    past = History.of([n * _DAY_S for n in range(_POINTS)], [1.0 + n % 3 for n in range(_POINTS)])
    for one in {repr(each): each for asset in assets for each in _detectors(asset)}.values():
        one.detect(past, Point(_POINTS * _DAY_S, 2.0), alpha=0.01)


def _detectors(asset: Asset) -> Iterator[Detector]:
    for monitor in quality_of(asset).watched:
        if monitor.metric not in EFFECTS and monitor.metric != SCHEMA:
            yield from (detector for detector, _ in detectors_of(monitor, asset))
