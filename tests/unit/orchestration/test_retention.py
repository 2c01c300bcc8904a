"""Which versions stay, and what prune removes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from orchestration import lease, log
from orchestration.clock import Clock
from orchestration.database import writing
from orchestration.io.files import FilesIOManager
from orchestration.model import Address, AssetKey, Run, RunStatus, VersionStatus
from orchestration.prune import prune, prune_after_run
from orchestration.retention import GRACE, Retention, removable
from orchestration.rollback import roll_back
from orchestration.state import VersionRecord
from tests.support.core import NOW, Core
from tests.unit.orchestration.test_runner import made

ONE = Address(AssetKey("one"))
DAY = timedelta(days=1)
LATER = NOW + 400 * DAY
NOTHING = Retention(keep=0, age=timedelta(0))


def version(seq: int, status: VersionStatus, at: datetime = NOW) -> VersionRecord:
    return VersionRecord(
        seq=seq, id=f"v{seq}", address=ONE, status=status, run_id="r", materialized_at=at, data_version=str(seq),
        fingerprint="f", format="json",
    )  # fmt: skip


STATUSES = st.lists(st.sampled_from(list(VersionStatus)), max_size=12)


@given(STATUSES, st.integers(0, 5))
def test_what_is_needed_always_stays_and_the_newest_earlier_ones_too(found: list[VersionStatus], keep: int) -> None:
    known = [version(n, status) for n, status in enumerate(found)]
    gone = removable(Retention(keep=keep, age=timedelta(0)), known, {}, LATER, None)
    assert not {v.status for v in gone} & {VersionStatus.PUBLISHED, VersionStatus.PUBLISHING, VersionStatus.HELD}
    earlier = [v for v in known if v.status in (VersionStatus.SUPERSEDED, VersionStatus.ROLLED_BACK)]
    assert not set(gone) & set(earlier[len(earlier) - keep :] if keep else ())
    readable = {VersionStatus.PUBLISHED, VersionStatus.SUPERSEDED, VersionStatus.ROLLED_BACK}
    if any(v.status in readable for v in known):
        assert any(v.status in readable for v in known if v not in gone), "the last good version stays"


def test_age_grace_and_running_runs_keep_longer() -> None:
    known = [version(1, VersionStatus.SUPERSEDED), version(2, VersionStatus.PUBLISHED)]
    replaced = {"v1": NOW + 10 * DAY}

    def gone(now: datetime, age: timedelta = timedelta(0), running: datetime | None = None) -> int:
        return len(removable(Retention(keep=0, age=age), known, replaced, now, running))

    assert gone(NOW + 10 * DAY + GRACE) == 1
    assert gone(NOW + 10 * DAY + GRACE / 2) == 0, "a reader may still have it open"
    assert gone(NOW + 29 * DAY, age=30 * DAY) == 0
    assert gone(NOW + 31 * DAY, age=30 * DAY) == 1
    assert gone(LATER, running=NOW + 9 * DAY) == 0, "a run that began before may read it"
    assert gone(LATER, running=NOW + 11 * DAY) == 1


class Shelf:
    """`one` published as 1, 2, 3, 4, an hour after one another."""

    def __init__(self, folder: Path, url: str) -> None:
        self.now, self.folder = NOW, folder
        self.core = self._core(folder, url, 1)
        for value in (1, 2, 3, 4):
            self.core = self._core(folder, str(self.core.engine.url.render_as_string(hide_password=False)), value)
            self.core.run()
            self.now += timedelta(hours=1)
        self.now = LATER

    def _core(self, folder: Path, url: str, value: int) -> Core:
        asset = made(returns=value, code=str(value))
        return Core(folder, (asset,), url, clock=Clock(now=lambda: self.now), prefix=f"{value}v")

    @property
    def io(self) -> FilesIOManager:
        assert isinstance(self.core.io, FilesIOManager)
        return self.core.io

    def prune_after_run(self, retention: Retention) -> list[object]:
        core = self.core
        found = prune_after_run(core.engine, self.io, core.clock, {ONE.asset: retention})
        return [p.left or p.versions for p in found]

    def prune(self, retention: Retention, *, dry: bool = False) -> list[object]:
        core = self.core
        return [p.left or p.versions for p in prune(core.engine, self.io, core.clock, ONE.asset, retention, dry=dry)]


@pytest.fixture
def shelf(tmp_path: Path, state_url: str) -> Shelf:
    return Shelf(tmp_path, state_url)


def test_old_data_goes_and_its_record_stays(shelf: Shelf) -> None:
    keep_one = Retention(keep=1, age=timedelta(0))
    assert shelf.prune(keep_one, dry=True) == [("1v2", "2v2")]
    assert shelf.io.versions(ONE) == ("1v2", "2v2", "3v2", "4v2")
    assert shelf.prune(keep_one) == [("1v2", "2v2")]
    assert shelf.io.versions(ONE) == ("3v2", "4v2")
    assert shelf.core.versions("one") == ["superseded", "superseded", "superseded", "published"]
    assert shelf.prune(keep_one) == []
    assert (shelf.core.read("one"), shelf.core.leases_held()) == (4, 0)
    assert shelf.core.statuses() == {"one": "skipped"}


def test_what_is_kept_can_be_rolled_back_to(shelf: Shelf) -> None:
    shelf.prune(Retention(keep=1, age=timedelta(0)))
    roll_back(shelf.core.engine, shelf.io, shelf.core.clock, ONE, to=None, reason="r", by="b")
    assert shelf.core.read("one") == 3
    assert shelf.prune(NOTHING) == [], "it was replaced this moment"
    shelf.now += GRACE
    assert shelf.prune(NOTHING) == [("4v2",)]
    assert shelf.core.read("one") == 3


def test_what_a_run_makes_is_left(shelf: Shelf) -> None:
    with writing(shelf.core.engine) as connection:
        lease.acquire(connection, ONE, "other", shelf.core.clock.wall())
    (left,) = shelf.prune(NOTHING)
    assert "is being materialized by run other" in str(left)
    assert len(shelf.io.versions(ONE)) == 4


def test_a_run_that_goes_on_keeps_what_it_may_read(shelf: Shelf) -> None:
    run = Run(
        id="long", selection="*", partitions="", status=RunStatus.RUNNING, trigger="test", environment="test",
        started_at=NOW + timedelta(minutes=90), ended_at=None, holder=lease.this_process(),
    )  # fmt: skip
    with writing(shelf.core.engine) as connection:
        log.start_run(connection, run, shelf.core.clock.wall())
    assert shelf.prune(NOTHING) == [("1v2",)], "the others were published when it began, or after"


def test_a_held_and_a_discarded_version(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "")
    for value in (5, 6):
        bad = shelf._core(tmp_path, str(shelf.core.engine.url), value)
        bad.hold.add("one")
        bad.run()
    shelf.core, shelf.now = bad, shelf.now + DAY
    assert shelf.prune(NOTHING) == [("1v2", "2v2", "3v2", "5v2")]
    assert shelf.io.versions(ONE) == ("4v2", "6v2")


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that are sent meanwhile, without those that begin and end transactions."""
    sent: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_after_a_run_the_same_goes(shelf: Shelf) -> None:
    keep_one = Retention(keep=1, age=timedelta(0))
    assert shelf.prune_after_run(Retention(keep=3, age=timedelta(0))) == []
    assert shelf.prune_after_run(Retention(keep=0, age=500 * DAY)) == []
    assert shelf.prune_after_run(keep_one) == [("1v2", "2v2")]
    assert shelf.prune_after_run(keep_one) == []
    assert shelf.io.versions(ONE) == ("3v2", "4v2")
    assert (shelf.core.read("one"), shelf.core.leases_held()) == (4, 0)
    assert shelf.prune_after_run(NOTHING) == [("3v2",)]


