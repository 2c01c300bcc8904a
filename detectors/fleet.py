"""Many series at once: what `Adaptive.replay` says of one, said of a matrix of them in one pass over time.

The arithmetic is that of `detectors.adaptive`, `forecast`, `noise` and `calibrate` on arrays of one number a series;
a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from detectors import adaptive, calibrate, falls, noise
from detectors.adaptive import Adaptive
from detectors.columns import Carries, Clusters, Forecasts, SlotSpreads, Tails
from detectors.errors import HistoryError
from detectors.forecast import ERROR_MEMORY, WEIGHT_POWER
from detectors.model import MetricKind
from detectors.season import forecasters_for, seasonal_slots, slot_of, slots_at

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from detectors.model import BoolArray, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetVerdicts:
    """Verdicts on a matrix of points, or on one point of each series.

    Parameters
    ----------
    p_value: float64[series, points], 0..1; NaN where nothing could be judged (no value, or still learning).
    lower, expected, upper: float64[series, points], the band in the metric's unit; infinite is unbounded, NaN is none.
    anomalous: bool[series, points].
    """

    p_value: FloatArray
    lower: FloatArray
    expected: FloatArray
    upper: FloatArray
    anomalous: BoolArray


def replay_many(
    detector: Adaptive,
    at: ArrayLike,
    value: ArrayLike,
    *,
    alpha: float,
    exposure: ArrayLike | None = None,
    utc_offset_s: float = 0.0,
) -> FleetVerdicts:
    """Judge every point of many series of one kind from the points before it.

    Parameters
    ----------
    detector: what would replay each series alone.
    at: float64[points], POSIX seconds UTC, strictly increasing, shared by all series.
    value: float64[series, points], NaN is missing.
    alpha: as in `Detector.detect`.
    exposure: float64[series, points], rows behind a rate or a mean, NaN is unknown; None if never known.
    utc_offset_s: seconds that the local clock of the data is ahead of UTC.

    Returns
    -------
    FleetVerdicts: the numbers that `detector.replay` gives of each series.

    Raises
    ------
    HistoryError: shapes differ, or times are not finite and strictly increasing.
    ParameterError: alpha is not above 0 and at most 0.5.

    Examples
    --------
    >>> rows = [[5000.0] * 10 + [10.0], [5000.0] * 11]
    >>> replay_many(Adaptive(MetricKind.COUNT), [86400 * day for day in range(11)], rows, alpha=0.001).anomalous[:, 10]
    array([ True, False])
    """
    times, values = np.asarray(at, dtype=np.float64), np.asarray(value, dtype=np.float64)
    rows = None if exposure is None else np.asarray(exposure, dtype=np.float64)
    _check(times, values, rows)
    fleet = Fleet(detector, len(values), alpha=alpha, utc_offset_s=utc_offset_s)
    found: list[FleetVerdicts] = []
    for step, when in enumerate(times.tolist()):
        behind = None if rows is None else rows[:, step]
        fleet.look(when, behind)
        found.append(fleet.judge(values[:, step]))
        fleet.advance(values[:, step], behind)
    if not found:
        return FleetVerdicts(**dict.fromkeys(("p_value", "lower", "expected", "upper"), values), anomalous=values > 0)
    return FleetVerdicts(
        p_value=np.stack([each.p_value for each in found], axis=1),
        lower=np.stack([each.lower for each in found], axis=1),
        expected=np.stack([each.expected for each in found], axis=1),
        upper=np.stack([each.upper for each in found], axis=1),
        anomalous=np.stack([each.anomalous for each in found], axis=1),
    )


def _check(at: FloatArray, value: FloatArray, exposure: FloatArray | None) -> None:
    shape = (value.shape[0] if value.ndim else 0, len(at))
    for name, array in (("value", value), ("exposure", exposure)):
        if array is not None and array.shape != shape:
            raise HistoryError(f"`{name}` has shape {array.shape}, not {shape}", "Give one row a series.")
    if not np.isfinite(at).all() or (np.diff(at) <= 0).any():
        raise HistoryError("`at` is not finite and strictly increasing", "Sort by time, once for all series.")


class Fleet:
    """The states of many series without a past: `look` at a moment, `judge` what came, `advance` by it; in that order.

    Parameters
    ----------
    detector: what would judge each series alone.
    series: how many.
    alpha: as in `Detector.detect`.
    utc_offset_s: seconds that the local clock of the data is ahead of UTC.

    Raises
    ------
    ParameterError: alpha is not above 0 and at most 0.5.

    Examples
    --------
    >>> fleet = Fleet(Adaptive(MetricKind.COUNT), 2, alpha=0.01)
    >>> fleet.look(0.0)
    >>> fleet.judge(np.array([5.0, 7.0])).p_value
    array([nan, nan])
    """

    def __init__(self, detector: Adaptive, series: int, *, alpha: float, utc_offset_s: float = 0.0) -> None:
        calibrate.check_alpha(alpha)
        self.utc_offset_s, self.cadence = utc_offset_s, detector.cadence
        self.noise = noise.NOISES[detector.kind]
        self.alpha, self.series = alpha, series
        self.parts = [Forecasts(each, season, series) for season, each in forecasters_for(detector.cadence)]
        self.loss, self.record = np.zeros((2, len(self.parts), series))
        self.upper, self.lower = Tails(self.noise.blind_index, series), Tails(self.noise.lower_index, series)
        names = ("n", "square", "weight", "weight_square", "former", "probation", "run", "evidence", "positive")
        self.now = {name: np.zeros(series) for name in names}
        self.carry, self.cluster = Carries(series), Clusters(series)
        self.slot_spread = SlotSpreads(seasonal_slots(detector.cadence), series)
        self.turbulence = np.ones(series)
        self.outliers = np.full((adaptive.NEW_LEVEL_AFTER, series), np.nan)

    # what `Noise` does
    def _forward(self, value: FloatArray) -> FloatArray:
        value = np.clip(value, -noise.LARGEST, noise.LARGEST)
        return np.cbrt(value) if self.noise.cube_root else value

    def _backward(self, worked: FloatArray) -> FloatArray:
        value = worked**3 if self.noise.cube_root else worked
        return np.clip(value, self.noise.minimum, self.noise.maximum)

    def _floor(self, expected: FloatArray, rows: FloatArray | None) -> FloatArray:
        known = self.noise
        if known.kind is MetricKind.RATE:
            return self._rate_floor(np.clip(expected, 0.0, 1.0), rows)
        if not known.cube_root:
            return np.maximum(known.relative_floor * np.abs(expected), known.absolute_floor)
        level = np.abs(self._backward(expected))
        if known.kind is not MetricKind.COUNT:
            spread = np.maximum(known.relative_floor * level, known.absolute_floor)
            least = np.asarray(np.cbrt(level + spread) - np.cbrt(level))
            if known.kind is not MetricKind.EFFECT or rows is None:
                return least
            chance = noise.CHANCE_SPREAD * (np.cbrt(np.sqrt(1.0 / rows)) - np.cbrt(level))
            return np.asarray(np.where(rows > 0.0, np.maximum(least, chance), least))
        level = np.maximum(level, 1.0)
        poisson = np.sqrt(level)
        few = np.minimum(poisson, known.absolute_floor)
        spread = np.maximum(np.maximum(known.relative_floor * level, known.poisson_floor * poisson), few)
        return np.asarray(spread * level ** (-2.0 / 3.0) / 3.0)

    def _rate_floor(self, level: FloatArray, rows: FloatArray | None) -> FloatArray:
        together = noise.RATE_CORRELATION
        blind = np.maximum(self.noise.absolute_floor, np.sqrt(level * (1.0 - level) * together))
        if rows is None:
            return blind
        share = (level * self.now["evidence"] + 0.5) / (self.now["evidence"] + 1.0)
        variance = share * (1.0 - share) * (1.0 / rows + together) + 1.0 / (rows * rows)
        return np.where(rows > 0.0, np.maximum(np.sqrt(variance), noise.RATE_MATTERS), blind)

    # what `Mixture` and `AdaptiveState` do
    def look(self, at: float, rows: FloatArray | None = None) -> None:
        """Forecast the points of the moment `at` (POSIX s), behind each of which there are `rows`."""
        self.slots = slots_at(at, self.utc_offset_s)
        self.slot = slot_of(self.cadence, self.slots)
        with np.errstate(all="ignore"):
            self._look(rows)

    def _look(self, rows: FloatArray | None) -> None:
        now = self.now
        self.forecasts = np.array([part.predict(self.slots) for part in self.parts])
        self.expected = self._mixed() + self.carry.ahead()
        least = np.maximum(self._floor(self.expected, rows), np.maximum(1e-9 * np.abs(self.expected), 1e-150))
        self.unrest = np.sqrt(np.maximum(1.0, 1.0 + adaptive.TURBULENCE * (self.turbulence - 1.0)))
        known = now["weight"] > 0
        spread = np.maximum(np.sqrt(now["square"] / now["weight"]), least) * self.unrest
        usual = np.nan_to_num(np.sqrt(self.loss[adaptive.SLOW] / self.record[adaptive.SLOW]))
        self.usual = np.where(known, np.maximum(spread, adaptive.DOUBT * usual), least)
        slotted = np.maximum(self.usual * self.slot_spread.factor(self.slot), least * self.unrest)
        self.spread = np.where(known, slotted, least)
        worth = now["weight"] ** 2 / now["weight_square"]
        self.freedom = np.where(known, np.round(np.maximum(1.0, worth - 1.0), 1), 1.0)
        few, where = np.unique(self.freedom, return_inverse=True)
        self.end = np.array([calibrate.body_end(freedom) for freedom in few.tolist()])[where]

    def _mixed(self) -> FloatArray:
        ready = np.isfinite(self.forecasts) & (self.record > 0)
        error = np.where(ready, self.loss / self.record, np.inf)
        best = error.min(axis=0)
        ease = best * 1e-3 + 1e-300
        weight = np.where(ready, ((best + ease) / (error + ease)) ** WEIGHT_POWER, 0.0)
        mixed = (weight * np.where(ready, self.forecasts, 0.0)).sum(axis=0) / weight.sum(axis=0)
        return np.asarray(np.where(ready.any(axis=0), mixed, self.forecasts[0]))

    def _believed(self) -> tuple[FloatArray, FloatArray]:
        former = self.now["former"]
        below = np.zeros(self.series)
        if self.noise.kind is MetricKind.RATE:
            below = np.nan_to_num(self.forecasts[adaptive.SLOW] - self.expected)
        return np.minimum(np.minimum(former, below), 0.0), np.maximum(former, 0.0)

    def judge(self, value: FloatArray) -> FleetVerdicts:
        """Judge one point of each series at the moment that was looked at; teaches nothing."""
        with np.errstate(all="ignore"):
            p_value, lower, expected, upper = self._judge(value)
        anomalous = p_value < self.alpha
        return FleetVerdicts(p_value=p_value, lower=lower, expected=expected, upper=upper, anomalous=anomalous)

    def _judge(self, value: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        needed = max(adaptive.MIN_TRAIN, calibrate.points_for(self.alpha))
        able = np.isfinite(value) & (self.now["n"] >= needed) & np.isfinite(self.expected)
        error = self._forward(value) - self.expected
        lowest, highest = self._believed()
        error = (error - np.clip(error, lowest, highest)) / self.spread
        least = (self.now["n"] + 1.0) ** -calibrate.LEVERAGE
        p_value = self._p_value(error)
        if self.noise.signed:
            p_value = np.minimum(p_value, self._p_of_fall(self._forward(value), self.expected + lowest))
        p_value = np.maximum(self.cluster.doubted(p_value), least)
        p_value = np.where((value < self.noise.minimum) | (value > self.noise.maximum), least, p_value)
        lower, upper = self._band(lowest, highest)
        found = (p_value, lower, self._backward(self.expected), upper)
        p_value, lower, expected, upper = (np.where(able, each, np.nan) for each in found)
        return p_value, lower, expected, upper

    def _p_value(self, error: FloatArray) -> FloatArray:
        from scipy.special import stdtr

        high = error > 0.0
        size = np.abs(error)
        rate, index = (
            np.where(high, one, other)
            for one, other in zip(self.upper.shape(self.freedom), self.lower.shape(self.freedom), strict=True)
        )
        half = 0.5 * calibrate.BODY
        body = stdtr(self.freedom, -size)
        inside = rate + (0.5 - rate) * (body - half) / (0.5 - half)
        one_sided = np.where(size >= self.end, rate * (np.maximum(size, self.end) / self.end) ** -index, inside)
        if self.noise.two_sided:
            return np.minimum(1.0, 2.0 * one_sided)
        return np.where(error < 0.0, 1.0 - body, one_sided)

    def _band(self, lowest: FloatArray, highest: FloatArray) -> tuple[FloatArray, FloatArray]:
        share = (0.5 if self.noise.two_sided else 1.0) * self.cluster.believed(self.alpha)
        upper = self._backward(self.expected + highest + self.spread * self._quantile(share, self.upper))
        if not self.noise.two_sided:
            return np.full(self.series, self.noise.minimum), upper
        low = self.expected + lowest - self.spread * self._quantile(share, self.lower)
        if self.noise.signed:
            level = self.expected + lowest
            far = self._quantile(share * falls.SHARE, self.lower) * (self.spread / level)
            bounded = self._falls(level) & (far < -np.log(falls.LEAST_SHARE))
            low = np.where(bounded, np.maximum(low, level * np.exp(-far)), low)
        return self._backward(low), upper

    def _falls(self, level: FloatArray) -> BoolArray:
        always = self.now["positive"] >= np.minimum(self.now["n"], falls.ALWAYS_FOR)
        return np.asarray(always & (level > 0.0) & (level < falls.NEAR * self.spread))

    def _p_of_fall(self, worked: FloatArray, level: FloatArray) -> FloatArray:
        fell = -np.log(np.maximum(worked / level, falls.LEAST_SHARE)) * (level / self.spread)
        return np.where(self._falls(level), self._p_value(-np.maximum(0.0, fell)) / falls.SHARE, 1.0)

    def _quantile(self, share: FloatArray, tails: Tails) -> FloatArray:
        from scipy.special import stdtrit

        rate, index = tails.shape(self.freedom)
        far = self.end * (rate / share) ** (1.0 / index)
        inside = share > rate
        if inside.any():
            known = rate[inside]
            body = 0.5 * calibrate.BODY + (share[inside] - known) * (0.5 - 0.5 * calibrate.BODY) / (0.5 - known)
            far[inside] = stdtrit(self.freedom[inside], 1.0 - body)
        return far

    def advance(self, value: FloatArray, rows: FloatArray | None = None) -> None:
        """Learn one point of each series at the moment that was looked at; NaN teaches nothing."""
        with np.errstate(all="ignore"):
            self._advance(value, rows)

    def _advance(self, value: FloatArray, rows: FloatArray | None) -> None:
        now = self.now
        live = (np.abs(value) < noise.LARGEST_TRAINED) & (value >= self.noise.minimum) & (value <= self.noise.maximum)
        raw = self._forward(value)
        known = live & np.isfinite(self.expected)
        if self._return_to_former(raw, known):
            self._look(rows)
        worked = np.where(known, self._weigh(raw, known), raw)
        self._learn(worked, raw, live)
        now["n"] += live
        now["positive"] = np.where(live, np.where(value > 0.0, now["positive"] + 1.0, 0.0), now["positive"])
        if rows is not None:
            told = live & np.isfinite(rows)
            now["evidence"] += np.where(told, np.maximum(0.0, rows), 0.0)
            self.upper.index = np.where(told, self.noise.upper_index, self.upper.index)

    def _return_to_former(self, raw: FloatArray, known: BoolArray) -> bool:
        now = self.now
        error = raw - self.expected
        on_trial = known & (now["probation"] > 0)
        back = (
            on_trial & (np.abs(error) > adaptive.CLIP * self.spread) & (np.abs(error - now["former"]) < np.abs(error))
        )
        self._jump(np.where(back, now["former"], 0.0))
        left = np.where(back, 0.0, now["probation"])
        now["probation"] = np.where(on_trial, np.maximum(0.0, left - 1.0), left)
        now["former"] = np.where(on_trial & (now["probation"] <= 0), 0.0, now["former"])
        return bool(back.any())

    def _weigh(self, raw: FloatArray, known: BoolArray) -> FloatArray:
        now = self.now
        error, limit = raw - self.expected, adaptive.CLIP * self.spread
        settled = known & (now["n"] >= adaptive.SETTLE)
        ratio = error / (self.spread * self.end)
        self.carry.learn(error + self.carry.ahead(), limit, known)
        self.cluster.learn(np.abs(ratio) > 1.0, known)
        self.upper.learn(ratio, settled)
        self.lower.learn(-ratio, settled)
        clipped = np.where(settled, np.clip(error, -limit, limit), error)
        unusual = np.minimum(adaptive.CLIP, np.abs(error) * self.unrest / self.spread)
        gain = 1.0 - adaptive.TURBULENCE_MEMORY
        felt = known & (now["n"] >= adaptive.MIN_TRAIN)
        self.turbulence += np.where(felt, gain * (unusual * unusual - self.turbulence), 0.0)
        if self.noise.slotted:
            self.slot_spread.learn(np.clip(error / self.usual, -adaptive.CLIP, adaptive.CLIP), self.slot, felt)
        for name, memory, more in (
            ("square", adaptive.SCALE_MEMORY, clipped * clipped),
            ("weight", adaptive.SCALE_MEMORY, 1.0),
            ("weight_square", adaptive.SCALE_MEMORY**2, 1.0),
        ):
            now[name] = np.where(known, memory * now[name] + more, now[name])
        return self._new_level(error, clipped, limit, known)

    def _new_level(self, error: FloatArray, clipped: FloatArray, limit: FloatArray, known: BoolArray) -> FloatArray:
        now = self.now
        outlier = known & (clipped != error)
        side = np.where(error > 0.0, 1.0, -1.0)
        run = np.where(
            outlier, np.where(now["run"] * side > 0, now["run"] + side, side), np.where(known, 0.0, now["run"])
        )
        starts, goes_on = outlier & (np.abs(run) == 1), outlier & (np.abs(run) > 1)
        self.outliers = np.where(goes_on, np.roll(self.outliers, -1, axis=0), np.where(starts, np.nan, self.outliers))
        self.outliers[-1] = np.where(outlier, error, self.outliers[-1])
        new = outlier & (np.abs(run) >= adaptive.NEW_LEVEL_AFTER)
        now["run"] = np.where(new, 0.0, run)
        if not new.any():
            return self.expected + clipped
        step = np.where(new, np.median(self.outliers, axis=0), 0.0)
        self._jump(step)
        now["former"] = np.where(new, -side * np.abs(self.outliers).max(axis=0), now["former"])
        now["probation"] = np.where(new, float(adaptive.PROBATION), now["probation"])
        expected = self.expected
        self.forecasts = np.array([part.predict(self.slots) for part in self.parts])
        return expected + np.where(new, step + np.clip(error - step, -limit, limit), clipped)

    def _jump(self, by: FloatArray) -> None:
        if by.any():
            self.carry.error = np.where(by != 0.0, 0.0, self.carry.error)
            for part in self.parts:
                part.level += by

    def _learn(self, worked: FloatArray, raw: FloatArray, live: BoolArray) -> None:
        seen = np.isfinite(self.forecasts) & live
        error = np.where(seen, worked - self.forecasts, 0.0)
        self.loss = np.where(seen, ERROR_MEMORY * self.loss + error * error, self.loss)
        self.record = np.where(seen, ERROR_MEMORY * self.record + 1.0, self.record)
        for part in self.parts:
            part.learn(worked, raw, live, self.slots)
