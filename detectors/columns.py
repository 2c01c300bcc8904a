"""The parts of a state for many series at once: arrays with one number a series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors import calibrate, carry, cluster, spread
from detectors.forecast import Forecaster, Level, SlotLevel, SlotMean

if TYPE_CHECKING:
    from detectors.model import BoolArray, FloatArray


class Forecasts:
    """One forecaster of all series; see `detectors.forecast`.

    Parameters
    ----------
    like: the forecaster of one series, fresh.
    season: index of the season whose slot it looks at.
    series: how many.
    """

    def __init__(self, like: Forecaster, season: int, series: int) -> None:
        self.like, self.season = like, season
        slots = len(like.counts) if isinstance(like, SlotLevel | SlotMean) else 1
        self.level = np.zeros((slots if isinstance(like, SlotMean) else 1, series))
        self.effects = np.zeros((slots, series))
        self.counts = np.zeros((slots, series))
        self.seen = np.zeros(series)

    def predict(self, slots: tuple[int, int, int]) -> FloatArray:
        """Return the forecasts for a moment in `slots`; NaN where there is none yet."""
        slot = slots[self.season]
        if isinstance(self.like, SlotMean):
            return np.where(self.counts[slot] > 0, self.level[slot], np.nan)
        if isinstance(self.like, SlotLevel):
            count = self.counts[slot]
            return np.where(count > 0, self.level[0] + self.effects[slot] * count / (count + 1.0), np.nan)
        return np.where(self.seen > 0, self.level[0], np.nan)

    def learn(self, value: FloatArray, raw: FloatArray, live: BoolArray, slots: tuple[int, int, int]) -> None:
        """Take in values, clipped and `raw`, of the series that are `live`."""
        slot = slots[self.season]
        self.seen += live
        count = self.counts[slot if not isinstance(self.like, Level) else 0].copy()
        self.counts[slot if not isinstance(self.like, Level) else 0] += live
        seen = np.where(count > 0, value, raw)
        if isinstance(self.like, Level):
            gain = np.maximum(self.like.gain, 1.0 / self.seen)
            self.level[0] += np.where(live, gain * (value - self.level[0]), 0.0)
        elif isinstance(self.like, SlotMean):
            gain = np.maximum(self.like.gain, 1.0 / self.counts[slot])
            self.level[slot] += np.where(live, gain * (seen - self.level[slot]), 0.0)
        elif isinstance(self.like, SlotLevel):
            effect = self.effects[slot]
            moved = live & ((count > 0) | (self.seen <= 2))
            error = value - self.level[0] - effect * count / (count + 1.0)
            self.level[0] += np.where(moved, np.maximum(self.like.gain, 1.0 / self.seen) * error, 0.0)
            gain = np.maximum(self.like.slot_gain, 1.0 / (count + 1.0))
            self.effects[slot] = effect + np.where(live, gain * (seen - self.level[0] - effect), 0.0)


class SlotSpreads:
    """The slots' spreads of all series; see `detectors.spread.SlotSpread`.

    Parameters
    ----------
    slots: length of the season in slots.
    series: how many.
    """

    def __init__(self, slots: int, series: int) -> None:
        self.squares, self.visits = np.zeros((2, slots, series))

    def factor(self, slot: int) -> FloatArray:
        """Return what the usual spread of each series is multiplied with in `slot`."""
        return np.asarray(np.sqrt((spread.SLOT_PRIOR + self.squares[slot]) / (spread.SLOT_PRIOR + self.visits[slot])))

    def learn(self, error: FloatArray, slot: int, live: BoolArray) -> None:
        """Take in errors in usual standard deviations, clipped, of the series that are `live`."""
        if len(self.visits) > 1:
            squares, visits = spread.SLOT_MEMORY * self.squares[slot], spread.SLOT_MEMORY * self.visits[slot]
            self.squares[slot] = np.where(live, squares + error * error, self.squares[slot])
            self.visits[slot] = np.where(live, visits + 1.0, self.visits[slot])


class Carries:
    """The last errors of all series and what is carried over of them; see `detectors.carry.Carry`.

    Parameters
    ----------
    series: how many.
    """

    def __init__(self, series: int) -> None:
        self.error, self.product, self.square, self.weight = np.zeros((4, series))
        self.usual = np.ones(series, dtype=bool)

    def ahead(self) -> FloatArray:
        """Return how far off its forecast the next value of each series is expected to be."""
        some = self.square > 0.0
        share = self.product / np.where(some, self.square, 1.0) * self.weight / (self.weight + carry.PRIOR)
        return np.where(some, np.clip(share, 0.0, 1.0) * self.error, 0.0)

    def learn(self, error: FloatArray, limit: FloatArray, live: BoolArray) -> None:
        """Take in errors of the forecasts themselves, which are clipped at `limit`, of the series that are `live`."""
        clipped = np.clip(error, -limit, limit)
        usual = clipped == error
        paired = live & usual & self.usual
        product, square = clipped * self.error, self.error * self.error
        self.product = np.where(paired, carry.MEMORY * self.product + product, self.product)
        self.square = np.where(paired, carry.MEMORY * self.square + square, self.square)
        self.weight = np.where(paired, carry.MEMORY * self.weight + 1.0, self.weight)
        self.error, self.usual = np.where(live, clipped, self.error), np.where(live, usual, self.usual)


class Clusters:
    """How lately each series has surprised; see `detectors.cluster.Cluster`.

    Parameters
    ----------
    series: how many.
    """

    def __init__(self, series: int) -> None:
        self.heat = np.zeros(series)

    def factor(self) -> FloatArray:
        """Return how many times as likely as else a surprise is now, for each series."""
        return np.asarray(1.0 + (cluster.AFTER - 1.0) * self.heat)

    def doubted(self, p_value: FloatArray) -> FloatArray:
        """Return how surprising these are here and now, for each series."""
        share = np.clip(np.log(np.maximum(p_value, cluster.RARE) / cluster.RARE) / cluster.WIDTH, 0.0, 1.0)
        return np.asarray(np.minimum(1.0, p_value * self.factor() ** share))

    def believed(self, alpha: float) -> FloatArray:
        """Return the p-value that is doubted to `alpha`, for each series."""
        factor = self.factor()
        share = np.clip(np.log(alpha / cluster.RARE) / (cluster.WIDTH + np.log(factor)), 0.0, 1.0)
        return np.asarray(alpha / factor**share)

    def learn(self, surprising: BoolArray, live: BoolArray) -> None:
        """Take in which points lay beyond the body of their distribution, of the series that are `live`."""
        self.heat = np.where(live, np.where(surprising, 1.0, cluster.FADE * self.heat), self.heat)


class Tails:
    """One tail of all series; see `detectors.calibrate.Tail`.

    Parameters
    ----------
    index: the prior Pareto index.
    series: how many.
    """

    def __init__(self, index: float, series: int) -> None:
        self.index = np.full(series, index)
        self.seen, self.exceeded, self.excess = np.zeros(series), np.zeros(series), np.zeros(series)

    def learn(self, ratio: FloatArray, live: BoolArray) -> None:
        """Take in errors as multiples of the end of the body, of the series that are `live`."""
        beyond = live & (ratio > 1.0)
        self.seen += live
        self.exceeded += beyond
        self.excess += np.where(beyond, np.minimum(np.log(np.where(beyond, ratio, 1.0)), calibrate.LOG_EXCESS_MAX), 0.0)

    def shape(self, freedom: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return (one-sided probability of an exceedance, Pareto index) of each series."""
        rate = (calibrate.RATE_WEIGHT * 0.5 * calibrate.BODY + self.exceeded) / (calibrate.RATE_WEIGHT + self.seen)
        weight = calibrate.INDEX_WEIGHT
        index = (weight + self.exceeded) / (weight / self.index + self.excess)
        return np.minimum(rate, 0.1), np.minimum(index, freedom)
