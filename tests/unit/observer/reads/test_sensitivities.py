"""Nine sensitivities of one monitor, over a real store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event

import pytest

import detectors.backtest as replaying
from observer.backtests.sensitivities import LADDER, Sensitivities, ladder
from observer.model import EvaluationStatus, Feedback, FeedbackKind
from observer.reads.stored import StoredReads
from observer.store import feedback as feedback_store
from orchestration.database import writing
from orchestration.model import AssetKey, VersionStatus
from tests.unit.observer.reads.conftest import MakeStore
from tests.unit.observer.reads.made import Store, day, morning

NULLS = "null_rate(price)"
STORM, BLIZZARD, LAST = 15, 25, 30


def fill(store: Store) -> None:
    """A month of prices: a storm that was published, and a blizzard that was held."""
    for number in range(1, LAST + 1):
        held = number == BLIZZARD
        value = 0.9 if held else 0.5 if number == STORM else 0.05 + (number * 7 % 5) / 500
        store.version(
            "orders", day(number), VersionStatus.HELD if held else VersionStatus.PUBLISHED, at=morning(number),
            verdicts={NULLS: EvaluationStatus.PASSED}, observed={NULLS: value, "row_count": 1000.0},
        )  # fmt: skip


def found_by(reads: StoredReads) -> Sensitivities:
    found = reads.sensitivities("orders", NULLS)
    assert found is not None
    return found


def test_the_ladder_has_nine_steps_and_that_of_the_monitor() -> None:
    assert len(LADDER) == 9
    for alpha in (1 / 7, 0.5, 1 / 1000, 1e-9):
        steps = ladder(alpha)
        assert alpha in steps
        assert len(steps) == len(set(steps)) == 9
        assert list(steps) == sorted(steps, reverse=True)


def test_each_says_what_it_would_have_alerted_on_caught_and_what_was_expected(shop: Store) -> None:
    fill(shop)
    found = found_by(shop.reads)
    assert len(found.levels) == 9
    assert [level.current for level in found.levels].count(True) == 1
    counts = [len(level.alarms) for level in found.levels]
    assert counts == sorted(counts, reverse=True), "a less sensitive one never alarms more often"
    keen = found.levels[0]
    assert BLIZZARD - 1 in keen.alarms
    assert (found.bad, keen.caught, keen.expected) == (1, 1, 0)
    assert f"would have alerted {len(keen.alarms)} times in 29 days, caught 1 of 1 confirmed" == found.sentence(keen)
    assert keen.declaration == 'ob.monitor("null_rate", column="price", severity="error", alpha=0.05)'
    with writing(shop.project.engine) as connection:
        at = datetime.fromisoformat(f"{day(STORM)}T00:00:00+00:00")
        said = Feedback(
            id=0, asset=AssetKey("orders"), partition=day(STORM), materialization_id="v", version_seq=STORM,
            subject=NULLS, kind=FeedbackKind.EXPECTED_ONCE, data_at=at, made_at=at + timedelta(days=1), at=at, by="ana",
            reason="r",
        )  # fmt: skip
        feedback_store.add(connection, said)
    again = found_by(shop.reads).levels[0]
    assert (again.expected, again.caught) == (1, 1), "what was said since counts"


def test_it_is_replayed_once_until_its_past_changes(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(shop)
    times, reads = [0], shop.reads
    replay = replaying.backtest

    def counting(*args: object, **more: object) -> object:
        times[0] += 1
        return replay(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(replaying, "backtest", counting)
    first = found_by(reads)
    assert found_by(reads).levels == first.levels
    assert times == [9]
    shop.version(
        "orders", day(31), at=morning(30) + timedelta(days=1), verdicts={NULLS: EvaluationStatus.PASSED},
        observed={NULLS: 0.06, "row_count": 1000.0},
    )  # fmt: skip
    assert len(found_by(reads).points) == LAST + 1
    assert times == [18]


def test_who_asks_for_what_is_replayed_just_now_waits_for_it_and_who_asks_for_another_does_not(
    shop: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(shop)
    began, may, reads, replay = Event(), Event(), shop.reads, replaying.backtest
    times: list[object] = []

    def slowly(table: object, history: object, *args: object, **more: object) -> object:
        times.append(history)
        if len(times) == 1:
            began.set()
            assert may.wait(60)
        return replay(table, history, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(replaying, "backtest", slowly)
    with ThreadPoolExecutor(2) as pool:
        try:
            first = pool.submit(found_by, reads)
            assert began.wait(60)
            second = pool.submit(found_by, reads)
            assert reads.sensitivities("orders", "row_count") is not None, "it doesn't wait for the other"
        finally:
            may.set()
        assert first.result().levels == second.result().levels
    assert len(times) == 18, "nine for each of two monitors, whoever asked"


def test_where_nothing_can_be_replayed_there_is_none(make: MakeStore) -> None:
    store = make()
    assert store.reads.sensitivities("orders", NULLS) is None, "nothing is stored"
    assert store.reads.sensitivities("orders", "mean(price)") is None, "nothing declares it"
    assert store.reads.sensitivities("nothing", NULLS) is None
