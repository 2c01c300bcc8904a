from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

import observer as ob
from observer.errors import StateError, UnknownName
from observer.model import EvaluationStatus, IncidentStatus, Severity
from observer.projecting import Projection
from observer.reads.base import Reads
from observer.reads.catalog_model import Question
from observer.reads.incident_model import Baseline
from observer.reads.model import State
from observer.reads.run_model import RunsWanted
from observer.reads.stored import StoredReads
from observer.store.tables import evaluations, incidents
from orchestration.database import writing
from orchestration.errors import PartitionError
from orchestration.events import Event, EventKind
from orchestration.log import append
from orchestration.model import Address, AssetKey, GateOutcome, StepStatus, VersionStatus
from orchestration.tables import runs, versions
from tests.unit.observer.reads.conftest import MakeStore
from tests.unit.observer.reads.made import (
    FAILED,
    LEARNING,
    NOW,
    PASSED,
    UNKNOWN,
    WARNED,
    Store,
    asset,
    counted,
    day,
    morning,
)
from tests.unit.observer.reads.made import shop as shop_assets


def test_it_is_reads(shop: Store) -> None:
    reads: Reads = shop.reads
    assert isinstance(reads, StoredReads)


# ---------------------------------------------------------------- now


def test_before_any_run_it_says_so_and_how_to_begin(shop: Store) -> None:
    page = shop.reads.now()
    assert page.sentence == (
        "Nothing has been materialized yet: 5 assets defined; begin with tidegate run '*' --partition 2024-03-09"
    )
    assert page.since is None
    assert page.runs == page.incidents == ()
    assert (page.project, page.environment, page.timezone) == ("shop", "test", "UTC")


def test_it_is_calm_when_nothing_is_wrong(shop: Store) -> None:
    for asset_of_it in shop.project.graph:
        shop.version(asset_of_it.key, day(9) if asset_of_it.partitions else None, at=NOW - timedelta(seconds=8))
    assert shop.reads.now().sentence == "Everything is healthy: 5 assets, last checked 8 s ago"
    shop.version("rates", verdicts={"row_count": WARNED}, at=NOW - timedelta(seconds=8))
    assert shop.reads.now().sentence == "Nothing is held or failing: 1 asset warned, 4 healthy, last checked 8 s ago"


def test_the_sentence_says_what_is_broken_and_since_when(shop: Store) -> None:
    for key in ("orders", "totals", "report"):
        shop.version(key, day(7), at=morning(7))
    for key in ("model", "rates"):
        shop.version(key, at=morning(8))
    shop.held("orders", day(9), at=NOW - timedelta(minutes=1))
    page = shop.reads.now()
    assert page.sentence == "1 asset held, 2 blocked downstream, since 05:59; 2 healthy"
    assert [row.key for row in page.assets][:3] == ["orders", "totals", "report"], "worst first, then upstream first"
    assert dict(page.counts)[State.BLOCKED] == 2
    assert [state for state, _ in page.counts] == list(State)


def test_since_goes_back_over_the_days_without_a_gap(shop: Store) -> None:
    shop.held("orders", day(5), at=morning(5))
    shop.version("orders", day(6), at=morning(6))
    shop.held("orders", day(7), at=morning(7))
    shop.held("orders", day(8), at=morning(8))
    assert shop.reads.now().since == morning(7)
    assert "since 8 Mar 06:00" in shop.reads.now().sentence


# ---------------------------------------------------------------- incidents


def test_incidents_are_worst_first(shop: Store) -> None:
    shop.version("orders", day(8), at=morning(8))
    version = shop.held("orders", day(9))
    warning = shop.incident("orders", day(9), version, severity=Severity.WARN, affected=("a", "b", "c"))
    small = shop.incident("orders", day(9), version, at=NOW, affected=("totals",))
    large = shop.incident("orders", day(9), version, at=NOW - timedelta(days=1), affected=("totals", "report"))
    older = shop.incident("orders", day(9), version, at=NOW - timedelta(days=2), affected=("totals",))
    shop.incident("orders", day(9), version, status=IncidentStatus.RESOLVED)
    found = shop.reads.now().incidents
    assert [row.id for row in found] == [large, small, older, warning]
    assert found[0].owners == ("ops@example.com",)
    assert found[0].last_good == day(8)


