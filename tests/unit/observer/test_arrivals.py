"""When things came and how long they were waited for, told from when versions were made; and what is late now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

import observer as ob
from observer.arrivals import Arrivals, arrivals_of
from observer.assets import quality_of
from observer.errors import CheckError
from observer.history import StoredPoint
from observer.model import Observation, Severity
from observer.monitors import Monitor
from observer.reads import gate
from observer.reads import ledger as read_ledger
from observer.reads.model import State
from observer.reads.states import Standing, standings
from observer.store.tables import evaluations
from orchestration.assets import Asset
from orchestration.database import reading
from orchestration.model import AssetKey, PartitionKey, VersionStatus
from tests.unit.observer.cli.conftest import Tidegate, tidegate
from tests.unit.observer.ledger import Ledger, daily_asset, day, ledger, whole_asset
from tests.unit.observer.shop import shop

__all__ = ["tidegate"]

H, D = timedelta(hours=1), timedelta(days=1)
ORDERS = AssetKey("orders")
MADE = Monitor(metric="arrival", told_by="duration")


def point(at: datetime, partition: PartitionKey = None, value: float | None = 1.0, seq: int = 1) -> StoredPoint:
    return StoredPoint(at, partition, seq, f"m{seq}", "r", VersionStatus.PUBLISHED, value)


def hours(asset: Asset, came: Sequence[tuple[datetime, PartitionKey]]) -> list[float]:
    return [each.value / 3600 for each in arrivals_of(asset, MADE, [point(*each) for each in came])[0] if each.value]


def at(n: int, hour: float) -> datetime:
    """An hour of March 2024."""
    return datetime(2024, 3, 1, tzinfo=UTC) + (n - 1) * D + hour * H


def test_what_has_no_partitions_is_waited_for_from_the_last_time() -> None:
    assert hours(whole_asset(), [(at(1, 6), None), (at(2, 6), None), (at(2, 15), None), (at(3, 6), None)]) == [
        24,
        9,
        15,
    ]


def test_a_partition_is_waited_for_from_its_end_and_comes_once() -> None:
    came = [(at(n + 1, 6), day(n)) for n in range(1, 5)]
    again = [(at(5, 9), day(4)), (at(5, 10), day(2))]  # made again; another one made again
    assert hours(daily_asset(), [*came, *again, (at(6, 7), day(5))]) == [6, 6, 6, 7]


def test_what_is_made_up_for_says_nothing_of_when_it_usually_comes() -> None:
    backfill = [(at(20, 6 + n / 60), day(n)) for n in range(1, 19)]
    assert hours(daily_asset(), backfill) == []
    assert hours(daily_asset(), [*backfill, (at(21, 6), day(20)), (at(22, 6), day(21))]) == [6, 6]
    newest_first = [(at(20, 6 + n / 60), day(19 - n)) for n in range(1, 19)]
    assert hours(daily_asset(), [*newest_first, (at(21, 6), day(20))]) == [6]
    late = [(at(2, 6), day(1)), (at(6, 9), day(2)), (at(6, 9.1), day(3)), (at(6, 9.2), day(4)), (at(7, 6), day(6))]
    assert hours(daily_asset(), late) == [3 * 24 + 9, 6]


def test_a_clock_that_is_put_forward_or_back_makes_nothing_late() -> None:
    days = ob.daily(start="2024-01-01", timezone="America/New_York")

    @ob.asset(partitions=days)
    def orders() -> None: ...

    def local(month: int, date: int, hour: int) -> datetime:
        ahead = timedelta(hours=-4 if (3, 10) < (month, date) < (11, 3) else -5)
        return datetime(2024, month, date, hour, tzinfo=UTC) - ahead

    for month, date in ((3, 9), (11, 2)):  # the nights in which clocks change follow
        mornings = [(local(month, date + n, 6), f"2024-{month:02}-{date + n - 1:02}") for n in range(4)]
        waited = hours(orders, mornings)
        assert max(waited) == pytest.approx(6, abs=0.01)
        assert min(waited) >= 4.99


def test_a_source_comes_when_it_changes_and_is_waited_for_at_each_look() -> None:
    known = Arrivals(whole_asset(), by_age=True)
    assert known.came(at(1, 8), None, 2 * 3600) is None  # nothing is known of before
    still = known.came(at(1, 12), None, 6 * 3600)
    assert still is not None
    assert (still.over, still.seconds / 3600, still.began) == (False, 6, at(1, 6))
    came = known.came(at(2, 8), None, 3600)
    assert came is not None
    assert (came.over, came.new, came.seconds / 3600, came.until) == (True, True, 25, at(2, 7))
    assert known.came(at(2, 9), None, None) is None  # nobody knows how old it is
    assert known.next_began() == at(2, 7)


def test_the_next_partition_is_waited_for_from_its_end_and_nothing_after_the_last() -> None:
    for end, expected in (("2024-03-31", at(4, 0)), ("2024-03-02", None)):

        @ob.asset(partitions=ob.daily(start="2024-01-01", end=end))
        def orders() -> None: ...

        known = Arrivals(orders, by_age=False)
        known.came(at(3, 6), day(2), None)
        assert known.next_began() == expected


def test_it_is_watched_where_nobody_says_how_old_data_may_be() -> None:
    @ob.asset(freshness=ob.FreshnessPolicy(max_age="26h"))
    def fresh() -> None: ...

    @ob.source
    def looked_at() -> None: ...

    @ob.source(updated_by="at")
    def changes() -> None: ...

    watched = {
        made.key: {m.id: m.told_by for m in quality_of(made).watched}
        for made in (fresh, looked_at, changes, whole_asset())
    }
    assert {key: ids.get("arrival") for key, ids in watched.items()} == {
        "fresh": None,
        "looked_at": None,
        "changes": "age",
        "orders": "duration",
    }


def test_what_can_not_be_is_refused_where_it_is_declared() -> None:
    with pytest.raises(CheckError, match="what comes late is not held for it"):
        ob.monitor("arrival", severity="error")
    with pytest.raises(CheckError, match="comes as a whole"):
        ob.monitor("arrival", segment="carrier")
    with pytest.raises(CheckError, match="needs updated_by="):
        ob.source(monitors=[ob.monitor("arrival")])


@pytest.fixture(params=["daily", "whole"])
def made(request: pytest.FixtureRequest, state_url: str) -> Iterator[Ledger]:
    with ledger(state_url, daily_asset() if request.param == "daily" else whole_asset()) as one:
        yield one


def mornings(made: Ledger, first: int, last: int, hour: float = 6) -> None:
    timed = made.observer.graph.asset("orders").partitions is not None
    for n in range(first, last + 1):
        made.now = at(n + 1, hour + 0.02 * (n % 3)) - timedelta(seconds=10)
        made.version(day(n) if timed else None)


def said(made: Ledger) -> list[tuple[str, str]]:
    with reading(made.engine) as connection:
        c = evaluations.c
        rows = connection.execute(select(c.status, c.sentence).where(c.subject == "arrival").order_by(c.id))
        return [(row.status, row.sentence) for row in rows]


def standing(made: Ledger, now: datetime) -> Standing:
    with reading(made.engine) as connection:
        read = read_ledger.load(connection, None, now)
        return standings(made.observer.graph, [ORDERS], read, now)[ORDERS]


def test_what_comes_late_is_told_when_it_comes(made: Ledger) -> None:
    mornings(made, 1, 20)
    first, last = said(made)[0], said(made)[-1]
    assert first[0] == "learning"
    assert first[1].endswith("; learning, needs 7 more runs")
    assert last[0] == "passed"
    assert "expected within" in last[1]
    mornings(made, 21, 21, hour=12)
    status, sentence = said(made)[-1]
    assert status == "warned"
    assert sentence.startswith("Came 6 h late, expected by 2024-03-22 06:0")
    assert made.incidents()[-1][2] == Severity.WARN
    mornings(made, 22, 22)
    assert said(made)[-1][0] == "passed"
    assert made.incidents()[-1][3] == "resolved"


def test_what_has_not_come_is_told_to_whoever_asks(made: Ledger) -> None:
    """Nothing is written or judged anew: the latest ordinary time was told when the last one came."""
    mornings(made, 1, 20)
    in_time, late = at(22, 6.2), at(22, 12)
    here = standing(made, in_time)
    assert here.awaited is not None
    assert at(22, 5.9) <= here.awaited.by <= at(22, 6.1)
    assert (here.state, "nothing new" in here.text) == (State.HEALTHY, False)
    there = standing(made, late)
    assert there.state is State.WARNED
    assert there.text.startswith("nothing new has come: 6 h late, expected by 2024-03-22 0")
    with reading(made.engine) as connection:
        ask = [gate.answer(connection, made.observer.graph, "orders", None, now) for now in (in_time, late)]
    assert [one is not None and one.outcome for one in ask] == ["open", "open"]
    assert [one is not None and "6 h late" in one.sentence for one in ask] == [False, True]
    mornings(made, 21, 21, hour=12)
    assert standing(made, late + H).state is not State.STALE
    assert "nothing new" not in standing(made, late + H).text


def test_what_is_made_again_keeps_its_verdict(state_url: str) -> None:
    with ledger(state_url, daily_asset()) as made:
        mornings(made, 1, 12)
        before = said(made)[-1]
        made.now = at(13, 15)
        made.version(day(12))
        assert said(made)[-1] == before
        assert standing(made, at(14, 12)).state is State.WARNED


def test_of_several_parts_the_one_that_is_due_first_is_awaited(state_url: str) -> None:
    regions = ob.multi(day=ob.daily(start="2024-01-01"), region=ob.static("eu", "us"))

    @ob.asset(partitions=regions)
    def orders() -> None: ...

    with ledger(state_url, orders) as made:
        for n in range(1, 15):
            for region, hour in (("eu", 6.0), ("us", 14.0)):
                made.now = at(n + 1, hour + 0.02 * (n % 3)) - timedelta(seconds=10)
                made.version(regions.format(day=day(n), region=region))
        here = standing(made, at(16, 8))
        assert here.awaited is not None
        assert at(16, 5.9) <= here.awaited.by <= at(16, 6.1)
        assert here.state is State.WARNED


PIPELINE = """
import pandas as pd
import observer as ob


