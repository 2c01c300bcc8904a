"""What is let go of versions that nothing can put back, and that all answers stay the same; on both databases."""

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import func, insert, select, update

from observer.config.records import Records
from observer.forgetting import Forgotten, forget
from observer.history import SeriesKey, StoredPoint
from observer.model import Severity
from observer.reads import gate, schema
from observer.reads.base import GateAnswer
from observer.rollups import sum_up
from observer.store import observations as observation_store
from observer.store.tables import evaluations, feedback, incident_versions, incidents, schemas
from orchestration.clock import Clock
from orchestration.database import reading, writing
from orchestration.io.base import IOManager
from orchestration.model import Address, AssetKey
from orchestration.tables import gates, steps, versions
from tests.unit.observer.ledger import START, Ledger, day, ledger, whole_asset

ORDERS = AssetKey("orders")
DAY = timedelta(days=1)
EVALUATIONS, VERSIONS = Records(evaluations=DAY), Records(versions=DAY)
BAD = {"unique(id)": (Severity.ERROR, False)}
MADE = 10


@pytest.fixture
def whole(state_url: str) -> Iterator[Ledger]:
    """Ten versions, the last of which readers see; the data of the others is gone, and a week is over."""
    with ledger(state_url, whole_asset()) as made:
        for n in range(MADE):
            made.version(None, nulls=0.01 + 0.001 * (n % 3), rows=1000.0 + n)
        made.now += timedelta(days=7)
        remove_data(made)
        yield made


@pytest.fixture
def daily(state_url: str) -> Iterator[Ledger]:
    """Six days, two of them made twice, and a seventh that is held."""
    with ledger(state_url) as made:
        made.days(1, 6)
        made.days(2, 3)
        made.version(day(7), checks=BAD)
        made.now += timedelta(days=7)
        remove_data(made)
        yield made


def remove_data(made: Ledger) -> None:
    with writing(made.engine) as connection:
        is_out = versions.c.status.in_(("superseded", "discarded", "rolled_back"))
        connection.execute(update(versions).where(is_out).values(removed_at=made.now))


class Nothing:
    """Storage that has lost all."""

    def versions(self, address: Address) -> Collection[str]:
        return ()


def sum_points_up(made: Ledger, newest: int) -> None:
    io = cast(IOManager, Nothing())
    sum_up(made.engine, io, made.observer.graph.asset("orders"), made.now, DAY, newest=newest, again=True)


def gone(made: Ledger, records: Records, newest: int = 2) -> Forgotten:
    clock = Clock(now=lambda: made.now, wall=lambda: made.now)
    return forget(made.engine, records, "local", clock, assets=made.observer.graph, newest=newest)


def judged(made: Ledger) -> dict[str, int]:
    """How much was said of each version, by its id."""
    of = evaluations.c.materialization_id
    with reading(made.engine) as connection:
        return {row[0]: row[1] for row in connection.execute(select(of, func.count()).group_by(of))}


def recorded(made: Ledger) -> list[str]:
    with reading(made.engine) as connection:
        return list(connection.execute(select(versions.c.id).order_by(versions.c.seq)).scalars())


def ids(*numbers: int) -> list[str]:
    return [f"m{n}" for n in numbers]


def answers(made: Ledger) -> list[GateAnswer | None]:
    graph, days = made.observer.graph, [day(n) for n in range(1, 8)]
    partitions = [None] if graph.asset("orders").partitions is None else [None, *days]
    with reading(made.engine) as connection:
        return [gate.answer(connection, graph, "orders", each, made.now) for each in partitions]


def learned(made: Ledger) -> Mapping[SeriesKey, tuple[StoredPoint, ...]]:
    """What detectors would learn from, and a backtest replays."""
    keys = {SeriesKey("row_count"), SeriesKey("null_rate", "name"), SeriesKey("duration")}
    partitioned = made.observer.graph.asset("orders").partitions is not None
    with reading(made.engine) as connection:
        return observation_store.load(connection, ORDERS, keys, partitioned=partitioned)


def test_evaluations_go_but_for_those_of_the_newest_and_of_what_readers_see(whole: Ledger) -> None:
    before, known = answers(whole), learned(whole)
    old = sum(number for name, number in judged(whole).items() if name not in ids(9, 10))
    assert gone(whole, EVALUATIONS) == Forgotten(evaluations=old)
    assert set(judged(whole)) == set(ids(9, 10))
    assert (answers(whole), learned(whole)) == (before, known)
    assert recorded(whole) == ids(*range(1, 11))
    assert gone(whole, EVALUATIONS) == Forgotten()


