"""The contract of every detector: read this file and you can write one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from detectors.model import Detection, History, Point


class State(ABC):
    """What a detector has learned from the past of one series; judged from, and advanced point by point.

    A state belongs to one series and one thread. It pickles, and goes on after a restart with the same
    verdicts.
    """

    __slots__ = ()

    @abstractmethod
    def judge(self, point: Point, *, alpha: float) -> Detection:
        """Judge `point` from what came before it; teaches nothing, so any number of calls give the same."""

    @abstractmethod
    def advance(self, point: Point) -> None:
        """Learn `point`, which comes after all points so far; a value that is not finite teaches nothing."""


class Detector(ABC):
    """Says whether the newest number of a series is surprising, given its past.

    The law, which `detectors.testing.check_detector` checks:

    1. *Held out.* The point that is judged is never part of its own baseline. Points of the history at or
       after `point.at` don't train either, and excluded, NaN and infinite values never do.
    2. *Pure.* The same history, point and alpha give the same Detection everywhere; nothing is mutated;
       no clock, no randomness, no I/O. A detector is immutable and may be shared between threads.
    3. *Total.* Numbers never raise: a NaN or infinite point is UNKNOWN, an empty or short history LEARNING,
       with `runs_needed` >= 1 trained points until it can judge at this alpha. Only an alpha outside
       ]0, 0.5] (ParameterError) raises.
    4. *One verdict.* Where it judges, the value is outside [lower, upper] if and only if p_value < alpha, if
       and only if ANOMALOUS; lower <= expected <= upper; score is -log10(p_value); p_value >= min_p_value.
    5. *Missing is never zero.* A gap in time or a NaN is no evidence about the level.

    Attributes
    ----------
    name: stable and unique; stored with every verdict.
    banded: whether the verdict is a band around a forecast.
    needs_history: whether it says LEARNING on an empty history.
    """

    name: ClassVar[str]
    banded: ClassVar[bool] = True
    needs_history: ClassVar[bool] = True

    @abstractmethod
    def start(self, utc_offset_s: float = 0.0) -> State:
        """Return the state of a series without a past, whose local clock is `utc_offset_s` ahead of UTC."""

    def learned(self, history: History, until: float = float("inf")) -> State:
        """Return the state after the trainable points of `history` that come before `until` (POSIX s)."""
        state = self.start(history.utc_offset_s)
        for point, excluded in zip(history.points(), history.excluded.tolist(), strict=True):
            if point.at >= until:
                break
            if not excluded:
                state.advance(point)
        return state

    def detect(self, history: History, point: Point, *, alpha: float) -> Detection:
        """Judge one point.

        Parameters
        ----------
        history: the series' past; may be empty.
        point: what is judged.
        alpha: the share of normal points that may be called anomalous, 0 < alpha <= 0.5.

        Returns
        -------
        Detection: the verdict, with the band at `alpha`.

        Raises
        ------
        ParameterError: alpha is not above 0 and at most 0.5.
        """
        return self.learned(history, until=point.at).judge(point, alpha=alpha)

    def replay(self, history: History, *, alpha: float) -> list[Detection]:
        """Judge every point of `history` from the points before it, without look-ahead, in O(n).

        Parameters
        ----------
        history: what is replayed; excluded points are judged but don't train.
        alpha: as in `detect`.

        Returns
        -------
        list[Detection]: one for each point, each the same as `detect` on the points before it gives.

        Raises
        ------
        ParameterError: alpha is not above 0 and at most 0.5.
        """
        state = self.start(history.utc_offset_s)
        verdicts = []
        for point, excluded in zip(history.points(), history.excluded.tolist(), strict=True):
            verdicts.append(state.judge(point, alpha=alpha))
            if not excluded:
                state.advance(point)
        return verdicts