def test_now_lists_the_worst_incidents_whatever_their_age(shop: Store) -> None:
    version = shop.held("orders", day(9))
    old = shop.incident("orders", day(9), version, at=NOW - timedelta(days=9), affected=("totals", "report"))
    newer = [shop.incident("orders", day(9), version, affected=("totals",)) for _ in range(25)]
    shop.incident("orders", day(9), version, severity=Severity.WARN, affected=("totals", "report", "model"))
    page = shop.reads.now()
    assert page.unresolved == 27
    assert len(page.incidents) == 20
    assert page.incidents[0].id == old
    assert {row.id for row in page.incidents[1:]} < set(newer), "of severity error before any that only warns"


def test_an_incident_says_whether_there_was_anything_to_compare_with(shop: Store) -> None:
    first = shop.held("orders", day(7), at=morning(7))
    alone = shop.incident("orders", day(7), first, at=morning(7))
    shop.version("orders", day(8), at=morning(8))
    bad = shop.held("orders", day(9))
    after = shop.incident("orders", day(9), bad)
    apart = shop.incident("orders", day(9), "run:run7")
    pages = [shop.reads.incident(number) for number in (alone, after, apart)]
    assert [page.baseline for page in pages if page] == [Baseline.NONE, Baseline.GOOD, Baseline.NO_VERSION]


def test_the_rows_of_an_asset_that_learns_say_how_much_is_missing(shop: Store) -> None:
    shop.version("orders", day(9), verdicts={"row_count": LEARNING})
    page = shop.reads.asset("orders")
    assert page is not None
    assert (page.cells[3].state, page.cells[3].detail) == (State.LEARNING, "too little history")


def test_the_sparkline_ends_with_the_bad_point(shop: Store) -> None:
    for number, value in ((5, 0.1), (6, 0.2), (7, 0.9), (8, 0.3)):
        shop.version(
            "orders", day(number), at=morning(number), verdicts={"null_rate(price)": PASSED},
            observed={"null_rate(price)": value},
        )  # fmt: skip
    bad = shop.held("orders", day(7), at=morning(8))
    number = shop.incident("orders", day(7), bad)
    page = shop.reads.incident(number)
    assert page is not None
    assert page.incident.sparkline == (0.1, 0.2, 0.5)
    assert shop.reads.incident(number + 1) is None
    assert shop.reads.incident(-1) is None
    assert shop.reads.incident(2**70) is None


WALL = datetime(2026, 1, 1, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (None, "no channel wants it"),
        ({}, "ops: 1 message waits"),
        ({"delivered_at": WALL, "next_attempt_at": None, "attempts": 1}, "ops delivered 06:00"),
        ({"attempts": 2, "last_error": "refused"}, "ops: 1 message waits, tried 2 times: refused"),
        ({"attempts": 8, "last_error": "410", "next_attempt_at": None}, "ops: given up after 8 tries: 410"),
    ],
)
def test_who_was_told(shop: Store, message: dict[str, object] | None, said: str) -> None:
    number = shop.incident("orders", day(9), shop.held("orders", day(9)), message=message)
    page = shop.reads.incident(number)
    assert page is not None
    assert page.incident.notified == said
    assert len(page.messages) == (message is not None)


# ---------------------------------------------------------------- the gate


def test_the_gate_of_what_never_ran(shop: Store) -> None:
    answer = shop.reads.gate("orders", day(9))
    assert answer is not None
    assert (answer.outcome, answer.sentence) == ("none", "orders 2024-03-09 was never materialized")
    shop.step("totals", day(9), StepStatus.BLOCKED, blocked_by="orders", reason="orders 2024-03-09 is held")
    blocked = shop.reads.gate("totals", day(9))
    assert blocked is not None
    assert (blocked.outcome, blocked.sentence) == (
        "blocked",
        "blocked: orders 2024-03-09 is held; it was never materialized",
    )


def test_an_unknown_asset_is_none_and_no_partition_is_an_error(shop: Store) -> None:
    assert shop.reads.gate("order", None) is None
    with pytest.raises(PartitionError, match="isn't a daily partition"):
        shop.reads.gate("orders", "yesterday")
    with pytest.raises(PartitionError, match="leave the partition"):
        shop.reads.gate("rates", day(9))


