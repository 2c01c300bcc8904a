"""Letting a held version out."""

from pathlib import Path

import pytest

from orchestration import lease
from orchestration.database import writing
from orchestration.errors import LeaseHeld, StateError
from orchestration.model import Address, AssetKey
from orchestration.release import release
from tests.support.core import Core
from tests.unit.orchestration.test_runner import made

ONE = Address(AssetKey("one"))


def let_out(core: Core) -> object:
    runtime = core.runtime
    return release(
        core.engine, runtime.io, runtime.clock, ONE, reason="a blizzard", by="ops",
        record=lambda connection, decision: None,
    )  # fmt: skip


@pytest.fixture
def core(tmp_path: Path, state_url: str) -> Core:
    core = Core(tmp_path, (made(), made(key="two", deps=("one",))), state_url, hold={"one"})
    assert core.statuses() == {"one": "held", "two": "blocked"}
    return core


def test_it_is_published_and_what_is_downstream_runs(core: Core) -> None:
    assert let_out(core)
    assert core.versions("one") == ["published"]
    assert core.read("one") == 1
    assert core.statuses() == {"one": "skipped", "two": "published"}
    assert let_out(core) is None
    assert core.leases_held() == 0


def test_while_a_run_makes_it(core: Core) -> None:
    with writing(core.engine) as connection:
        lease.acquire(connection, ONE, "other", core.clock.wall())
    with pytest.raises(LeaseHeld):
        let_out(core)
    assert core.versions("one") == ["held"]


def test_when_it_is_gone_from_storage(core: Core) -> None:
    (data,) = (core.folder / "data" / "one").rglob("data.*")
    data.unlink()
    with pytest.raises(StateError, match="no longer in storage"):
        let_out(core)
    assert core.versions("one") == ["held"]
    assert core.leases_held() == 0
