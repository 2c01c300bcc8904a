"""One monitor over a stretch of time, from a real store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

import observer as ob
from observer.assets import Quality
from observer.errors import StateError
from observer.model import Feedback, FeedbackKind, IncidentStatus
from observer.reads import monitor as monitor_reads
from observer.reads.monitor_model import HappeningKind, Happenings, MonitorPage, Unread
from observer.store import feedback as feedback_store
from observer.store.tables import incidents
from orchestration.database import writing
from orchestration.events import Event, EventKind
from orchestration.log import append
from orchestration.model import Address, AssetKey, VersionStatus
from orchestration.tables import versions
from tests.unit.observer.reads.conftest import MakeStore
from tests.unit.observer.reads.made import FAILED, PASSED, UNKNOWN, WARNED, Store, asset, counted, day, morning

NULLS = "null_rate(price)"


def fill(store: Store, last: int = 9) -> None:
    """A week of orders: a storm on the 6th, nothing measured on the 7th."""
    for number in range(1, last):
        value = None if number == 7 else 0.6 if number == 6 else 0.1 + number / 100
        status = UNKNOWN if number == 7 else WARNED if number == 6 else PASSED
        store.version(
            "orders",
            day(number),
            at=morning(number),
            verdicts={NULLS: status},
            observed={NULLS: value, "row_count": 100},
        )


def page(store: Store, name: str = NULLS, **more: object) -> MonitorPage:
    found = store.reads.monitor("orders", name, **more)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_everything_of_a_short_series_is_shown(everywhere: Store) -> None:
    fill(everywhere)
    found = page(everywhere)
    assert [point.partition for point in found.series.points] == [day(n) for n in range(1, 9)]
    assert found.stretch.whole
    assert (found.stretch.points, found.alarms, found.judged) == (8, 1, 7)
    assert [point.partition for point in found.unknown] == [day(7)]
    assert found.made[0] == morning(1)
    assert found.declared
    assert found.declaration == 'ob.monitor("null_rate", column="price", severity="error")'
    assert found.series.points[5].upper == 0.2, "the range as it was stored"


def test_a_time_is_cut_out_with_both_ends_and_the_week_before(shop: Store) -> None:
    fill(shop)
    since, until = datetime(2024, 3, 3, tzinfo=UTC), datetime(2024, 3, 5, tzinfo=UTC)
    found = page(shop, since=since, until=until)
    assert [point.partition for point in found.series.points] == [day(3), day(4), day(5)]
    assert [point.partition for point in found.week_before] == [day(1), day(2)]
    assert not found.stretch.whole
    assert (found.stretch.first, found.stretch.last) == (
        datetime(2024, 3, 1, tzinfo=UTC),
        datetime(2024, 3, 8, tzinfo=UTC),
    )
    later = page(shop, since=until + timedelta(days=30))
    assert later.series.points == ()
    assert later.stretch.points == 8


def test_names_that_are_none_are_none(shop: Store) -> None:
    fill(shop)
    assert shop.reads.monitor("orders", "null_rate(prise)") is None
    assert shop.reads.monitor("orders", "schema") is None
    assert shop.reads.monitor("orderz", NULLS) is None
    assert shop.reads.monitor("orders", "unique(id)") is None, "a check is no monitor"
    assert shop.reads.has("orders")
    assert not shop.reads.has("orderz")


def test_a_monitor_that_has_left_the_project_keeps_its_past(shop: Store) -> None:
    shop.version("orders", day(1), at=morning(1), verdicts={"mean(price)": WARNED}, observed={"mean(price)": 7.0})
    found = page(shop, "mean(price)")
    assert not found.declared
    assert found.declaration == ""
    assert [point.value for point in found.series.points] == [7.0]


def test_of_a_declared_monitor_without_a_point_there_is_a_page(shop: Store) -> None:
    found = page(shop)
    assert found.series.points == ()
    assert found.stretch.first is None
    assert found.decomposed is None


@pytest.mark.parametrize(
    ("status", "taken_up"),
    [(IncidentStatus.OPEN, False), (IncidentStatus.ACKNOWLEDGED, True), (IncidentStatus.RESOLVED, True)],
)
def test_what_somebody_has_taken_up_is_told_apart(shop: Store, status: IncidentStatus, taken_up: bool) -> None:
    fill(shop)
    version = shop.held("orders", day(9), at=morning(9))
    number = shop.incident("orders", day(9), version, subject=NULLS)
    with writing(shop.project.engine) as connection:
        connection.execute(update(incidents).where(incidents.c.id == number).values(status=status.value))
    assert [point.taken_up for point in page(shop).series.points] == [False] * 8 + [taken_up]
    whole = shop.reads.asset("orders")
    assert whole is not None
    drawn = next(one for one in whole.monitors if one.id == NULLS)
    assert [point.taken_up for point in drawn.points] == [False] * 8 + [taken_up], "as on the asset's page"


def test_what_happened_beside_the_data_is_told(shop: Store) -> None:
    fill(shop)
    with writing(shop.project.engine) as connection:
        where = versions.update().where(versions.c.partition.in_([day(4), day(5), day(6), day(7), day(8)]))
        connection.execute(where.values(code_version="d"))
        connection.execute(versions.update().where(versions.c.partition >= day(6)).values(code_version="d+1"))
        newest = connection.execute(versions.select().order_by(versions.c.seq.desc()).limit(1)).one()
        detail = {
            "version": newest.id, "change": "added", "column": "tax", "before": None, "after": "double",
            "severity": "warn",
        }  # fmt: skip
        where_of_it = Address(AssetKey("orders"), day(8))
        append(connection, Event(at=morning(8), kind=EventKind.SCHEMA_CHANGED, address=where_of_it, detail=detail))
        said = Feedback(
            id=0, asset=AssetKey("orders"), partition=day(2), materialization_id="v", version_seq=2, subject=NULLS,
            kind=FeedbackKind.NEW_NORMAL, data_at=datetime(2024, 3, 2, tzinfo=UTC), made_at=morning(2), at=morning(8),
            by="ana", reason="r",
        )  # fmt: skip
        feedback_store.add(connection, said)
    shop.version("orders", day(3), at=morning(9), verdicts={NULLS: PASSED}, observed={NULLS: 0.1})
    told = page(shop).happenings
    assert isinstance(told, Happenings)
    others = [(one.kind, one.partition, one.sentence) for one in told.shown if one.kind is not HappeningKind.RUN]
    assert others == [
        (HappeningKind.BASELINE, day(2), "a new normal begins, says ana"),
        (HappeningKind.BACKFILL, day(3), "1 partition made later, or again"),
        (HappeningKind.CODE, day(3), "its code changed"),
        (HappeningKind.CODE, day(4), "its code changed"),
        (HappeningKind.CONFIG, day(6), "its settings changed"),
        (HappeningKind.SCHEMA, day(8), "tax was added (double)"),
    ]
    assert sum(one.kind is HappeningKind.RUN for one in told.shown) == 9


def test_how_often_it_was_right_and_of_which_incidents_nobody_said(shop: Store) -> None:
    fill(shop)
    version = shop.held("orders", day(9), at=morning(9))
    shop.incident("orders", day(9), version, subject=NULLS)
    shop.incident("orders", day(9), version, subject="row_count")
    found = page(shop).precision
    assert found is not None
    assert not isinstance(found, Unread)
    assert (found.open, found.precision) == (1, None)
    assert page(shop, "row_count").precision is not None
    assert page(shop, "duration").precision is None


def test_a_part_that_fails_says_so_and_leaves_the_rest(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(shop)

    def fails(*_: object, **__: object) -> None:
        raise StateError("the state database does not answer")

    monkeypatch.setattr(monitor_reads, "happenings", fails)
    found = page(shop)
    assert found.happenings == Unread(why="the state database does not answer")
    assert len(found.series.points) == 8


def test_an_incident_says_which_of_its_subjects_are_monitors(shop: Store) -> None:
    version = shop.held("orders", day(9), verdicts={NULLS: FAILED, "unique(id)": FAILED})
    of_monitor, of_check = (shop.incident("orders", day(9), version, subject=one) for one in (NULLS, "unique(id)"))
    both = [shop.reads.incident(number) for number in (of_monitor, of_check)]
    assert [one.monitors for one in both if one is not None] == [(NULLS,), ()]


def test_each_segment_is_a_monitor_of_its_own(make: MakeStore) -> None:
    watched = ob.monitor("row_count", segment="carrier")
    store = make(asset("flights", monitors=[watched]))
    assert isinstance(store.project.graph.asset("flights").attachments[0], Quality)
    assert store.reads.monitor("flights", "row_count[carrier=UA]") is None


def test_it_takes_a_fixed_number_of_statements(shop: Store) -> None:
    fill(shop, last=4)
    with counted(shop.project) as few:
        page(shop)
    for number in range(4, 9):
        shop.version("orders", day(number), at=morning(number), verdicts={NULLS: FAILED}, observed={NULLS: 0.5})
    shop.version("orders", day(8), VersionStatus.HELD, at=morning(9), verdicts={NULLS: FAILED}, observed={NULLS: 0.5})
    with counted(shop.project) as many:
        page(shop)
    assert len(many) <= len(few) <= 40