def test_a_held_gate_says_why_and_what_readers_keep(shop: Store) -> None:
    shop.version("orders", day(8), at=morning(8))
    version = shop.held("orders", day(9))
    number = shop.incident("orders", day(9), version)
    answer = shop.reads.gate("orders", None)
    assert answer is not None
    assert answer.sentence == "held: Null rate of price 50 %; readers keep 2024-03-08"
    assert (answer.partition, answer.outcome, answer.readers_see) == (day(9), "held", day(8))
    assert (answer.incident_id, answer.materialization_id, answer.holds) == (number, version, ("null_rate(price)",))
    assert answer.decided_at == NOW


def test_a_held_repeat_leaves_the_good_version(shop: Store) -> None:
    shop.version("orders", day(8), at=morning(8))
    shop.held("orders", day(8))
    answer = shop.reads.gate("orders", day(8))
    assert answer is not None
    assert answer.sentence.endswith("readers keep the version of 2024-03-09 06:00")
    shop.held("orders", day(7))
    older = shop.reads.gate("orders", day(7))
    assert older is not None
    assert older.sentence.endswith("readers see up to 2024-03-08, without this partition")


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (
            {"null_rate(price)": PASSED, "unique(id)": PASSED, "row_count": WARNED},
            "2 of 2 checks and monitors of severity error passed, 1 warned",
        ),
        (
            {"null_rate(price)": LEARNING, "unique(id)": PASSED, "row_count": LEARNING},
            "1 of 2 checks and monitors of severity error passed, 1 still learning",
        ),
        (
            {"row_count": PASSED, "duration": UNKNOWN},
            "nothing that could hold it is declared, 1 of 2 monitors and checks passed, 1 could not be judged",
        ),
        ({}, "nothing was checked"),
    ],
)
def test_an_open_gate_says_what_passed(shop: Store, verdicts: dict[str, EvaluationStatus], said: str) -> None:
    shop.version("orders", day(9), verdicts=verdicts)
    answer = shop.reads.gate("orders", None)
    assert answer is not None
    assert answer.sentence == f"open: 2024-03-09 was published at 2024-03-10 06:00, {said}"


def test_a_release_and_an_override_are_said(shop: Store) -> None:
    shop.version("orders", day(9), released=True, reasons=("released by ana: it is right",))
    answer = shop.reads.gate("orders", None)
    assert answer is not None
    assert answer.sentence.startswith("open: 2024-03-09 was released by ana: it is right (")
    until = NOW + timedelta(hours=2)
    shop.held("orders", day(9), "holiday", outcome=GateOutcome.OPEN_BY_OVERRIDE, expires_at=until)
    over = shop.reads.gate("orders", None)
    assert over is not None
    assert (over.outcome, over.expires_at) == ("open_by_override", until)
    assert over.sentence == "open by override of policy until 2024-03-10 08:00: holiday"
    shop.held("orders", day(9), "holiday", outcome=GateOutcome.OPEN_BY_OVERRIDE, expires_at=NOW)
    ended = shop.reads.gate("orders", None)
    assert ended is not None
    assert ended.outcome == "held"


# ---------------------------------------------------------------- a run


def test_a_run_with_its_steps(shop: Store) -> None:
    ran = shop.step(
        "orders", day(9), StepStatus.HELD, offset_s=0.2, duration_s=1.0, execute_s=0.4, gate_s=0.5, note="a note"
    )  # fmt: skip
    page = shop.reads.run(ran)
    assert page is not None
    assert page.sentence == "1 held in 1.2 s"
    assert (page.steps[0].start_s, page.steps[0].note) == (0.2, "a note")
    blocked = shop.reads.run(shop.step("totals", day(9), StepStatus.BLOCKED, offset_s=0.3, duration_s=0.0))
    assert blocked is not None
    assert blocked.steps[0].start_s is None, "it never started"
    assert shop.reads.run("nothing") is None
    assert shop.reads.run("null\0byte") is None
    assert [run.id for run in shop.reads.now().runs] == [blocked.run.id, ran]


def test_a_cancelled_run_and_the_one_that_resumes_it(shop: Store) -> None:
    first = shop.step("orders", day(9), StepStatus.CANCELLED)
    second = shop.step("orders", day(9), StepStatus.PUBLISHED, offset_s=0.0, duration_s=1.0)
    with writing(shop.project.engine) as connection:
        asked = {"status": "cancelled", "cancel_by": "ana", "cancel_reason": "wrong", "cancel_asked_at": NOW}
        connection.execute(update(runs).where(runs.c.id == first).values(**asked))
        connection.execute(update(runs).where(runs.c.id == second).values(resumes=first))
    page, other = shop.reads.run(first), shop.reads.run(second)
    assert page is not None
    assert other is not None
    assert page.sentence.startswith("cancelled: 1 cancelled")
    assert (str(page.cancellation), page.resumed_by, page.resumes) == ("cancelled by ana: wrong", second, None)
    assert (other.cancellation, other.resumed_by, other.resumes) == (None, None, first)


