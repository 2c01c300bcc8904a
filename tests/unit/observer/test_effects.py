"""Monitors that compare a version with what is kept of those before it: the whole way, on real runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

import observer as ob
from observer.backtests.report import backtest
from observer.errors import CheckError
from observer.history import StoredPoint
from observer.marking import mark
from observer.model import EvaluationStatus, FeedbackKind
from observer.project import Project
from observer.reads.distribution import timeline
from observer.reads.model import MonitorSeries
from observer.reads.watch import watch
from observer.store.evaluations import evaluation
from observer.store.tables import evaluations
from observer.trails import begin
from orchestration.database import reading
from orchestration.model import VersionStatus
from tests.unit.observer.shop import TOML, shop

DAYS = 40
WATCHED = (
    'ob.monitor("distribution", column="amount", severity="error"), ob.monitor("categories", column="carrier"), '
    'ob.monitor("novelty")'
)
PIPELINE = """
import json
from pathlib import Path

import pandas as pd

import observer as ob

HERE = Path(__file__).parent
days = ob.daily(start="2024-01-01")


@ob.asset(partitions=days, monitors=[{monitors}], profile={profile})
def orders(context: ob.Context) -> pd.DataFrame:
    frame = pd.DataFrame(json.loads((HERE / f"{{context.partition}}.json").read_text()))
    return frame.assign(seen_at=pd.Timestamp(context.partition))
"""


def day(n: int) -> str:
    return (date(2024, 1, 1) + timedelta(days=n)).isoformat()


def pipeline(monitors: str = WATCHED, profile: str = "ob.ProfilePolicy()") -> str:
    return PIPELINE.format(monitors=monitors, profile=profile)


def write(folder: Path, n: int, *, times: float = 1.0, gone: str = "", new: str = "") -> None:
    """A day's orders; `times` the amounts, `new` in the place of a fifth of a carrier."""
    rng = np.random.default_rng(n)
    rows = int(400 * rng.lognormal(0.0, 0.05))
    carriers = rng.choice(["UA", "B6", "AA", "DL"], rows, p=rng.dirichlet([1200, 900, 600, 300]))
    if gone:
        carriers = np.where(carriers == gone, "UA", carriers)
    if new:
        carriers = np.where((carriers == "UA") & (rng.random(rows) < 0.2), new, carriers)
    amounts = rng.lognormal(4.0, 0.8, rows) * times
    columns = {"amount": [round(float(each), 2) for each in amounts], "carrier": [str(each) for each in carriers]}
    (folder / f"{day(n)}.json").write_text(json.dumps(columns), encoding="utf-8")


