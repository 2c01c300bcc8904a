"""How far a batch is from those before: what comes every week is no news, what is new is, and size alone is nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from detectors.categories import CategoryReference
from detectors.ranks import RankReference
from detectors.shift import Sample, Shift, Shifts

Draw = Callable[[np.random.Generator, int], np.ndarray]


def numbers(values: np.ndarray) -> Sample:
    return Sample(values=len(values), points=np.quantile(values, np.linspace(0.0, 1.0, 65)))


def shares(counts: dict[str, float], other: float = 0.0) -> Sample:
    return Sample(values=sum(counts.values()) + other, counts=counts, other=other)


def learned(draw: Draw, days: int = 40, seed: int = 1) -> tuple[Shifts, np.random.Generator]:
    rng = np.random.default_rng(seed)
    shifts = Shifts(RankReference)
    for day in range(days):
        shifts.learn(numbers(draw(rng, day)), day % 7)
    return shifts, rng


def of(shifts: Shifts, sample: Sample, slot: int = 0) -> Shift:
    found = shifts.shift(sample, slot)
    assert found is not None
    return found


def skewed(rng: np.random.Generator, day: int) -> np.ndarray:
    return np.exp(rng.normal(4.0, 1.0, 2000))


def test_a_larger_change_is_farther() -> None:
    shifts, rng = learned(skewed)
    values = skewed(rng, 0)
    found = [of(shifts, numbers(values * times)).effect for times in (1.0, 1.2, 1.5, 3.0, 1000.0)]
    assert found == sorted(found)
    assert found[0] < 0.06
    assert found[-1] > 0.95


def test_the_unit_of_the_values_does_not_matter() -> None:
    plain, rng = learned(skewed)
    scaled, _ = learned(lambda rng, day: skewed(rng, day) * -86.4 + 3.0)
    values = skewed(rng, 0) * 1.3
    assert of(scaled, numbers(values * -86.4 + 3.0)).effect == pytest.approx(
        of(plain, numbers(values)).effect, abs=0.01
    )


def test_a_share_of_rows_that_went_far_out_is_said_with_where_it_went() -> None:
    shifts, rng = learned(lambda rng, day: rng.normal(100.0, 10.0, 2000))
    values = rng.normal(100.0, 10.0, 2000)
    (move,) = of(shifts, numbers(np.where(np.arange(2000) < 400, values + 500.0, values))).moves
    assert move.above is not None
    assert 120.0 < move.above < 200.0
    assert move.before < 0.03
    assert move.now == pytest.approx(0.2, abs=0.03)


def test_an_ordinary_weekend_is_no_news_once_there_have_been_some() -> None:
    weekly: Draw = lambda rng, day: rng.normal(140.0 if day % 7 > 4 else 100.0, 10.0, 1000)  # noqa: E731
    shifts, rng = learned(weekly, days=42)
    assert of(shifts, numbers(weekly(rng, 5)), slot=5).effect < 0.1
    assert of(shifts, numbers(weekly(rng, 5)), slot=2).effect > 0.3  # a Wednesday like a Sunday is
    assert of(shifts, numbers(weekly(rng, 2)), slot=5).effect < 0.5  # more like all the others


def test_after_three_batches_of_a_new_kind_they_are_what_there_is_and_the_former_is_no_news_for_a_while() -> None:
    calm: Draw = lambda rng, day: rng.normal(100.0, 10.0, 1000)  # noqa: E731
    shifts, rng = learned(calm)
    far = []
    for day in range(40, 46):
        sample = numbers(calm(rng, day) * 2.0)
        far.append(of(shifts, sample, day % 7).effect)
        shifts.learn(sample, day % 7)
    assert min(far[:3]) > 0.3
    assert max(far[3:]) < 0.12
    assert of(shifts, numbers(calm(rng, 0))).effect < 0.12


def test_two_bad_batches_do_not_become_what_there_is() -> None:
    calm: Draw = lambda rng, day: rng.normal(100.0, 10.0, 1000)  # noqa: E731
    shifts, rng = learned(calm)
    for day in (40, 41):
        shifts.learn(numbers(calm(rng, day) * 2.0), day % 7)
    assert of(shifts, numbers(calm(rng, 42) * 2.0)).effect > 0.3
    assert of(shifts, numbers(calm(rng, 42))).effect < 0.12


def test_a_column_that_never_moves_and_then_does() -> None:
    shifts, _ = learned(lambda rng, day: np.full(50, 7.0))
    assert of(shifts, numbers(np.full(50, 7.0))).effect == 0.0
    assert of(shifts, numbers(np.full(50, 7.5))).effect == 1.0
    assert of(shifts, numbers(np.full(50, 6.5))).effect == 1.0


def test_too_few_batches_are_nothing_to_compare_with() -> None:
    shifts, rng = learned(skewed, days=2)
    assert shifts.shift(numbers(skewed(rng, 2)), 2) is None


def test_what_chance_gives_is_about_what_is_seen_of_batches_of_one_kind() -> None:
    for rows in (60, 400, 2500):
        shifts, rng = learned(lambda rng, day, rows=rows: rng.normal(0.0, 1.0, rows))  # type: ignore[misc]
        found = [of(shifts, numbers(rng.normal(0.0, 1.0, rows))) for _ in range(40)]
        seen = np.mean([each.effect**2 for each in found])
        assert 0.5 < seen / np.mean([each.chance for each in found]) < 1.5


def carriers(rng: np.random.Generator, rows: int = 1000) -> dict[str, float]:
    drawn = rng.multinomial(rows, [0.4, 0.3, 0.2, 0.1])
    return dict(zip(("UA", "B6", "AA", "DL"), map(float, drawn), strict=True))


@pytest.fixture
def pool() -> Shifts:
    rng, shifts = np.random.default_rng(3), Shifts(CategoryReference)
    for day in range(30):
        shifts.learn(shares(carriers(rng)), day % 7)
    return shifts


def test_the_category_that_moved_is_named(pool: Shifts) -> None:
    found = of(pool, shares({"UA": 200.0, "B6": 500.0, "AA": 200.0, "DL": 100.0}))
    assert {move.category: move.now for move in found.moves} == {"UA": 0.2, "B6": 0.5}


def test_a_category_never_seen_and_one_that_is_gone(pool: Shifts) -> None:
    found = of(pool, shares({"UA": 400.0, "B6": 300.0, "AA": 200.0, "XX": 70.0, "YY": 30.0}))
    moved = {(move.category, move.unseen, round(move.now, 3)) for move in found.moves}
    assert moved == {("DL", (), 0.0), (None, ("XX", "YY"), 0.1)}
    assert found.effect > 0.2


def test_what_was_always_among_the_others_is_not_called_new() -> None:
    shifts = Shifts(CategoryReference)
    many = {f"c{n}": 100.0 - n for n in range(20)}
    for day in range(20):
        shifts.learn(shares(many, other=500.0), day % 7)
    rare = {name: count for name, count in many.items() if name != "c19"} | {"rare": 81.0}
    assert all(not move.unseen for move in of(shifts, shares(rare, other=500.0)).moves)
    assert of(shifts, shares(rare, other=500.0)).effect < 0.05  # c19 may be among the others as it always was
    frequent = {name: count for name, count in many.items() if name != "c19"} | {"frequent": 300.0}
    assert of(shifts, shares(frequent, other=500.0)).moves[0].unseen == ("frequent",)
