"""The conformance law of detectors, public: a detector of your own is checked by the same suite as ours."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from math import inf, isclose, isfinite, nan

import numpy as np

from detectors.base import Detector
from detectors.errors import ConformanceError
from detectors.model import Detection, DetectionStatus, History, Point
from detectors.noise import LARGEST

DAY_S = 86400.0
ALPHA = 0.01
SEED = 20130208


def check_detector(detector: Detector) -> None:
    """Check a detector against the law in `detectors.base.Detector`.

    Parameters
    ----------
    detector: a detector that is ready to be used.

    Raises
    ------
    ConformanceError: at the first law that it breaks.

    Examples
    --------
    >>> from detectors import default_detector, MetricKind
    >>> check_detector(default_detector(MetricKind.COUNT))
    """
    for name, history in histories():
        for value in (0.0, 1.0, -3.0, 99.0, 105.0, 1e5, 1e300, -1e300, 5e-324):
            _check_verdict(detector, name, history, Point(_next(history), value))
        for value in (nan, inf, -inf):
            _check_unknown(detector, name, history, Point(_next(history), value))
        _check_held_out(detector, name, history)
        _check_excluded(detector, name, history)
        _check_replay(detector, name, history)
        _check_restart(detector, name, history)
    _check_learning(detector)


def histories() -> Iterator[tuple[str, History]]:
    """Yield (name, history) of everything that a detector has to live with; the same at every call."""
    noise = np.random.default_rng(SEED).normal(100.0, 5.0, 60)
    holes = noise.copy()
    holes[10:20] = nan
    holes[25] = inf
    values = {
        "empty": noise[:0],
        "one point": noise[:1],
        "six points": noise[:6],
        "ordinary": noise,
        "constant": np.full(30, 5000.0),
        "zeros": np.zeros(30),
        "huge": np.where(np.arange(30) % 7 == 3, 1e300, noise[:30]),
        "all huge": np.full(20, 1e300),
        "tiny": noise[:30] * 1e-300,
        "negative": -noise[:30],
        "shares": np.abs(noise[:40] - 100.0) / 1000.0,
        "missing": holes,
        "all missing": np.full(12, nan),
        "level shift": np.r_[noise[:30], noise[30:] * 3.0],
    }
    for name, series in values.items():
        yield name, History.of(np.arange(len(series)) * DAY_S, series)
    gaps = np.cumsum(np.where(np.arange(40) % 5 == 4, 9.0, 1.0)) * DAY_S
    yield "gaps", History.of(gaps, noise[:40], exposure=np.where(np.arange(40) % 3 == 0, nan, 200.0))


def _next(history: History) -> float:
    return float(history.at[-1]) + DAY_S if len(history) else 0.0


def _require(holds: bool, detector: Detector, law: str) -> None:
    if not holds:
        raise ConformanceError(detector.name, law)


def _detect(detector: Detector, name: str, history: History, point: Point, alpha: float = ALPHA) -> Detection:
    """Detect twice: no exception, the same answer, the history as it was."""
    before = (history.at.tobytes(), history.value.tobytes(), history.excluded.tobytes())
    try:
        first = detector.detect(history, point, alpha=alpha)
        second = detector.detect(history, point, alpha=alpha)
    except Exception as error:
        raise ConformanceError(detector.name, f"raises {error!r} on {name} history with {point}") from error
    _require(first == second, detector, f"two answers for {name} history and {point}: {first} and {second}")
    after = (history.at.tobytes(), history.value.tobytes(), history.excluded.tobytes())
    _require(before == after, detector, f"changes {name} history")
    _require(first.detector == detector.name, detector, f"signs as {first.detector!r}")
    _require(first.alpha == alpha, detector, f"reports alpha {first.alpha}, was asked {alpha}")
    return first


def _check_verdict(detector: Detector, name: str, history: History, point: Point) -> None:
    for alpha in (0.05, ALPHA, 0.001, 1e-9):
        verdict = _detect(detector, name, history, point, alpha)
        where = f"on {name} history with {point} at alpha {alpha}: {verdict}"
        _require(verdict.status is not DetectionStatus.UNKNOWN, detector, f"UNKNOWN for a finite value {where}")
        learning = verdict.status is DetectionStatus.LEARNING
        _require((verdict.runs_needed > 0) is learning, detector, f"runs_needed does not go with status {where}")
        _require((verdict.p_value is None) is learning, detector, f"p_value does not go with status {where}")
        _require(verdict.score >= 0.0 and isfinite(verdict.score), detector, f"score {where}")
        if verdict.p_value is not None:
            _check_numbers(detector, verdict, verdict.p_value, point, where)


def _check_numbers(detector: Detector, verdict: Detection, p_value: float, point: Point, where: str) -> None:
    anomalous = verdict.status is DetectionStatus.ANOMALOUS
    _require(0.0 < p_value <= 1.0, detector, f"p_value {where}")
    _require((p_value < verdict.alpha) is anomalous, detector, f"p_value and status differ {where}")
    score = -np.log10(p_value)
    _require(isclose(verdict.score, score, abs_tol=1e-9), detector, f"score is not -log10(p) {where}")
    least = verdict.min_p_value
    _require(least is not None and least <= p_value, detector, f"p_value below min_p_value {where}")
    if not detector.banded:
        return
    lower = -inf if verdict.lower is None else verdict.lower
    upper = inf if verdict.upper is None else verdict.upper
    expected = min(max(0.0, lower), upper) if verdict.expected is None else verdict.expected
    _require(lower <= expected <= upper, detector, f"band does not contain what is expected {where}")
    outside = not lower <= point.value <= upper
    _require(outside is anomalous, detector, f"band and status differ {where}")


def _check_unknown(detector: Detector, name: str, history: History, point: Point) -> None:
    verdict = _detect(detector, name, history, point)
    told = verdict.status is DetectionStatus.UNKNOWN and verdict.p_value is None and verdict.score == 0.0
    _require(told, detector, f"{point.value} must be UNKNOWN without a p-value on {name} history: {verdict}")


def _check_held_out(detector: Detector, name: str, history: History) -> None:
    """What comes at or after the judged point is no part of its baseline."""
    if not len(history):
        return
    point = Point(float(history.at[-1]), 1e4)
    whole = _detect(detector, name, history, point)
    past = _detect(detector, name, history.before(len(history) - 1), point)
    _require(whole == past, detector, f"the judged point is part of its own baseline on {name} history")


def _check_excluded(detector: Detector, name: str, history: History) -> None:
    """Excluded points, whatever their value, are as if they were not there."""
    if len(history) < 2:
        return
    keep = np.arange(len(history)) % 4 != 1
    wild = np.where(keep, history.value, LARGEST)
    exposure = history.exposure
    marked = History.of(history.at, wild, ~keep, exposure)
    absent = History.of(history.at[keep], history.value[keep], exposure=None if exposure is None else exposure[keep])
    point = Point(_next(history), 101.0)
    same = _detect(detector, name, marked, point) == _detect(detector, name, absent, point)
    _require(same, detector, f"excluded points train on {name} history")


def _check_replay(detector: Detector, name: str, history: History) -> None:
    """A replay gives what detecting each point from its past gives."""
    verdicts = detector.replay(history, alpha=ALPHA)
    _require(len(verdicts) == len(history), detector, f"replay of {name} history has {len(verdicts)} verdicts")
    for end, (point, verdict) in enumerate(zip(history.points(), verdicts, strict=True)):
        if end % 7 == 0 or end == len(history) - 1:
            alone = _detect(detector, name, history.before(end), point)
            _require(alone == verdict, detector, f"replay differs from detect at point {end} of {name} history")


def _check_restart(detector: Detector, name: str, history: History) -> None:
    """A state that was stored and read back goes on with the same verdicts; judging teaches nothing."""
    middle = len(history) // 2
    state = detector.learned(history.before(middle))
    stored = pickle.loads(pickle.dumps(state))
    for point in history.points()[middle:]:
        state.judge(Point(point.at, 1e6), alpha=ALPHA)
        same = state.judge(point, alpha=ALPHA) == stored.judge(point, alpha=ALPHA)
        _require(same, detector, f"a stored state, or one that judged more, differs on {name} history")
        state.advance(point)
        stored.advance(point)


def _check_learning(detector: Detector) -> None:
    """An empty history is LEARNING, and `runs_needed` keeps its promise."""
    if not detector.needs_history:
        return
    noise = np.random.default_rng(SEED).normal(0.5, 0.02, 400)
    state = detector.start()
    verdict = state.judge(Point(0.0, 0.5), alpha=ALPHA)
    _require(verdict.status is DetectionStatus.LEARNING, detector, "an empty history must be LEARNING")
    needed = verdict.runs_needed
    _require(needed <= len(noise), detector, f"needs {needed} points at alpha {ALPHA}")
    for day in range(needed):
        verdict = state.judge(Point(day * DAY_S, 0.5), alpha=ALPHA)
        told = verdict.status is DetectionStatus.LEARNING and verdict.runs_needed == needed - day
        _require(told, detector, f"after {day} of {needed} points it must need {needed - day} more: {verdict}")
        state.advance(Point(day * DAY_S, float(noise[day])))
    verdict = state.judge(Point(needed * DAY_S, 0.5), alpha=ALPHA)
    _require(verdict.status is not DetectionStatus.LEARNING, detector, f"still LEARNING after {needed} points")
