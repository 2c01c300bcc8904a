"""The noise of each kind of metric: scale to work on, sides that matter, smallest spread believed."""

from __future__ import annotations

from dataclasses import dataclass
from math import cbrt, inf, sqrt

from detectors.model import MetricKind

INDEX = 2.5
"""Prior Pareto index of both tails: storms, holidays and releases belong to the noise of real metrics."""

HEAVY_INDEX = 2.0
"""The same of means, in which one row can weigh as much as all others, and of rates whose storms nothing bounds."""

LIGHT_INDEX = 3.0
"""The same of ages: what is late is so for as long as it takes, and no storm multiplies it."""

LARGEST = 1e120
"""Values beyond are judged as if they were this large, so that squares stay finite."""

LARGEST_TRAINED = 1e90
"""Larger magnitudes are judged but teach nothing."""

RATE_CORRELATION = 0.002
"""Correlation believed between rows of one point: they fail together and spread more than a binomial."""

RATE_MATTERS = 0.0005
"""Standard deviation of a rate below which a change is no news, with any number of rows behind it."""

CHANCE_SPREAD = 0.5
"""Standard deviations of an effect size that lie between what is expected and what chance gives so small a sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """The noise of one kind of metric.

    Parameters
    ----------
    kind: which kind.
    cube_root: work on the cube root of the value, which makes Poisson and gamma noise nearly symmetric and
        keeps zero finite (Wilson and Hilferty 1931; Anscombe 1953); else on the value.
    two_sided: False where only higher is news.
    minimum, maximum: what a value can be at all, in the metric's unit; beyond is anomalous at once.
    relative_floor: smallest standard deviation believed, as a share of the level; not of rates.
    absolute_floor: the same in the metric's unit; of a rate only where its exposure is unknown; of a count no
        more than Poisson noise has.
    poisson_floor: the same as a share of the square root of the level, for counts.
    upper_index, lower_index: prior Pareto index of the two tails (`detectors.calibrate`); smaller is heavier.
    blind_index: the upper one while no exposure is known: what is not known to be binomial noise may be storms.

    Examples
    --------
    >>> NOISES[MetricKind.COUNT].forward(1000.0)
    10.0
    """

    kind: MetricKind
    cube_root: bool = False
    two_sided: bool = True
    minimum: float = -inf
    maximum: float = inf
    relative_floor: float = 0.01
    absolute_floor: float = 0.0
    poisson_floor: float = 0.0
    upper_index: float = INDEX
    blind_index: float = INDEX
    lower_index: float = INDEX

    @property
    def slotted(self) -> bool:
        """Whether weekdays and hours may differ in their noise: that of a rate is its rows', and storms keep no day."""
        return self.kind is not MetricKind.RATE

    @property
    def signed(self) -> bool:
        """Whether values of either sign are possible and news: only the past can say that none is below zero."""
        return self.two_sided and self.minimum == -inf

    def possible(self, value: float) -> bool:
        """Return whether the metric can have this value at all."""
        return self.minimum <= value <= self.maximum

    def forward(self, value: float) -> float:
        """Return `value` on the working scale."""
        value = min(max(value, -LARGEST), LARGEST)
        return cbrt(value) if self.cube_root else value

    def backward(self, worked: float) -> float:
        """Return the value whose working scale is `worked`, within what is possible."""
        value = worked * worked * worked if self.cube_root else worked
        return min(max(value, self.minimum), self.maximum)

    def floor(self, expected: float, exposure: float | None, evidence: float) -> float:
        """Return the smallest standard deviation believed, on the working scale.

        Parameters
        ----------
        expected: the forecast on the working scale.
        exposure: as in `detectors.model.Point`; None where unknown.
        evidence: rows behind the whole history of a rate; 0 where unknown.
        """
        if self.kind is MetricKind.RATE:
            return self._rate_floor(expected, exposure, evidence)
        if not self.cube_root:
            return max(self.relative_floor * abs(expected), self.absolute_floor)
        if self.kind is MetricKind.COUNT:
            return self._count_floor(expected)
        level = abs(self.backward(expected))
        least = cbrt(level + max(self.relative_floor * level, self.absolute_floor)) - cbrt(level)
        if self.kind is MetricKind.EFFECT and exposure is not None and exposure > 0.0:
            return max(least, CHANCE_SPREAD * (cbrt(sqrt(1.0 / exposure)) - cbrt(level)))
        return least

    def _count_floor(self, expected: float) -> float:
        """Return the floor of a count by the slope of the cube root, level ** (-2 / 3) / 3."""
        level = max(abs(self.backward(expected)), 1.0)
        poisson = sqrt(level)
        few = min(poisson, self.absolute_floor)
        spread = max(self.relative_floor * level, self.poisson_floor * poisson, few)
        return float(spread * level ** (-2.0 / 3.0) / 3.0)

    def _rate_floor(self, expected: float, exposure: float | None, evidence: float) -> float:
        """Return the over-dispersed binomial standard deviation of a point, with one row of slack.

        share = (expected * evidence + 1/2) / (evidence + 1), the posterior mean under Jeffreys' prior;
        variance = share (1 - share) (1 / exposure + RATE_CORRELATION) + 1 / exposure^2 (Williams 1982).
        """
        level = min(max(expected, 0.0), 1.0)
        if exposure is None or not exposure > 0.0:
            return max(self.absolute_floor, sqrt(level * (1.0 - level) * RATE_CORRELATION))
        share = (level * evidence + 0.5) / (evidence + 1.0)
        variance = share * (1.0 - share) * (1.0 / exposure + RATE_CORRELATION) + 1.0 / (exposure * exposure)
        return max(sqrt(variance), RATE_MATTERS)