def test_a_step_that_was_cancelled_before_it_began_leaves_its_asset_as_it_was(shop: Store) -> None:
    shop.step("orders", day(9), StepStatus.FAILED, error="it broke")
    before = next(row for row in shop.reads.now().assets if row.key == "orders")
    assert before.state is State.FAILING
    shop.step("orders", day(9), StepStatus.CANCELLED)
    after = next(row for row in shop.reads.now().assets if row.key == "orders")
    assert (after.state, after.text) == (before.state, before.text)


# ---------------------------------------------------------------- an asset


def test_an_asset_without_a_past(shop: Store) -> None:
    page = shop.reads.asset("orders")
    assert page is not None
    assert page.state is State.NEVER
    assert page.gate.outcome == "none"
    assert [cell.state for cell in page.cells] == [State.NEVER] * 4
    assert (page.heatmap, page.schema, page.versions) == (None, (), ())
    assert [m.id for m in page.monitors] == ["null_rate(price)", "row_count", "duration", "arrival"]
    assert page.monitors[0].sentence == "Null rate of price has not been measured yet"
    assert [(c.name, c.status) for c in page.checks] == [("unique(id)", None)]
    assert page.upstream == ()
    assert [near.key for near in page.downstream] == ["totals"]
    assert shop.reads.asset("order") is None


def test_monitors_are_worst_first_with_the_band_as_stored(shop: Store) -> None:
    shop.version(
        "orders", day(8), at=morning(8),
        verdicts={"null_rate(price)": PASSED, "row_count": PASSED, "unique(id)": PASSED},
        observed={"null_rate(price)": 0.1, "row_count": 90.0, "duration": 0.5},
    )  # fmt: skip
    shop.held(
        "orders", day(9), verdicts={"null_rate(price)": FAILED, "row_count": WARNED, "unique(id)": PASSED},
        observed={"null_rate(price)": 0.5, "row_count": None, "duration": 0.6},
    )  # fmt: skip
    page = shop.reads.asset("orders")
    assert page is not None
    assert [(m.id, m.status) for m in page.monitors] == [
        ("null_rate(price)", FAILED),
        ("row_count", WARNED),
        ("duration", None),
        ("arrival", None),
    ]
    first, second = page.monitors[0].points
    assert (first.value, first.lower, first.upper, first.excluded) == (0.1, 0.0, 0.2, False)
    assert (second.value, second.excluded, second.direction, second.partition) == (0.5, True, "high", day(9))
    assert page.monitors[0].trained_from == datetime(1970, 1, 1, tzinfo=UTC)
    assert page.monitors[1].points[-1].value is None, "missing is never zero"
    assert page.monitors[2].points[0].sentence == "Duration 0.5 s; not judged"
    assert [(c.name, [x.partition for x in c.cells]) for c in page.checks] == [("unique(id)", [day(8), day(9)])]
    assert page.gate.held_partitions == (day(9),)
    assert page.gate.release_command == 'tidegate release orders --partition 2024-03-09 --reason "..."'
    assert page.cells[1].value == "1 of 3 passed"
    assert page.cells[1].detail == "null_rate(price) failed, row_count warned"


def test_a_monitor_whose_column_is_gone_is_unknown(shop: Store) -> None:
    shop.version(
        "orders", day(8), at=morning(8), verdicts={"null_rate(price)": PASSED}, observed={"null_rate(price)": 0.1}
    )
    shop.version("orders", day(9), verdicts={"null_rate(price)": UNKNOWN}, observed={})
    page = shop.reads.asset("orders")
    assert page is not None
    assert page.monitors[0].status is UNKNOWN
    assert [p.value for p in page.monitors[0].points] == [0.1, None]


def test_a_default_monitor_of_what_is_not_there_is_left_out(shop: Store) -> None:
    shop.version("model", rows=None, verdicts={"duration": PASSED}, observed={"duration": 1.0, "row_count": None})
    page = shop.reads.asset("model")
    assert page is not None
    assert [m.id for m in page.monitors] == ["duration"]
    assert page.cells[3].value == "–"


