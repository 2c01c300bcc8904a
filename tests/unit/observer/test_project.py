"""A project on disk, opened, run and asked: SQLite and PostgreSQL where the state matters."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from observer.checks.gx.worker import worker
from observer.errors import ProjectError, ReleaseError, StateError
from observer.project import Project, open_project, redactor
from observer.store.tables import evaluations, incidents, outbox
from orchestration.database import reading
from orchestration.model import Run, StepStatus
from orchestration.tables import steps
from tests.unit.observer.shop import TOML, put, shop

DAY = "2024-02-01"
Open = Callable[..., Project]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """`opened(state_url)`: the shop's project; closed after the test."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    projects: list[Project] = []

    def new(state_url: str | None = None, *, toml: str = "", **how: object) -> Project:
        state = f'state = "{state_url}"\n' if state_url else ""
        folder = shop(tmp_path / "shop", toml=TOML + state + toml)
        projects.append(open_project(folder, **how))  # type: ignore[arg-type]
        return projects[-1]

    yield new
    for project in projects:
        project.engine.dispose()


def run(work: Project, selection: str = "report", partition: str | None = DAY, *, force: bool = False) -> Run:
    return work.run(work.plan(selection, partition, force=force), trigger="test")


def became(done: Run) -> dict[str, str]:
    return {step.asset: step.status.value for step in done.steps}


def test_a_good_day_is_published_and_skipped_the_second_time(state_url: str, opened: Open) -> None:
    work = opened(state_url)
    put(work.config.root, DAY)
    assert became(run(work)) == {"orders": "published", "report": "published"}
    assert became(run(work)) == {"orders": "skipped", "report": "skipped"}
    frame = work.load("report", DAY, wants="pd.DataFrame")
    assert frame["orders"].tolist() == [2]  # type: ignore[index]


def test_held_then_released_then_downstream_runs(state_url: str, opened: Open) -> None:
    work = opened(state_url)
    put(work.config.root, DAY, ["bad"])
    assert became(run(work)) == {"orders": "held", "report": "blocked"}
    with pytest.raises(ProjectError, match=r"nothing of orders 2024-02-01 is published"):
        work.load("orders", DAY)
    version = work.release("orders", DAY, reason=" it is fine ", by="ada")
    assert became(run(work)) == {"orders": "skipped", "report": "published"}
    with reading(work.engine) as connection:
        (ended,) = connection.execute(select(incidents)).all()
    assert (ended.status, ended.resolution) == ("resolved", "released by ada: it is fine")
    assert version
    with pytest.raises(ReleaseError, match="nothing of orders 2024-02-01 is held"):
        work.release("orders", DAY, reason="again", by="ada")


def test_held_then_mended_is_published(opened: Open) -> None:
    work = opened()
    put(work.config.root, DAY, ["bad"])
    run(work)
    put(work.config.root, DAY, ["good"])
    assert became(run(work)) == {"orders": "held", "report": "blocked"}  # nothing that it depends on has changed
    assert became(run(work, "orders", force=True)) == {"orders": "published"}
    assert became(run(work)) == {"orders": "skipped", "report": "published"}


def test_a_monitor_may_watch_a_number_of_the_functions_own(opened: Open) -> None:
    work = opened()
    for n in range(1, 29):
        put(work.config.root, f"2024-01-{n:02}", score=0.9 + 0.001 * (n % 4))
    done = run(work, "orders", "2024-01-01..2024-01-28")
    assert {step.status for step in done.steps} == {StepStatus.PUBLISHED}
    put(work.config.root, "2024-01-29", score=0.1)
    last = run(work, "orders", "2024-01-29").steps[-1]
    assert last.status is StepStatus.HELD
    assert last.reason.startswith("score 0.1, expected ")
    assert last.reason.endswith("(learned from 28 days)")


def test_a_changed_schema_holds_where_a_monitored_column_has_gone(opened: Open) -> None:
    work = opened()
    put(work.config.root, DAY)
    run(work, "orders")
    put(work.config.root, "2024-02-02", columns=["id", "nick"])
    step = run(work, "orders", "2024-02-02").steps[-1]
    assert step.status is StepStatus.HELD
    answer = work.reads().gate("orders", "2024-02-02")
    assert answer is not None
    assert answer.unknown
    assert "there is no column name" in step.reason or "known" in step.reason