def test_what_was_said_lately_and_what_can_be_put_back_stays(whole: Ledger) -> None:
    with writing(whole.engine) as connection:
        said = evaluations.c.materialization_id == "m1"
        connection.execute(update(evaluations).where(said).values(evaluated_at=whole.now))
        connection.execute(update(versions).where(versions.c.id == "m2").values(removed_at=None))
    gone(whole, EVALUATIONS)
    assert set(judged(whole)) == set(ids(1, 2, 9, 10))


def test_of_what_was_only_observed_no_data_was_kept(whole: Ledger) -> None:
    with writing(whole.engine) as connection:
        connection.execute(update(versions).values(removed_at=None, format="observed"))
    gone(whole, EVALUATIONS)
    assert set(judged(whole)) == set(ids(9, 10))


def test_of_few_versions_nothing_goes(whole: Ledger) -> None:
    sum_points_up(whole, newest=1)
    both = Records(evaluations=DAY, versions=DAY)
    assert gone(whole, both, newest=MADE + 1) == Forgotten()
    assert gone(whole, both, newest=400) == Forgotten()


def test_the_gate_says_the_same_of_every_partition(daily: Ledger) -> None:
    known = learned(daily)
    assert gone(daily, EVALUATIONS) == Forgotten(), "an incident is open"
    resolve(daily)
    before = answers(daily)
    done = gone(daily, EVALUATIONS)
    assert done.evaluations == judged(daily)["m1"] * 2
    assert set(judged(daily)) == set(ids(1, 4, 5, 6, 7, 8, 9)), "of the days that were made again, what was there first"
    assert (answers(daily), learned(daily)) == (before, known)
    assert "held" in str(before[-1])


def resolve(made: Ledger) -> None:
    with writing(made.engine) as connection:
        connection.execute(update(incidents).values(status="resolved", resolved_at=made.now))


def test_what_the_gate_an_incident_or_feedback_names_stays(whole: Ledger) -> None:
    whole.version(None, checks=BAD)
    with writing(whole.engine) as connection:
        connection.execute(update(gates).values(materialization_id="m1"))
    resolve(whole)
    with writing(whole.engine) as connection:
        connection.execute(
            insert(incident_versions).values(
                incident_id=1, materialization_id="m2", asset="orders", partition="", settled=True
            )
        )
        connection.execute(
            insert(feedback).values(
                asset="orders", partition="", materialization_id="m3", version_seq=3, subject="row_count",
                kind="expected", data_at=START, made_at=START, at=START, by="ana", reason="r",
            )
        )  # fmt: skip
    both = Records(evaluations=DAY, versions=DAY)
    sum_points_up(whole, newest=0)
    gone(whole, both)
    assert set(judged(whole)) == set(ids(1, 2, 3, 10, 11))
    assert recorded(whole) == ids(1, 2, 3, 10, 11)


def test_records_go_when_nothing_of_the_version_is_there(whole: Ledger) -> None:
    assert gone(whole, VERSIONS) == Forgotten(), "their points are there"
    sum_points_up(whole, newest=3)
    before, known = answers(whole), learned(whole)
    assert gone(whole, VERSIONS) == Forgotten(version_records=6)
    assert recorded(whole) == ids(1, 8, 9, 10), "the first one is what there was at all"
    assert set(judged(whole)) == set(recorded(whole))
    with reading(whole.engine) as connection:
        there = set(connection.execute(select(schemas.c.version_seq)).scalars())
    assert there == {1, 8, 9, 10}
    assert (answers(whole), learned(whole)) == (before, known)
    assert gone(whole, VERSIONS) == Forgotten()


def test_records_stay_of_what_is_young_can_be_put_back_or_was_made_by_a_run_that_is_there(whole: Ledger) -> None:
    sum_points_up(whole, newest=0)
    with writing(whole.engine) as connection:
        connection.execute(update(versions).where(versions.c.id == "m2").values(materialized_at=whole.now))
        connection.execute(update(versions).where(versions.c.id == "m3").values(removed_at=None))
        connection.execute(
            insert(steps).values(
                run_id="run-0", position=0, asset="orders", partition="", status="published", reason="r",
                materialization_id="m4",
            )
        )  # fmt: skip
    gone(whole, VERSIONS)
    assert recorded(whole) == ids(1, 2, 3, 4, 9, 10)


