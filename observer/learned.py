"""What detectors have learned, kept while the pasts of their series only grow."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from detectors.model import Detection, History, Point

if TYPE_CHECKING:
    from detectors.base import Detector, State

_MOST = 1536
_MOST_FRESH = 64


@dataclass(frozen=True, slots=True)
class _Kept:
    detector: Detector
    history: History
    state: State


class Learned:
    """Judges as ``Detector.detect`` does, and learns only the points that have come since it was last asked.

    A state is gone on with where the past that it was learned from begins the past that is given, number by number;
    whatever else has changed (a point replaced, released, added before the last), it is learned anew. So it doesn't
    matter who has written the past. Safe in several threads: a state is in one's hands at a time.

    Parameters
    ----------
    most: how many series are kept; the ones that were asked for longest ago are dropped.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._kept: dict[Hashable, _Kept] = {}
        self._fresh: dict[tuple[int, float], tuple[Detector, State]] = {}

    def detect(
        self, series: Hashable, detector: Detector, history: History, point: Point, *, alpha: float
    ) -> Detection:
        """Judge ``point``, which comes after all of ``history``, by a detector that looks at ``series``."""
        if not _learns_by_points(detector):
            return detector.detect(history, point, alpha=alpha)
        if not len(history):
            return self._silent(detector, history.utc_offset_s, point, alpha)
        kept = self._kept.pop(series, None)
        if kept is not None and repr(kept.detector) == repr(detector) and _begins(kept.history, history):
            state, known = kept.state, len(kept.history)
        else:
            state, known = detector.start(history.utc_offset_s), 0
        excluded = history.excluded.tolist()
        for each, left_out in zip(history.points()[known:], excluded[known:], strict=True):
            if not left_out:
                state.advance(each)
        found = state.judge(point, alpha=alpha)
        self._kept[series] = _Kept(detector, history, state)
        while len(self._kept) > self._most:
            self._kept.pop(next(iter(self._kept)), None)
        return found

    def _silent(self, detector: Detector, utc_offset_s: float, point: Point, alpha: float) -> Detection:
        """The verdict where there is no past: judging teaches nothing, so one state serves every new series."""
        key = (id(detector), utc_offset_s)
        known = self._fresh.pop(key, None)
        state = detector.start(utc_offset_s) if known is None else known[1]
        found = state.judge(point, alpha=alpha)
        self._fresh[key] = (detector, state)  # with the detector, so that no other gets its id
        while len(self._fresh) > _MOST_FRESH:
            self._fresh.pop(next(iter(self._fresh)), None)
        return found


def _learns_by_points(detector: Detector) -> bool:
    """Whether it is judged by the state that its points make; a detector of one's own may do otherwise."""
    from detectors.base import Detector

    kind = type(detector)
    return kind.detect is Detector.detect and kind.learned is Detector.learned


def _begins(old: History, new: History) -> bool:
    """Whether ``new`` is ``old`` with nothing, or something, after it."""
    import numpy as np

    size = len(old)
    if size > len(new) or old.utc_offset_s != new.utc_offset_s or (old.exposure is None) != (new.exposure is None):
        return False
    pairs = [(old.at, new.at), (old.value, new.value), (old.excluded, new.excluded)]
    if (old.special is None) != (new.special is None):
        return False
    if old.special is not None and new.special is not None and not np.array_equal(old.special, new.special[:size]):
        return False
    if old.exposure is not None and new.exposure is not None:
        pairs.append((old.exposure, new.exposure))
    return all(np.array_equal(mine, theirs[:size], equal_nan=mine.dtype.kind == "f") for mine, theirs in pairs)