def test_versions_say_why_they_are_held_or_out(shop: Store) -> None:
    released = shop.version("orders", day(7), VersionStatus.SUPERSEDED, at=morning(7), released=True)
    with writing(shop.project.engine) as connection:
        detail = {"version": released, "by": "ana", "reason": "it is right"}
        address = Address(AssetKey("orders"), day(7))
        append(connection, Event(at=NOW, kind=EventKind.VERSION_RELEASED, address=address, detail=detail))
    shop.version("orders", day(8), VersionStatus.DISCARDED, at=morning(8), verdicts={"null_rate(price)": FAILED})
    shop.held("orders", day(9), "because")
    page = shop.reads.asset("orders")
    assert page is not None
    assert [(v.status, v.sentence) for v in page.versions] == [
        ("held", "because"),
        ("discarded", "null_rate(price) failed"),
        ("superseded", "released by ana: it is right"),
    ]


def test_a_later_verdict_takes_the_place_of_the_first(shop: Store) -> None:
    from sqlalchemy import insert, select

    from observer.store.tables import evaluations

    shop.version("orders", day(9), verdicts={"row_count": WARNED})
    with writing(shop.project.engine) as connection:
        row = dict(connection.execute(select(evaluations)).one()._mapping)
        row |= {"id": row["id"] + 1, "status": "passed", "sentence": "now it passes"}
        connection.execute(insert(evaluations).values(**row))
    assert shop.reads.now().assets[0].state is not State.WARNED
    page = shop.reads.asset("orders")
    assert page is not None
    assert page.monitors[0].sentence == "now it passes"


# ---------------------------------------------------------------- all of it


def _fill(store: Store, days: int) -> str:
    for number in range(1, days + 1):
        for key in ("orders", "totals"):
            store.version(
                key, day(number), at=morning(number), verdicts={"row_count": PASSED, "null_rate(price)": PASSED},
                observed={"row_count": 5.0, "null_rate(price)": 0.1, "null_rate(id)": 0.0, "duration": 0.1},
            )  # fmt: skip
    version = store.held("orders", day(days + 1), at=NOW)
    for _ in range(days):
        store.incident("orders", day(days + 1), version, message={})
    return version


