"""Cheap recursive one-step forecasters and their mixture, weighted by recent out-of-sample error."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import sqrt

WEIGHT_POWER = 3.0
"""Weights go with (mean squared error) ** -WEIGHT_POWER: clearly better forecasters win, equals share."""

ERROR_MEMORY = 0.93
"""Discount of a forecaster's squared errors: about the last 14 points decide who is believed."""


class Forecaster(ABC):
    """One recursive forecaster of the next value of a series, in O(1) time and memory a point.

    `predict` returns None until it has seen enough; `learn` takes the value that came, clipped and as it was;
    `jump` moves its level
    to a new one that has been accepted, and keeps the shape (slot effects) that it has learned.
    """

    __slots__ = ()

    @abstractmethod
    def predict(self, slot: int) -> float | None:
        """Return the forecast for the next point, which falls into `slot`, or None when it has none yet."""

    @abstractmethod
    def learn(self, value: float, slot: int, raw: float) -> None:
        """Take in the value that came in `slot`; a slot's first visit teaches it `raw`, as nothing is known yet."""

    @abstractmethod
    def jump(self, by: float) -> None:
        """Move the level by `by`: a new level has been accepted."""


class Level(Forecaster):
    """Exponentially weighted level (Brown 1959), a plain mean until the weight `gain` is reached.

    Parameters
    ----------
    gain: weight of the newest value, 0..1; 1 is the last value (naive forecast).
    """

    __slots__ = ("count", "gain", "level")

    def __init__(self, gain: float) -> None:
        self.gain = gain
        self.level = 0.0
        self.count = 0

    def predict(self, slot: int) -> float | None:
        return self.level if self.count else None

    def learn(self, value: float, slot: int, raw: float) -> None:
        self.count += 1
        self.level += max(self.gain, 1.0 / self.count) * (value - self.level)

    def jump(self, by: float) -> None:
        self.level += by


class SlotLevel(Forecaster):
    """Level plus an additive effect for each slot of the season (Winters 1960, without trend).

    A slot's effect is shrunk towards zero by n / (n + 1) after n visits: a season is never forced on a
    series.

    Parameters
    ----------
    slots: length of the season in slots.
    gain: weight of the newest value in the level, 0..1.
    slot_gain: weight of the newest value in its slot's effect, 0..1.
    """

    __slots__ = ("counts", "effects", "gain", "level", "seen", "slot_gain")

    def __init__(self, slots: int, gain: float, slot_gain: float) -> None:
        self.gain = gain
        self.slot_gain = slot_gain
        self.level = 0.0
        self.seen = 0
        self.effects = [0.0] * slots
        self.counts = [0] * slots

    def predict(self, slot: int) -> float | None:
        count = self.counts[slot]
        return self.level + self.effects[slot] * count / (count + 1.0) if count else None

    def learn(self, value: float, slot: int, raw: float) -> None:
        self.seen += 1
        count = self.counts[slot]
        effect = self.effects[slot]
        if count or self.seen <= 2:
            error = value - self.level - effect * count / (count + 1.0)
            self.level += max(self.gain, 1.0 / self.seen) * error
        self.counts[slot] = count + 1
        seen = value if count else raw
        self.effects[slot] = effect + max(self.slot_gain, 1.0 / (count + 1)) * (seen - self.level - effect)

    def jump(self, by: float) -> None:
        self.level += by


class SlotMean(Forecaster):
    """Exponentially weighted mean of the values of the same slot; gain 1 is the seasonal naive forecast.

    Parameters
    ----------
    slots: length of the season in slots.
    gain: weight of the newest value, 0..1.
    """

    __slots__ = ("counts", "gain", "levels")

    def __init__(self, slots: int, gain: float) -> None:
        self.gain = gain
        self.levels = [0.0] * slots
        self.counts = [0] * slots

    def predict(self, slot: int) -> float | None:
        return self.levels[slot] if self.counts[slot] else None

    def learn(self, value: float, slot: int, raw: float) -> None:
        seen = value if self.counts[slot] else raw
        self.counts[slot] += 1
        self.levels[slot] += max(self.gain, 1.0 / self.counts[slot]) * (seen - self.levels[slot])

    def jump(self, by: float) -> None:
        self.levels = [level + by for level in self.levels]


class Mixture:
    """Forecasters averaged with weights from their own recent one-step errors (Bates and Granger 1969).

    weight_i ~ (discounted mean squared error_i) ** -WEIGHT_POWER, over those with a forecast and a record.

    Parameters
    ----------
    forecasters: each with the index of the season whose slot it looks at.
    """

    __slots__ = ("forecasters", "forecasts", "loss", "record", "seasons")

    def __init__(self, forecasters: Sequence[tuple[int, Forecaster]]) -> None:
        self.seasons = [season for season, _ in forecasters]
        self.forecasters = [forecaster for _, forecaster in forecasters]
        self.loss = [0.0] * len(self.forecasters)
        self.record = [0.0] * len(self.forecasters)
        self.forecasts: list[float | None] = [None] * len(self.forecasters)

    def predict(self, slots: Sequence[int]) -> float | None:
        """Return the forecast for a point in `slots` (one index a season), None with no past at all."""
        self.forecasts = [f.predict(slots[s]) for f, s in zip(self.forecasters, self.seasons, strict=True)]
        ready = [
            (forecast, loss / record)
            for forecast, loss, record in zip(self.forecasts, self.loss, self.record, strict=True)
            if forecast is not None and record > 0.0
        ]
        if not ready:
            return self.forecasts[0]
        best = min(error for _, error in ready)
        ease = best * 1e-3 + 1e-300
        total = weighted = 0.0
        for forecast, error in ready:
            weight = ((best + ease) / (error + ease)) ** WEIGHT_POWER
            total += weight
            weighted += weight * forecast
        return weighted / total

    def learn(self, value: float, slots: Sequence[int], raw: float) -> None:
        """Take in `value`, clipped, and `raw`, as it was; `predict` must have been called for the same point before."""
        for i, forecaster in enumerate(self.forecasters):
            forecast = self.forecasts[i]
            if forecast is not None:
                error = value - forecast
                self.loss[i] = ERROR_MEMORY * self.loss[i] + error * error
                self.record[i] = ERROR_MEMORY * self.record[i] + 1.0
            forecaster.learn(value, slots[self.seasons[i]], raw)

    def usual_error(self, i: int) -> float:
        """Return the root of the mean squared error that forecaster `i` has made lately; 0 without a record."""
        return sqrt(self.loss[i] / self.record[i]) if self.record[i] else 0.0

    def jump(self, by: float) -> None:
        """Move every forecaster, and what it has forecast of the point that is learned, to an accepted new level."""
        for forecaster in self.forecasters:
            forecaster.jump(by)
        self.forecasts = [None if forecast is None else forecast + by for forecast in self.forecasts]
