"""Putting an earlier version back."""

from pathlib import Path

import pytest
from sqlalchemy import select

import orchestration as o
from orchestration import lease
from orchestration.assets import Asset
from orchestration.database import reading, writing
from orchestration.errors import LeaseHeld, StorageError, UnknownName, VersionError
from orchestration.events import EventKind
from orchestration.model import Address, AssetKey, GateOutcome
from orchestration.recovery import recover
from orchestration.rollback import Rollback, roll_back
from orchestration.state import known_versions, load_one
from orchestration.tables import events
from tests.support.core import Core
from tests.unit.orchestration.test_runner import made

ONE = Address(AssetKey("one"))


def two() -> Asset:
    return o.asset(key="two", code_version="1")(lambda one: one * 10)


def back(core: Core, to: str | None = None) -> Rollback:
    assert core.io is not None
    return roll_back(core.engine, core.io, core.clock, ONE, to=to, reason="it was wrong", by="ana")


def ids(core: Core) -> list[str]:
    with reading(core.engine) as connection:
        return [version.id for version in known_versions(connection, ONE)]


@pytest.fixture
def core(tmp_path: Path, state_url: str) -> Core:
    """`one` was published as 1, then as 2, then as 3, and `two` is ten times as much."""
    core = Core(tmp_path, (made(returns=1, code="1"), two()), state_url)
    core.run()
    for value in (2, 3):
        core = core.again((made(returns=value, code=str(value)), two()))
        core.run()
    assert (core.read("one"), core.read("two")) == (3, 30)
    return core


def test_readers_see_the_version_before_and_downstream_is_made_from_it(core: Core) -> None:
    done = back(core)
    assert core.versions("one") == ["superseded", "published", "rolled_back"]
    assert (core.read("one"), done.now.id, done.before.id) == (2, ids(core)[1], ids(core)[2])
    assert core.leases_held() == 0
    assert core.statuses() == {"one": "skipped", "two": "published"}
    assert core.read("two") == 20


def test_unchanged_code_does_not_bring_it_back_and_changed_code_does(core: Core) -> None:
    back(core)
    (step, _) = core.plan().steps
    assert step.reason.startswith("it was rolled back, and neither its code nor what it reads has changed")
    assert core.statuses()["one"] == "skipped"
    mended = core.again((made(returns=4, code="4"), two()))
    assert mended.statuses() == {"one": "published", "two": "published"}
    assert mended.versions("one") == ["superseded", "superseded", "rolled_back", "published"]


def test_forced_it_is_made_all_the_same(core: Core) -> None:
    back(core)
    assert core.run("one", force=True).steps[0].status == "published"
    assert core.read("one") == 3


def test_further_back_and_forward_again(core: Core) -> None:
    first, second, third = ids(core)
    back(core)
    back(core)
    assert core.versions("one") == ["published", "rolled_back", "rolled_back"]
    assert core.statuses()["one"] == "skipped"
    back(core, to=third)
    assert core.versions("one") == ["superseded", "rolled_back", "published"]
    assert core.read("one") == 3
    back(core, to=first)
    assert core.read("one") == 1
    assert second in ids(core)


def test_its_token_is_above_every_other(core: Core) -> None:
    assert core.io is not None
    before = core.io.pointer(ONE)
    back(core)
    now = core.io.pointer(ONE)
    assert before is not None
    assert now is not None
    assert now.token > before.token


def test_the_log_says_who_and_why(core: Core) -> None:
    done = back(core)
    with reading(core.engine) as connection:
        found = connection.execute(
            select(events.c.detail).where(events.c.kind == EventKind.VERSION_ROLLED_BACK)
        ).scalar_one()
        gate = load_one(connection, ONE).gate
    assert found == {"version": done.before.id, "to": done.now.id, "by": "ana", "reason": "it was wrong"}
    assert gate is not None
    assert (gate.outcome, gate.materialization_id) == (GateOutcome.OPEN, done.now.id)


def test_a_held_version_stays_held_and_its_gate_shut(core: Core) -> None:
    bad = core.again((made(returns=4, code="4"), two()))
    bad.hold.add("one")
    assert bad.statuses() == {"one": "held", "two": "blocked"}
    back(bad)
    assert bad.versions("one") == ["superseded", "published", "rolled_back", "held"]
    assert bad.statuses() == {"one": "held", "two": "blocked"}
    assert bad.read("one") == 2


def test_what_cannot_be_rolled_back_to_is_said_and_nothing_changes(core: Core) -> None:
    first, _, third = ids(core)
    with pytest.raises(VersionError, match="is what readers see already"):
        back(core, to=third)
    with pytest.raises(UnknownName, match="no version is called"):
        back(core, to="v99")
    (data,) = (core.folder / "data" / "one").rglob(f"{first}/data.*")
    data.unlink()
    with pytest.raises(VersionError, match=f"the version {first} of one is no longer in storage"):
        back(core, to=first)
    assert core.versions("one") == ["superseded", "superseded", "published"]
    assert core.leases_held() == 0


def test_the_first_version_has_none_before_it(tmp_path: Path) -> None:
    core = Core(tmp_path, (made(),))
    with pytest.raises(VersionError, match="nothing of one is published"):
        back(core)
    core.run()
    with pytest.raises(VersionError, match="has no version before"):
        back(core)


def test_while_a_run_makes_it(core: Core) -> None:
    with writing(core.engine) as connection:
        lease.acquire(connection, ONE, "other", core.clock.wall())
    with pytest.raises(LeaseHeld):
        back(core)
    assert core.read("one") == 3


def test_what_a_crash_left_is_finished(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    assert core.io is not None

    def refuse(*args: object) -> None:
        raise StorageError("the disk is gone")

    with monkeypatch.context() as broken:
        broken.setattr(core.io, "publish", refuse)
        with pytest.raises(StorageError):
            back(core)
    assert core.versions("one") == ["superseded", "publishing", "published"]
    assert (core.read("one"), core.leases_held()) == (3, 0)
    with pytest.raises(VersionError, match="was begun and is not confirmed"):
        back(core)
    recover(core.engine, core.io, core.clock)
    assert core.versions("one") == ["superseded", "published", "rolled_back"]
    assert core.read("one") == 2