QUESTIONS: dict[str, Callable[[StoredReads], object]] = {
    "now": lambda reads: reads.now(),
    "states": lambda reads: reads.states(),
    "assets": lambda reads: reads.assets(("orders", "totals")),
    "catalog": lambda reads: reads.catalog(Question(select="status:held or status:never", state=State.HELD)),
    "asset": lambda reads: reads.asset("orders"),
    "incident": lambda reads: reads.incident(1),
    "incidents": lambda reads: reads.incidents(),
    "run": lambda reads: reads.run("run1"),
    "run_lines": lambda reads: reads.run_lines(RunsWanted(select="orders")),
    "schedules": lambda reads: reads.schedules(),
    "gate": lambda reads: reads.gate("orders", None),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_number_of_statements_does_not_depend_on_how_much_there_is(make: MakeStore, question: str) -> None:
    small, large = make(), make(*make().project.graph, *(asset(f"more{n}", "orders") for n in range(40)))
    _fill(small, 1)
    _fill(large, 8)
    for n in range(40):
        large.held(f"more{n}", day(9))
    numbers = []
    for store in (small, large):
        with counted(store.project) as said:
            assert QUESTIONS[question](store.reads) is not None
        numbers.append(sum(not text.startswith("BEGIN") for text in said))
    assert (
        numbers[0]
        == numbers[1]
        <= {
            "now": 19,
            "states": 8,
            "assets": 8,
            "catalog": 9,
            "asset": 25,
            "incident": 10,
            "incidents": 6,
            "run": 6,
            "run_lines": 10,
            "schedules": 11,
            "gate": 6,
        }[question]
    )


def test_an_asset_that_has_gone_takes_as_many_statements_whatever_is_known_of_it(make: MakeStore) -> None:
    numbers = []
    for days in (1, 8):
        store = make()
        _fill(store, days)
        with writing(store.project.engine) as connection:
            for table in (versions, evaluations, incidents):
                connection.execute(update(table).where(table.c.asset == "orders").values(asset="gone"))
        with counted(store.project) as said:
            page = store.reads.left("gone")
        assert page is not None
        assert len(page.versions) == days + 1
        assert page.incidents
        numbers.append(sum(not text.startswith("BEGIN") for text in said))
    assert numbers[0] == numbers[1] <= 8


@pytest.mark.parametrize("question", ["now", "states", "assets", "catalog"])
def test_where_rows_lead_fewer_statements_are_enough(make: MakeStore, question: str) -> None:
    numbers = []
    for many in (25, 125):
        store = make(*shop_assets(), *(asset(f"more{n}", "rates", partitions=None) for n in range(many)))
        _fill(store, 2)
        Projection(store.project.engine).bring_up(store.project.graph, NOW)
        with counted(store.project) as said:
            QUESTIONS[question](store.reads)
        numbers.append(sum(not text.startswith("BEGIN") for text in said))
    assert numbers[0] == numbers[1] <= {"now": 16, "states": 5, "assets": 6, "catalog": 7}[question]


def test_every_question_on_both_databases(everywhere: Store) -> None:
    version = _fill(everywhere, 2)
    answers = {name: ask(everywhere.reads) for name, ask in QUESTIONS.items()}
    assert None not in answers.values()
    page = everywhere.reads.now()
    assert page.sentence == "1 asset held, 2 blocked downstream, since 06:00; 2 never materialized"
    assert page.incidents[0].sparkline == (0.1, 0.1, 0.5)
    gate = everywhere.reads.gate("orders", None)
    assert gate is not None
    assert gate.materialization_id == version
    assert everywhere.reads.run("null\0byte") is None
    assert everywhere.reads.incident(2**70) is None


def test_a_store_that_does_not_answer(shop: Store) -> None:
    from orchestration.tables import versions

    versions.drop(shop.project.engine)
    for name in ("now", "asset", "gate"):
        with pytest.raises(StateError, match="no such table"):
            QUESTIONS[name](shop.reads)


# ---------------------------------------------------------------- parts of partitions


def test_each_region_of_a_day_has_a_series_and_a_verdict_of_its_own(make: MakeStore) -> None:
    regions = ob.multi(day=ob.daily(start="2024-01-01"), region=ob.static("EU", "US"))
    store = make(asset("sales", partitions=regions))
    for number in (8, 9):
        for region, rows in (("EU", 10 + number), ("US", 500 + number)):
            store.version("sales", f"day={day(number)}|region={region}", rows=rows, observed={"row_count": rows})
    store.held("sales", f"day={day(10)}|region=EU", observed={"row_count": 0.0}, verdicts={"row_count": FAILED})

    page = store.reads.asset("sales")

    assert page is not None
    counts = {one.part: one for one in page.monitors if one.id == "row_count"}
    assert {part: [point.value for point in one.points] for part, one in counts.items()} == {
        "region=EU": [18, 19, 0],
        "region=US": [508, 509],
    }
    assert {part: one.status for part, one in counts.items()} == {"region=EU": FAILED, "region=US": PASSED}
    assert counts["region=EU"].title == "Rows · region=EU"


# ---------------------------------------------------------------- level, season, remainder


def test_a_series_taken_apart_adds_up_and_what_is_held_bends_nothing(shop: Store) -> None:
    for number in range(1, 32):
        rows = 1000 + number + (300 if number % 7 == 0 else 0)
        shop.version("orders", f"2024-01-{number:02}", rows=rows, observed={"row_count": rows})
    for number in range(1, 8):
        rows = 1031 + number + (300 if (31 + number) % 7 == 0 else 0)
        shop.version("orders", f"2024-02-{number:02}", rows=rows, observed={"row_count": rows})
    shop.held("orders", "2024-02-08", observed={"row_count": 0.0}, verdicts={"row_count": FAILED})

    (found,) = shop.reads.decomposed("orders", "row_count")

    assert (found.title, found.part, found.unit, found.periods) == ("Rows of orders", "", "rows", (7,))
    assert all(abs(p.level + p.season + (p.remainder or 0.0) - (p.value or 0.0)) < 1e-6 for p in found.points)
    last = found.points[-1]
    assert (last.partition, last.excluded) == ("2024-02-08", True)
    assert last.level > 1000
    assert shop.reads.decomposed("rates", "row_count") == ()
    with pytest.raises(UnknownName, match="row_count"):
        shop.reads.decomposed("orders", "row_cuont")