def test_no_secret_reaches_log_incident_or_message(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_SECRET", "hunter2hunter2")
    hook = 'channels = [{ kind = "webhook", url = "http://127.0.0.1:9/t0k3n", secret = "${SHOP_SECRET}" }]\n'
    work = opened(toml=hook)
    put(work.config.root, DAY, raises="login with hunter2hunter2 at http://127.0.0.1:9/t0k3n failed")
    step = run(work, "orders").steps[-1]
    assert step.status is StepStatus.FAILED
    assert "login with *** at *** failed" in (step.error or "")
    put(work.config.root, DAY, ["bad"])
    run(work, "orders")
    work.deliver()
    with reading(work.engine) as connection:
        texts = str(connection.execute(select(outbox)).all()) + str(connection.execute(select(steps)).all())
    assert "incident.opened" in texts
    assert "hunter2" not in texts
    assert "t0k3n" not in texts


def test_a_project_that_fails_to_import_shows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_SECRET", "hunter2hunter2")
    monkeypatch.setattr(sys, "path", list(sys.path))
    leaking = "import os\nraise RuntimeError('no login with ' + os.environ['SHOP_SECRET'])\n"
    folder = shop(tmp_path, pipeline=leaking, toml='[env.local]\nurl = "${SHOP_SECRET}"\n')
    with pytest.raises(ProjectError) as raised:
        open_project(folder)
    assert "no login with ***" in str(raised.value)
    assert raised.value.__suppress_context__


def test_the_longer_secret_is_hidden_first_and_short_words_are_left() -> None:
    assert redactor(("abcd", "abcdefgh", "x"))("x abcdefgh abcd") == "x *** ***"


def test_of_a_secret_with_several_lines_each_is_one() -> None:
    lines = ["-----BEGIN KEY-----", "MIIEvQIBADANBgkqhkiG", "{", "9w0BAQEFAASCBKcwggSj"]
    clean = redactor(("\n".join(lines) + "\n", "hunter2\n"))
    assert clean("\n".join(lines)) == "***"
    assert clean("  9w0BAQEFAASCBKcwggSj {") == "  *** {"
    assert clean(repr("\n".join(lines))) == r"'***\n***\n{\n***'"
    assert clean("password=hunter2") == "password=***"


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ('kind = "webhook", url = "http://x"', "needs secret= to sign with"),
        ('kind = "webhook", url = "ftp://x", secret = "abcdabcdabcd"', "webhook"),
        ('kind = "webhook", url = "http://x", secret = "abcdabcdabcd", when = "asset:ordrs"', "did you mean 'orders'"),
        ('kind = "webhook", url = "http://x", secret = "abcdabcdabcd", when = "severty>=warn"', "severity"),
    ],
)
def test_a_channel_that_cannot_work_is_refused_when_the_project_opens(opened: Open, channel: str, said: str) -> None:
    with pytest.raises(ProjectError) as raised:
        opened(toml=f"channels = [{{ {channel} }}]\n")
    assert said in str(raised.value)
    assert "abcdabcdabcd" not in str(raised.value)


def test_a_state_that_cannot_be_made_is_said(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="the folder of the state database can't be made"):
        opened(f"sqlite:///{tmp_path}/file/state.db")
    with pytest.raises(StateError, match="nothing was changed"):
        opened(f"sqlite:///{tmp_path}")  # a folder, not a file


def test_a_locked_state_says_who_to_look_for(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    work = opened()
    put(work.config.root, DAY)
    raw = work.engine.raw_connection()
    try:
        raw.cursor().execute("BEGIN IMMEDIATE")
        other = open_project(work.config.root)
        with other.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 10")
        with pytest.raises(StateError, match="another process has been writing"):
            run(other, "orders")
        other.engine.dispose()
    finally:
        raw.rollback()
        raw.close()


def test_addresses_are_checked(opened: Open) -> None:
    work = opened()
    assert str(work.address("whole", None)) == "whole"
    with pytest.raises(ProjectError, match="say which: --partition 2024-02-29"):
        work.address("orders", None)
    with pytest.raises(ProjectError, match="isn't partitioned"):
        work.address("whole", DAY)


def test_without_great_expectations_its_check_is_unknown_and_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "great_expectations.py").write_text("raise ModuleNotFoundError('No module named great_expectations')")
    monkeypatch.setattr(sys, "path", [str(hidden), *sys.path])
    worker().close()
    pipeline = """
        import pandas as pd
        import observer as ob

        @ob.asset(checks=[ob.expect("ExpectColumnStdevToBeBetween", column="n", min_value=0)])
        def numbers() -> pd.DataFrame:
            return pd.DataFrame({"n": [1]})
    """
    work = open_project(shop(tmp_path, pipeline=pipeline))
    (step,) = run(work, "numbers", None).steps
    worker().close()
    assert step.status is StepStatus.HELD
    assert "great_expectations" in step.reason
    answer = work.reads().gate("numbers", None)
    assert answer is not None
    assert answer.unknown
    work.engine.dispose()


def test_a_range_in_one_run_gives_the_verdicts_of_day_by_day(opened: Open, tmp_path: Path) -> None:
    """However many steps are settled together, a day is judged by every day before it."""
    verdicts: list[list[tuple[object, ...]]] = []
    days = [f"2024-01-{n:02}" for n in range(1, 15)]
    for at_once in (True, False):
        work = opened(f"sqlite:///{tmp_path}/{at_once}.db", toml=f'io.default = {{ path = "{tmp_path}/{at_once}" }}\n')
        for n, key in enumerate(days):
            put(work.config.root, key, ["ada"] * (20 + n % 5) + [None] * (1 + n % 2))
        for asked in [f"{days[0]}..{days[-1]}"] if at_once else days:
            run(work, "orders", asked)
        with reading(work.engine) as connection:
            c = evaluations.c
            wanted = select(c.partition, c.subject, c.status, c.n_train).where(c.subject != "duration")
            verdicts.append(sorted(tuple(row) for row in connection.execute(wanted)))
    assert verdicts[0] == verdicts[1]