def test_after_a_run_what_readers_may_hold_stays(shelf: Shelf) -> None:
    roll_back(shelf.core.engine, shelf.io, shelf.core.clock, ONE, to="1v2", reason="r", by="b")
    shelf.now += GRACE / 2
    assert shelf.prune_after_run(NOTHING) == [("2v2", "3v2")], "4v2 was replaced half an hour ago"
    shelf.now += GRACE / 2
    assert shelf.prune_after_run(NOTHING) == [("4v2",)]
    assert shelf.core.read("one") == 1


def test_after_a_run_it_costs_one_statement_where_nothing_is_due(shelf: Shelf) -> None:
    shelf.prune_after_run(NOTHING)
    for retention in (NOTHING, Retention(keep=9, age=timedelta(0))):
        with counted(shelf.core.engine) as sent:
            assert shelf.prune_after_run(retention) == []
        assert len([one for one in sent if one.startswith("SELECT")]) == 1


def test_what_is_read_does_not_grow_with_what_was_removed(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each publication lets one version go: the tenth time as few are looked at as the first time."""
    read: list[tuple[int, int]] = []

    def looked(retention: Retention, known: Sequence[VersionRecord], replaced: dict[str, datetime], *rest: Any) -> Any:
        read.append((len(known), len(replaced)))
        return removable(retention, known, replaced, *rest)

    monkeypatch.setattr("orchestration.prune.removable", looked)
    shelf.prune_after_run(NOTHING)
    read.clear()
    for value in range(5, 15):
        shelf.core = shelf._core(shelf.folder, shelf.core.engine.url.render_as_string(hide_password=False), value)
        shelf.core.run()
        shelf.now += 2 * DAY
        assert shelf.prune_after_run(NOTHING) == [(f"{value - 1}v2",)]
    assert set(read[2:]) == {(2, 1)}, "before and under the lease; the first four are an hour apart"


def test_what_a_crash_has_left_goes_the_next_time(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    keep_one = Retention(keep=1, age=timedelta(0))
    with monkeypatch.context() as crashing:
        crashing.setattr(FilesIOManager, "sweep", crash)
        with pytest.raises(KeyboardInterrupt):
            shelf.prune(keep_one)
    assert len(shelf.io.versions(ONE)) == 4
    assert shelf.prune(keep_one) == [("1v2", "2v2")]
    assert shelf.io.versions(ONE) == ("3v2", "4v2")


def test_after_a_run_it_takes_no_longer_than_it_may(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.prune.MOST_S", 0.0)
    assert shelf.prune_after_run(NOTHING) == []
    assert len(shelf.io.versions(ONE)) == 4