@ob.asset
def prices() -> pd.DataFrame:
    return pd.DataFrame({"price": [1.0, 2.0]})
"""


def test_the_command_says_what_is_late_and_tries_the_monitor_on_the_past(
    tidegate: Tidegate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shop(tmp_path / "shop", pipeline=PIPELINE, toml="[env.local]\n")
    monkeypatch.chdir(folder)

    def stands_at(now: datetime) -> None:
        (folder / "tidegate.toml").write_text(f'[env.local]\nclock = "{now:%Y-%m-%d %H:%M} UTC"\n', encoding="utf-8")

    for n in range(1, 12):
        stands_at(at(n, 6 + 0.05 * (n % 2)))
        assert tidegate("run", "prices", "--force").code == 0
    stands_at(at(12, 7))
    assert "nothing new" not in tidegate("ls").out
    stands_at(at(12, 12))
    assert "warned    prices" in tidegate("ls").out
    assert "nothing new has come: 6 h late, expected by 2024-03-12 06:0" in tidegate("ls").out
    assert "6 h late" in tidegate("gate", "prices").out
    tried = tidegate("backtest", "prices", "--monitor", "arrival", "--format", "json").json["monitors"][0]
    assert (tried["points"], tried["here"]["detectors"]) == (10, ["arrival"])
    shown = tidegate("history", "prices", "arrival", "--format", "json").json
    assert [round(one["value"] / 3600) for one in shown] == [24] * 10
    assert shown[-1]["upper"] > shown[-1]["value"]
    assert tidegate("run", "prices", "--force").code == 0
    work = ob.open_project(folder)
    incident = work.reads().now().incidents[0]
    work.close()
    assert incident.subjects == ("arrival",)
    assert incident.sentence.startswith("Came 6 h late, expected by 2024-03-12 06:0")
    marked = tidegate("mark", "prices", "--as", "expected-once", "--subject", "arrival", "--reason", "a test")
    assert marked.code == 0, marked.err


def test_a_source_that_stays_as_it_was_is_told_at_a_look(state_url: str) -> None:
    @ob.source(updated_by="at")
    def orders() -> pd.DataFrame:
        return pd.DataFrame()

    with ledger(state_url, orders) as made:
        for n in range(1, 14):
            made.now = at(n, 8 + 0.03 * (n % 3))
            made.version(None, more=[Observation(metric="age", value=3600.0)])
        assert said(made)[-1][0] == "passed"
        made.now = at(14, 20)
        made.version(None, more=[Observation(metric="age", value=37 * 3600.0)])
        assert said(made)[-1] == ("warned", said(made)[-1][1])
        assert said(made)[-1][1].startswith("Nothing new for 37 h, 13 h late, expected by 2024-03-14 0")
