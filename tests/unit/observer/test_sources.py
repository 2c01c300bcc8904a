"""Sources are looked at by a command of their own, and how old they are is measured, watched and shown."""

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

import observer as ob
from observer import change_times
from observer.audit import measure
from observer.change_times import LastChange, last_change
from observer.errors import CheckError
from observer.model import Observation, ProfilePolicy
from observer.project import Project, open_project
from observer.reads.model import State
from tests.conftest import NewDatabase
from tests.support import local_snowflake
from tests.unit.observer.cli.conftest import Tidegate, tidegate
from tests.unit.observer.shop import shop
from tests.unit.observer.test_audit import staged

__all__ = ["tidegate"]

PIPELINE = """
from pathlib import Path

import pandas as pd

import observer as ob

REGISTER = Path(__file__).parent / "register.csv"


@ob.source(updated_by="created_at", freshness=ob.FreshnessPolicy(max_age="26h"))
def register() -> pd.DataFrame:
    return pd.read_csv(REGISTER, parse_dates=["created_at"])


@ob.source(updated_by=ob.last_change(REGISTER))
def file() -> pd.DataFrame:
    return pd.read_csv(REGISTER)


@ob.asset
def orders(register: pd.DataFrame) -> pd.DataFrame:
    return register
"""
SEEN = datetime(2013, 2, 9, tzinfo=UTC)  # when `staged` was made


