from __future__ import annotations

from math import nan

import numpy as np
import pytest

from detectors import ParameterError
from detectors.novelty import Batches, Quantity

ALPHA = 0.05


def batch(rng: np.random.Generator, **changed: float) -> dict[str, Quantity]:
    rows = 400.0
    made = {
        "price": float(rng.normal(20.0, 0.5)),
        "quantity": float(rng.normal(3.0, 0.1)),
        "length": float(rng.normal(11.0, 0.2)),
        "null": float(rng.binomial(400, 0.02)) / rows,
        "never": 0.0,
        "constant": 7.0,
    } | changed
    return {name: Quantity(value, rows if name in ("null", "never") else None) for name, value in made.items()}


def learned(count: int = 60, seed: int = 1) -> tuple[Batches, np.random.Generator]:
    rng = np.random.default_rng(seed)
    batches = Batches()
    for _ in range(count):
        batches.learn(batch(rng))
    return batches, rng


def test_ordinary_batches_are_called_novel_as_seldom_as_asked() -> None:
    alarms = 0
    for seed in range(10):
        batches, rng = learned(seed=seed)
        alarms += sum(batches.judge(batch(rng)).anomalous(ALPHA) for _ in range(40))
    assert 0.2 * ALPHA <= alarms / 400 <= 2.0 * ALPHA


@pytest.mark.parametrize(
    ("name", "value"),
    [("price", 2000.0), ("quantity", 4.5), ("null", 0.3), ("never", 0.02), ("constant", 7.5), ("length", 14.0)],
)
def test_what_hits_one_metric_is_found_and_named(name: str, value: float) -> None:
    batches, rng = learned()
    verdict = batches.judge(batch(rng, **{name: value}))
    assert verdict.anomalous(ALPHA)
    assert verdict.reasons[0][0] == name


def test_what_hits_many_metrics_a_little_scores_above_what_hits_one_as_much() -> None:
    batches, _ = learned()
    still = np.random.default_rng(2)
    one = batches.judge(batch(still, price=22.0, quantity=3.0, length=11.0, null=0.02))
    many = batches.judge(batch(still, price=22.0, quantity=3.4, length=11.8, null=0.05))
    assert many.score > one.score


def test_a_metric_that_is_no_longer_there_is_news_and_one_that_is_new_is_not() -> None:
    batches, rng = learned()
    lost = batch(rng)
    del lost["price"]
    assert batches.judge(lost).reasons[0][0] == "price"
    assert batches.judge(batch(rng, price=nan)).reasons[0][0] == "price"
    assert batches.judge({**batch(rng, price=20.0), "more": Quantity(1e9)}).reasons[0][0] != "more"


def test_it_learns_before_it_speaks_and_judging_teaches_nothing() -> None:
    batches, rng = learned(5)
    assert batches.judge(batch(rng, price=1e9)).p_value is None
    batches, rng = learned(60)
    strange = batch(rng, price=1e9)
    assert batches.judge(strange) == batches.judge(strange)


def test_one_bad_batch_that_was_accepted_does_not_hide_the_next() -> None:
    batches, rng = learned()
    batches.learn(batch(rng, price=2000.0))
    assert batches.judge(batch(rng, price=2000.0)).anomalous(ALPHA)


def test_an_impossible_alpha_is_refused() -> None:
    with pytest.raises(ParameterError, match="alpha"):
        learned()[0].judge({}).anomalous(0.0)