NOISES: dict[MetricKind, Noise] = {
    MetricKind.COUNT: Noise(
        kind=MetricKind.COUNT,
        cube_root=True,
        minimum=0.0,
        relative_floor=0.02,
        absolute_floor=2.0,
        poisson_floor=0.5,
    ),
    MetricKind.RATE: Noise(
        kind=MetricKind.RATE,
        minimum=0.0,
        maximum=1.0,
        relative_floor=0.0,
        absolute_floor=0.01,
        blind_index=HEAVY_INDEX,
    ),
    MetricKind.MEAN: Noise(
        kind=MetricKind.MEAN,
        upper_index=HEAVY_INDEX,
        blind_index=HEAVY_INDEX,
        lower_index=HEAVY_INDEX,
    ),
    MetricKind.DURATION: Noise(
        kind=MetricKind.DURATION,
        cube_root=True,
        two_sided=False,
        minimum=0.0,
        relative_floor=0.1,
        absolute_floor=0.5,
    ),
    MetricKind.FRESHNESS: Noise(
        kind=MetricKind.FRESHNESS,
        two_sided=False,
        absolute_floor=300.0,
        upper_index=LIGHT_INDEX,
        blind_index=LIGHT_INDEX,
    ),
    MetricKind.ARRIVAL: Noise(
        kind=MetricKind.ARRIVAL,
        cube_root=True,
        two_sided=False,
        minimum=0.0,
        relative_floor=0.02,
        absolute_floor=60.0,
    ),
    MetricKind.VALUE: Noise(kind=MetricKind.VALUE),
    MetricKind.EFFECT: Noise(
        kind=MetricKind.EFFECT,
        cube_root=True,
        two_sided=False,
        minimum=0.0,
        relative_floor=0.1,
        absolute_floor=0.002,
        upper_index=HEAVY_INDEX,
        blind_index=HEAVY_INDEX,
    ),
}
"""One row a kind of metric.

The floors say what is never news, whatever the history: two per cent of a count and half its square root (the
whole of it below four), a point of a rate of unknown exposure, a quarter of a second or a tenth of a duration
(about a second, or half as much again, is then the least that alarms), five minutes of freshness, two per cent
of a wait and a minute of it, a tenth of an effect size.
"""