def write(folder: Path, last: datetime) -> None:
    frame = pd.DataFrame({"id": [1, 2], "created_at": [last - timedelta(days=3), last]})
    frame.to_csv(folder / "register.csv", index=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = shop(tmp_path / "shop", pipeline=PIPELINE, toml="[env.local]\n")
    write(made, datetime.now(UTC) - timedelta(hours=2))
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def project(folder: Path) -> Iterator[Project]:
    work = open_project(folder)
    yield work
    work.close()


def age_of(updated_by: str | LastChange, frame: pd.DataFrame, **policy: tuple[str, ...]) -> Observation:
    audit = measure(staged(frame), policy=ProfilePolicy(**policy), updated_by=updated_by)
    return next(one for one in audit.observations if one.metric == "age")


def test_observe_looks_at_sources_and_makes_nothing(tidegate: Tidegate, folder: Path) -> None:
    done = tidegate("observe")
    assert done.err == ""
    assert done.code == 0
    assert "observed  register" in done.out
    assert "observed  file" in done.out
    assert "orders" not in done.out
    one = tidegate("observe", "register", "--format", "json")
    assert [(step["asset"], step["status"]) for step in one.json["run"]["steps"]] == [("register", "observed")]
    hours = [point["value"] / 3600 for point in tidegate("history", "register", "age", "--format", "json").json]
    assert hours == pytest.approx([2, 2], abs=0.1)


def test_observe_refuses_a_selection_without_a_source(tidegate: Tidegate, folder: Path) -> None:
    refused = tidegate("observe", "orders")
    assert refused.code == 2
    assert "has no source; nothing was observed" in refused.err


def test_age_is_judged_without_a_word_and_only_of_what_says_it(project: Project) -> None:
    project.run(project.plan("*", None), trigger="test")
    subjects = {
        key: {m.id for m in page.monitors} for key in project.graph.order if (page := project.reads().asset(key))
    }
    assert "age" in subjects["register"]
    assert "age" in subjects["file"]
    assert "age" not in subjects["orders"]


def test_a_source_is_as_fresh_as_its_last_change(project: Project) -> None:
    def state() -> tuple[State, str]:
        project.run(project.plan("register", None), trigger="test")
        return next((row.state, row.text) for row in project.reads().now().assets if row.key == "register")

    assert state()[0] is not State.STALE
    write(project.config.root, datetime.now(UTC) - timedelta(hours=30))
    assert state()[0] is State.STALE
    assert state()[1].startswith("30 h old, allowed: 26h")


def test_age_counts_from_the_latest_instant_of_a_column() -> None:
    frame = pd.DataFrame({"at": pd.to_datetime(["2013-02-07T00:00", "2013-02-08T18:00", None])})
    assert age_of("at", frame).value == 6 * 3600
    ahead = pd.DataFrame({"at": pd.to_datetime(["2013-02-10"])})
    assert age_of("at", ahead).value == 0


@pytest.mark.parametrize(
    ("updated_by", "why"),
    [
        ("create_at", "did you mean 'created_at'"),
        ("id", "id is bigint, which is no time"),
        ("created_at", "created_at has no latest value: no values"),
    ],
)
def test_an_age_that_is_not_known_says_why(updated_by: str, why: str) -> None:
    frame = pd.DataFrame({"id": [1], "created_at": pd.Series([None], dtype="datetime64[ns]")})
    seen = age_of(updated_by, frame)
    assert seen.value is None
    assert why in str(seen.reason)


def test_the_latest_instant_of_a_sensitive_column_is_not_told_by_its_age() -> None:
    frame = pd.DataFrame({"at": pd.to_datetime(["2013-02-08"])})
    seen = age_of("at", frame, sensitive=("at",))
    assert (seen.value, seen.reason) == (None, "values of a sensitive column are not kept")


def test_a_file_and_a_folder_tell_their_last_change(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for name, hours in (("a.csv", 30), ("below/b.csv", 5)):
        (tmp_path / name).touch()
        at = (SEEN - timedelta(hours=hours)).timestamp()
        os.utime(tmp_path / name, (at, at))
    frame = pd.DataFrame({"id": [1]})
    assert age_of(last_change(tmp_path / "a.csv"), frame).value == 30 * 3600
    assert age_of(last_change(tmp_path), frame).value == 5 * 3600
    assert age_of(last_change((tmp_path / "a.csv").as_uri()), frame).value == 30 * 3600
    missing = age_of(last_change(tmp_path / "none.csv"), frame)
    assert missing.value is None
    assert "No such file" in str(missing.reason)


@pytest.mark.postgres
def test_postgres_says_why_it_does_not_know(new_database: NewDatabase) -> None:
    url = new_database()
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE orders (id int)")
        (kept,) = connection.execute("SHOW track_commit_timestamp").fetchone() or ("",)
    seen = age_of(last_change(url, table="orders"), pd.DataFrame({"id": [1]}))
    assert kept == "off"
    assert seen.value is None
    assert "track_commit_timestamp is off" in str(seen.reason)


@pytest.mark.snowflake
def test_snowflake_is_asked_for_the_last_change_of_a_table(snowflake_server: Mapping[str, object]) -> None:
    """The local Snowflake says of every table that it was altered in 1970."""
    from snowflake.sqlalchemy import URL

    options = local_snowflake.new_options(snowflake_server)
    arguments = {"protocol": options.pop("protocol")}  # which no address may hold, so the connection is made here
    engine = create_engine(URL(schema="public", **options), connect_args=arguments, poolclass=NullPool)
    with engine.connect() as connection:
        for statement in ("CREATE TABLE orders (id int)", "CREATE VIEW seen AS SELECT * FROM orders"):
            connection.execute(text(statement))
        for schema in (None, "public"):
            assert change_times._of_snowflake(connection, "orders", schema) == datetime(1970, 1, 1, tzinfo=UTC)
        with pytest.raises(LookupError, match="no last change of a table order in public"):
            change_times._of_snowflake(connection, "order", None)
        with pytest.raises(LookupError, match="of a view's rows it never does"):
            change_times._of_snowflake(connection, "seen", None)


def test_another_database_is_not_asked(tmp_path: Path) -> None:
    seen = age_of(last_change(f"sqlite:///{tmp_path}/a.db", table="orders"), pd.DataFrame({"id": [1]}))
    assert (seen.value, "sqlite is not asked" in str(seen.reason)) == (None, True)


def test_what_can_not_tell_is_refused_where_it_is_declared() -> None:
    with pytest.raises(CheckError, match=r"updated_by= takes a column's name or ob.last_change"):
        ob.source(updated_by=3)  # type: ignore[call-overload]
    with pytest.raises(CheckError, match="says no table"):
        last_change("postgresql://there", schema="raw")
    with pytest.raises(CheckError, match="takes the address of a database"):
        last_change("orders.csv", table="orders")


def test_a_location_is_never_shown() -> None:
    assert "hunter2" not in repr(last_change("postgresql://ann:hunter2@there/orders", table="orders"))