@pytest.fixture(scope="session")
def _past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty good days that nobody has watched."""
    folder = shop(tmp_path_factory.mktemp("effects") / "shop", pipeline=pipeline(monitors=""), toml=TOML)
    for n in range(DAYS):
        write(folder, n)
    project = ob.open_project(folder)
    project.run(project.plan("orders", f"{day(0)}..{day(DAYS - 1)}"), trigger="test")
    project.close()
    return folder


@pytest.fixture
def folder(_past: Path, tmp_path: Path) -> Path:
    """The same, watched from now on."""
    found = Path(shutil.copytree(_past, tmp_path / "shop"))
    (found / "pipeline.py").write_text(pipeline(), encoding="utf-8")
    return found


@pytest.fixture
def project(folder: Path) -> Iterator[Project]:
    made = ob.open_project(folder)
    yield made
    made.close()


def said(project: Project, n: int) -> dict[str, tuple[EvaluationStatus, str]]:
    """Run a day; what its monitors say of it."""
    project.run(project.plan("orders", day(n)), trigger="test")
    with reading(project.engine) as connection:
        rows = connection.execute(
            select(evaluations).where(evaluations.c.partition == day(n)).order_by(evaluations.c.id)
        ).all()
    return {row.subject: (evaluation(row).status, evaluation(row).sentence) for row in rows}


def test_a_new_monitor_has_the_whole_past_from_its_first_day_on(project: Project, folder: Path) -> None:
    write(folder, DAYS)
    found = said(project, DAYS)
    assert found["distribution(amount)"][0] is EvaluationStatus.PASSED
    assert found["distribution(amount)"][1].endswith("(learned from 37 days)")
    assert found["categories(carrier)"][0] is EvaluationStatus.PASSED
    assert found["novelty"][0] is EvaluationStatus.PASSED


def test_a_shift_holds_and_is_said_in_words(project: Project, folder: Path) -> None:
    write(folder, DAYS, times=2.0)
    found = said(project, DAYS)
    status, sentence = found["distribution(amount)"]
    assert status is EvaluationStatus.FAILED
    assert sentence.startswith("Shift of amount 0.")
    assert ", expected at most 0." in sentence
    assert ": values over " in sentence
    assert found["categories(carrier)"][0] is EvaluationStatus.PASSED
    status, sentence = found["novelty"]
    assert status is EvaluationStatus.WARNED
    assert "most of all" in sentence
    assert "of amount" in sentence
    (held,) = [row for row in project.reads().now().assets if row.key == "orders"]
    assert held.state.value == "held"


def test_another_measure_tells_it_by_another_number_and_in_the_same_words(folder: Path) -> None:
    monitors = (
        'ob.monitor("distribution", column="amount", measure="wasserstein"), '
        'ob.monitor("categories", column="carrier", measure="unseen", detector="threshold", upper=0.01)'
    )
    shop(folder, pipeline=pipeline(monitors), toml=TOML)
    project = ob.open_project(folder)
    try:
        write(folder, DAYS, times=2.0, new="XX")
        found = said(project, DAYS)
        status, sentence = found["distribution(amount)"]
        assert status is EvaluationStatus.WARNED
        shift = float(sentence.split()[3].rstrip(","))
        assert shift > 1.0  # standard deviations: no share of anything
        assert ": values over " in sentence
        assert found["categories(carrier)"][0] is EvaluationStatus.WARNED
        with reading(project.engine) as connection:
            listed = timeline(connection, project.graph.asset("orders"), "amount", 5)
        assert listed[-1].shift == pytest.approx(shift, abs=0.05)
        (folder / "other.py").write_text(pipeline(), encoding="utf-8")
        (row,) = backtest(project, "orders", monitor="distribution(amount)", compare=str(folder / "other.py")).monitors
        assert row.here is not None
        assert row.other is not None
        assert row.here.upper != row.other.upper  # each side is told by its own measure
    finally:
        project.close()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"new": "XX"}, " % never seen before: 'XX'"), ({"gone": "AA"}, "'AA' is gone, ")],
)
def test_a_category_that_is_new_or_gone_is_named(
    project: Project, folder: Path, wrong: dict[str, str], words: str
) -> None:
    write(folder, DAYS, **wrong)
    status, sentence = said(project, DAYS)["categories(carrier)"]
    assert status is EvaluationStatus.WARNED
    assert words in sentence


def test_what_is_held_or_said_to_be_bad_is_compared_with_by_nobody(project: Project, folder: Path) -> None:
    write(folder, DAYS, times=2.0)
    assert said(project, DAYS)["distribution(amount)"][0] is EvaluationStatus.FAILED
    for n in (DAYS + 1, DAYS + 2, DAYS + 3, DAYS + 4):
        write(folder, n, times=2.0)
        assert said(project, n)["distribution(amount)"][0] is EvaluationStatus.FAILED  # never what there is now
    write(folder, DAYS + 5)
    assert said(project, DAYS + 5)["distribution(amount)"][1].endswith("(learned from 37 days)")


def test_a_new_normal_forgets_all_that_came_before_it(project: Project, folder: Path) -> None:
    write(folder, DAYS, times=2.0)
    said(project, DAYS)
    done = mark(project, "orders", day(DAYS), FeedbackKind.NEW_NORMAL, reason="prices rose", by="ana")
    assert {each.monitor for each in done.changes} == {"distribution(amount)", "novelty"}
    write(folder, DAYS + 1, times=2.0)
    found = said(project, DAYS + 1)
    assert found["distribution(amount)"][0] is EvaluationStatus.LEARNING
    assert "needs 9 more runs" in found["distribution(amount)"][1]
    assert found["categories(carrier)"][0] is EvaluationStatus.PASSED  # of which nobody has spoken


def test_it_matters_to_no_verdict_who_goes_on_with_the_past(folder: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    for where in (folder, other):
        for n in range(DAYS, DAYS + 4):
            write(where, n, times=1.1 if n % 2 else 1.0)
    alone = ob.open_project(folder)
    found = [said(alone, n) for n in range(DAYS, DAYS + 4)]
    alone.close()
    for n, before in zip(range(DAYS, DAYS + 4), found, strict=True):
        again = ob.open_project(other)
        now = said(again, n)
        again.close()
        compared = {"distribution(amount)", "categories(carrier)"}  # novelty looks at bytes and time, which differ
        assert {name: now[name] for name in compared} == {name: before[name] for name in compared}


def test_what_cannot_be_compared_is_unknown_and_says_why(folder: Path) -> None:
    watched = (
        'ob.monitor("categories", column="amount"), ob.monitor("distribution", column="carrier"), '
        'ob.monitor("distribution", column="gone"), ob.monitor("distribution", column="seen_at")'
    )
    (folder / "pipeline.py").write_text(pipeline(watched), encoding="utf-8")
    write(folder, DAYS)
    project = ob.open_project(folder)
    found = said(project, DAYS)
    project.close()
    assert {found[name][0] for name in found if name.startswith(("cat", "dist"))} == {EvaluationStatus.UNKNOWN}
    assert "amount holds numbers; watch its distribution" in found["categories(amount)"][1]
    assert "carrier holds no numbers; watch its categories" in found["distribution(carrier)"][1]
    assert "it holds instants, which move on with time" in found["distribution(seen_at)"][1]
    assert "how its values are spread is not kept" in found["distribution(gone)"][1]


@pytest.mark.parametrize(
    ("profile", "why"),
    [
        ({"sensitive": ("amount",)}, "values of a sensitive column are not kept"),
        ({"sensitive": ("*",)}, "values of a sensitive column are not kept"),
        ({"distributions": False}, "distributions=False keeps nothing"),
    ],
)
def test_what_is_not_kept_cannot_be_watched(profile: dict[str, object], why: str) -> None:
    with pytest.raises(CheckError, match=r"monitor\('distribution', column='amount'\) has nothing to compare") as told:
        ob.asset(
            monitors=[ob.monitor("distribution", column="amount")],
            profile=ob.ProfilePolicy(**profile),  # type: ignore[arg-type]
        )(lambda: None)
    assert why in str(told.value)


def test_an_environment_that_keeps_no_distributions_is_named_as_the_reason(folder: Path) -> None:
    toml = TOML + "\n[env.local.profile]\ndistributions = false\n"
    (folder / "tidegate.toml").write_text(toml, encoding="utf-8")
    write(folder, DAYS, new="XX")
    project = ob.open_project(folder)
    found = said(project, DAYS)
    project.close()
    assert found["categories(carrier)"][0] is EvaluationStatus.UNKNOWN
    assert "distributions=False keeps nothing of how its values are spread" in found["categories(carrier)"][1]


def test_a_segment_has_no_effect_size() -> None:
    with pytest.raises(CheckError, match="leave segment='carrier' out"):
        ob.monitor("distribution", column="amount", segment="carrier")


def test_asset_pages_show_the_newest_version_beside_what_it_is_compared_with(project: Project, folder: Path) -> None:
    write(folder, DAYS, times=2.0, new="XX")
    said(project, DAYS)
    page = project.reads().asset("orders")
    assert page is not None
    series: dict[str, MonitorSeries] = {one.id: one for one in page.monitors}
    amounts, carriers = series["distribution(amount)"].compared, series["categories(carrier)"].compared
    assert amounts is not None
    assert carriers is not None
    assert (amounts.partition, len(amounts.before), len(amounts.now)) == (day(DAYS), 65, 65)
    assert amounts.now[32] == pytest.approx(2.0 * amounts.before[32], rel=0.15)
    assert amounts.words.startswith("values over ")
    shares = {name: (before, now) for name, before, now in carriers.shares}
    assert shares["XX"][0] == 0.0
    assert shares["XX"][1] == pytest.approx(0.08, abs=0.04)
    assert series["novelty"].compared is None


def test_a_backtest_lays_faults_over_what_is_compared_and_writes_nothing(project: Project, folder: Path) -> None:
    state = folder / ".tidegate" / "state.db"
    before = state.read_bytes()
    found = {one.monitor: one for one in ob.backtest(project, "orders").monitors}
    recall = {
        (name, fault.fault, fault.size): fault.recall
        for name, one in found.items()
        if one.here is not None
        for fault in one.here.faults
    }
    assert recall["distribution(amount)", "unit_change", 0.01] == 1.0
    assert recall["distribution(amount)", "unit_change", 1000.0] == 1.0
    assert (recall["categories(carrier)", "category_swap", 0.5] or 0.0) >= 0.8
    assert recall["novelty", "unit_change", 1000.0] == 1.0
    assert recall["novelty", "null_burst", 0.5] == 1.0
    assert ("distribution(amount)", "category_swap", 0.5) not in recall
    assert ("categories(carrier)", "unit_change", 0.01) not in recall
    replayed = [found[name].here for name in ("distribution(amount)", "categories(carrier)", "novelty")]
    assert [one.judged for one in replayed if one is not None] == [40 - 3 - 7, 40 - 3 - 7, 40 - 14 - 7]
    assert sum(len(one.false_alarms) for one in replayed if one is not None) == 0
    assert state.read_bytes() == before


def test_a_backtest_says_what_the_runs_then_say(project: Project, folder: Path) -> None:
    for n in range(DAYS, DAYS + 6):
        write(folder, n, times=2.0 if n == DAYS + 2 else 1.0)
    judged = [said(project, n)["distribution(amount)"][0] for n in range(DAYS, DAYS + 6)]
    report = ob.backtest(project, "orders", monitor="distribution(amount)")
    (one,) = report.monitors
    assert one.here is not None
    assert judged.count(EvaluationStatus.FAILED) == 1
    assert (one.here.held, one.here.held_found, len(one.here.false_alarms)) == (1, 1, 0)


def test_who_watches_is_listed_with_what_it_would_notice(project: Project, folder: Path) -> None:
    write(folder, DAYS)
    said(project, DAYS)
    lines = {line.monitor: line for line in watch(project, ["orders"]).monitors}  # type: ignore[list-item]
    sight = lines["distribution(amount)"].sight
    assert sight is not None
    assert sight.below is None
    assert sight.above is not None
    assert 0.05 < sight.above < 0.3
    assert lines["novelty"].sight is not None
    assert lines["categories(carrier)"].false_alarms_per_week == pytest.approx(7 / 365)


def test_history_says_how_far_each_version_is_from_those_before(project: Project, folder: Path) -> None:
    write(folder, DAYS, times=2.0)
    said(project, DAYS)
    with reading(project.engine) as connection:
        points = timeline(connection, project.graph.asset("orders"), "amount", 5)
    assert [point.partition for point in points] == [day(n) for n in range(DAYS - 4, DAYS + 1)]
    assert points[-1].held
    assert points[-1].shift is not None
    assert points[-1].shift > 0.2 > max(point.shift or 1.0 for point in points[:-1])
    assert points[-1].moved.startswith("values over ")


@pytest.mark.parametrize("each", ["days", "seconds"])
def test_the_past_begins_at_a_version_that_stays_the_same_while_others_come(each: str) -> None:
    points = [
        StoredPoint(
            at=datetime(2020, 1, 1, tzinfo=UTC) + timedelta(**{each: n}), partition=None, version_seq=n, run_id="",
            materialization_id="", status=VersionStatus.PUBLISHED, value=1.0,
        )
        for n in range(900)
    ]  # fmt: skip
    assert [begin(points[:n], 200) for n in (0, 1, 199, 200)] == [0, 0, 0, 0]
    begun = [begin(points[:n], 200) for n in range(400, 900)]
    assert all(200 <= n - at <= 250 for n, at in zip(range(400, 900), begun, strict=True))
    assert len(set(begun)) <= 12
    assert begun == [n - 400 + begin(points[n - 400 : n], 200) for n in range(400, 900)]  # whatever else was read
