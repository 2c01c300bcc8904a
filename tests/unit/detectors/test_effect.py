"""An effect size is judged by its own past, and what it calls surprising is as seldom as it promises."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from detectors import DEFAULT_ALPHA, DetectionStatus, Effect, History, Point
from detectors.categories import CategoryReference
from detectors.measures import Measure
from detectors.ranks import RankReference
from detectors.shift import Sample, Shifts

DAY_S = 86400.0
ALPHA = 0.01


def judged(
    past: list[float], value: float, exposure: float | None = None, alpha: float = DEFAULT_ALPHA
) -> DetectionStatus:
    rows = None if exposure is None else [1000.0] * len(past)
    history = History.of(np.arange(len(past)) * DAY_S, past, exposure=rows)
    return Effect().detect(history, Point(len(past) * DAY_S, value, exposure), alpha=alpha).status


def usual(count: int = 60, seed: int = 2) -> list[float]:
    return [float(value) for value in np.random.default_rng(seed).gamma(9.0, 0.004, count)]


def test_only_farther_is_news() -> None:
    assert judged(usual(), 0.2) is DetectionStatus.ANOMALOUS
    assert judged(usual(), 0.036) is DetectionStatus.NORMAL
    assert judged(usual(), 0.0) is DetectionStatus.NORMAL


def test_one_that_alarmed_does_not_hide_the_next() -> None:
    found = Effect().learned(History.of(np.arange(60) * DAY_S, usual()))
    before = found.judge(Point(60 * DAY_S, 0.03), alpha=DEFAULT_ALPHA).upper
    found.advance(Point(60 * DAY_S, 0.6))
    after = found.judge(Point(61 * DAY_S, 0.03), alpha=DEFAULT_ALPHA).upper
    assert before is not None
    assert after is not None
    assert after < 1.35 * before
    assert judged([*usual(), 0.6], 0.3) is DetectionStatus.ANOMALOUS


def test_a_batch_so_small_that_chance_takes_it_far_gets_a_wider_band() -> None:
    past = [0.033] * 20 + [0.036, 0.03] * 10
    assert judged(past, 0.15, exposure=1000.0) is DetectionStatus.ANOMALOUS
    assert judged(past, 0.15, exposure=100.0) is DetectionStatus.NORMAL  # chance alone gives 0.1
    assert judged(past, 0.6, exposure=100.0) is DetectionStatus.ANOMALOUS


NOISES = {
    "numbers": (RankReference, lambda rng, day: rng.normal(100.0, 10.0, 700)),
    "wandering numbers": (RankReference, lambda rng, day: rng.normal(rng.normal(100.0, 2.0), 10.0, 700)),
    "heavy tails": (RankReference, lambda rng, day: rng.pareto(1.2, 700)),
    "mostly zero": (RankReference, lambda rng, day: np.where(rng.random(700) < 0.7, 0.0, rng.exponential(9.0, 700))),
    "small batches": (RankReference, lambda rng, day: rng.normal(0.0, 1.0, max(8, int(rng.lognormal(3.3, 0.4))))),
    "weekends": (RankReference, lambda rng, day: rng.normal(120.0 if day % 7 > 4 else 100.0, 10.0, 700)),
    "categories": (CategoryReference, lambda rng, day: rng.choice(9, 700, p=rng.dirichlet(np.arange(1, 10) * 40.0))),
    "many categories": (CategoryReference, lambda rng, day: rng.zipf(1.6, 700)),
}


def sample(values: np.ndarray, *, numbers: bool) -> Sample:
    if numbers:
        return Sample(values=len(values), points=np.quantile(values, np.linspace(0.0, 1.0, 65)))
    names, counts = np.unique(values, return_counts=True)
    order = np.argsort(-counts)[:20]
    top = {str(names[at]): float(counts[at]) for at in order}
    return Sample(values=len(values), counts=top, other=len(values) - sum(top.values()))


CASES = [(name, Measure.JENSEN_SHANNON) for name in NOISES] + [
    ("numbers", Measure.WASSERSTEIN),
    ("heavy tails", Measure.WASSERSTEIN),
    ("mostly zero", Measure.WASSERSTEIN),
    ("small batches", Measure.STABILITY),
    ("heavy tails", Measure.STABILITY),
    ("many categories", Measure.STABILITY),
    ("many categories", Measure.UNSEEN),
]


@pytest.mark.parametrize(("name", "measure"), CASES)
def test_good_batches_alarm_no_more_than_twice_as_often_as_promised(name: str, measure: Measure) -> None:
    together, draw = NOISES[name]
    alarms = points = 0
    for seed in range(4):
        rng, shifts, state = np.random.default_rng(seed), Shifts(partial(together, measure=measure)), Effect().start()
        for day in range(150):
            drawn = sample(draw(rng, day), numbers=together is RankReference)
            found = shifts.shift(drawn, day % 7)
            shifts.learn(drawn, day % 7, found)
            if found is None:
                continue
            point = Point(day * DAY_S, found.effect, 1.0 / found.chance if found.chance else None)
            verdict = state.judge(point, alpha=ALPHA)
            points += verdict.p_value is not None
            alarms += verdict.status is DetectionStatus.ANOMALOUS
            state.advance(point)
    assert points == 4 * (150 - 3 - 7)
    assert alarms <= 2.0 * ALPHA * points