def test_what_could_be_put_forward_again_stays(whole: Ledger) -> None:
    """What was rolled back later than what readers see is not made again: a run knows it by its record."""
    sum_points_up(whole, newest=0)
    with writing(whole.engine) as connection:
        connection.execute(
            update(versions).where(versions.c.seq > 5).values(status="rolled_back", removed_at=whole.now)
        )
        connection.execute(update(versions).where(versions.c.id == "m5").values(status="published"))
    gone(whole, VERSIONS, newest=1)
    assert recorded(whole) == ids(1, 5, 6, 7, 8, 9, 10)


def test_the_columns_changed_when_they_did(state_url: str) -> None:
    with ledger(state_url, whole_asset()) as made:
        for columns in (("id", "name"), ("id", "name"), ("id", "name", "age"), ("id", "name", "age"), ("id", "name")):
            for _ in range(3):
                made.version(None, columns=columns)
        made.now += timedelta(days=7)
        resolve(made)
        remove_data(made)
        sum_points_up(made, newest=0)

        def timeline() -> tuple[schema.SchemaPoint, ...]:
            with reading(made.engine) as connection:
                return schema.schema_timeline(connection, ORDERS, 100)

        before = timeline()
        assert len(before) == 3
        assert gone(made, VERSIONS, newest=1).version_records > 5
        assert timeline() == before


def test_numbers_of_evaluations_are_given_to_no_other(whole: Ledger) -> None:
    with writing(whole.engine) as connection:
        last = connection.execute(select(func.max(evaluations.c.id))).scalar_one()
        connection.execute(update(evaluations).where(evaluations.c.id == last).values(materialization_id="m2"))
    sum_points_up(whole, newest=0)
    gone(whole, Records(evaluations=DAY, versions=DAY))
    with reading(whole.engine) as connection:
        assert connection.execute(select(func.max(evaluations.c.id))).scalar_one() == last


def test_what_a_crash_leaves_goes_the_next_time(whole: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("observer.outlived._AT_ONCE", 3)
    sum_points_up(whole, newest=0)
    known = answers(whole), learned(whole)

    def dying(looks: int) -> None:
        left = iter([True] * looks)

        def dies() -> bool:
            if next(left, None) is None:
                raise KeyboardInterrupt
            return True

        clock = Clock(now=lambda: whole.now, wall=lambda: whole.now)
        with pytest.raises(KeyboardInterrupt):
            forget(
                whole.engine, Records(evaluations=DAY, versions=DAY), "local", clock, dies,
                assets=whole.observer.graph, newest=2,
            )  # fmt: skip

    dying(1)
    assert set(judged(whole)) == set(ids(*range(4, 11)))
    assert recorded(whole) == ids(*range(1, 11))
    assert (answers(whole), learned(whole)) == known
    gone(whole, EVALUATIONS)
    dying(2)
    assert recorded(whole) == ids(1, *range(5, 11)), "three went; the first stays"
    assert (answers(whole), learned(whole)) == known
    assert gone(whole, VERSIONS) == Forgotten(version_records=4)
    assert recorded(whole) == ids(1, 9, 10)


def test_the_next_version_is_judged_alike(state_url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two ledgers with the same past; of one what may go is gone."""
    beside = f"sqlite:///{tmp_path_factory.mktemp('beside') / 'state.db'}"
    said = []
    for url, lets_go in ((state_url, True), (beside, False)):
        with ledger(url, whole_asset()) as made:
            for n in range(30):
                made.version(None, nulls=0.01 + 0.001 * (n % 3), rows=1000.0 + 7 * (n % 5))
            made.now += timedelta(days=7)
            if lets_go:
                remove_data(made)
                sum_points_up(made, newest=400)
                done = gone(made, Records(evaluations=DAY, versions=DAY), newest=2)
                assert done.evaluations
                assert not done.version_records, "detectors learn from their points"
            said.append([made.version(None, nulls=nulls) for nulls in (0.011, 0.4, 0.011)])
            said[-1].append(tuple(made.incidents()))  # type: ignore[arg-type]
    assert said[0] == said[1]
    assert [one.outcome for one in said[0][:3]] == ["open", "held", "open"]
