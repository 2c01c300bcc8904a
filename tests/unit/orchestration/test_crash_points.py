"""A process that dies at each instant that matters, one after the other; the next one finishes the work."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, event, select

from orchestration.clock import Clock
from orchestration.database import reading
from orchestration.gate import Ruling
from orchestration.io.base import StagedData
from orchestration.io.files import FilesIOManager
from orchestration.model import Address, AssetKey, Staged
from orchestration.tables import runs
from tests.support.core import Core, close_states
from tests.unit.orchestration.test_runner import made

Hook = Callable[[], None]


class Dying(FilesIOManager):
    """Passes the hook before and after each of its writes."""

    def __init__(self, root: Path, hook: Hook) -> None:
        super().__init__(root)
        self.hook = hook

    def stage(self, address: Address, version: str, value: object) -> StagedData:
        self.hook()
        staged = super().stage(address, version, value)
        self.hook()
        return staged

    def publish(self, address: Address, version: str, token: int) -> None:
        self.hook()
        super().publish(address, version, token)
        self.hook()


def child(folder: Path, url: str, die_at: int) -> int:
    """Run in a forked process that kills itself at its `die_at`-th instant; its exit code, -9 if it died."""
    if (pid := os.fork()) == 0:
        try:
            walk(folder, url, die_at)
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def walk(folder: Path, url: str, die_at: int) -> None:
    instants = iter(range(1, 10_000))

    def hook() -> None:
        if next(instants) == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    core = Core(
        folder, (made(), made(key="two", deps=("one",))), url, io=Dying(folder / "data", hook),
        prefix=f"{os.getpid()}v", clock=Clock(),
    )  # fmt: skip
    decide = core.gate.decide

    def decide_and_die(audit: tuple[Staged, str | None], recalled: object = None) -> Ruling:
        def record(connection: Connection, logged: object) -> None:
            hook()  # in the middle of the transaction

        return replace(decide(audit), record=record)

    core.gate.decide = decide_and_die  # type: ignore[method-assign]
    event.listen(core.engine, "commit", lambda connection: hook())  # just before each commit
    core.run()


def test_dying_at_each_instant(tmp_path: Path, state_url: str) -> None:
    died = 0
    for die_at in range(1, 100):
        folder, url = tmp_path / str(die_at), state_url
        folder.mkdir()
        if url.startswith("sqlite"):
            url = f"sqlite:///{folder / 'state.db'}"
        code = child(folder, url, die_at)
        if code == 0:
            break
        assert code == -9
        died += 1
        again = Core(folder, (made(), made(key="two", deps=("one",))), url, prefix=f"{die_at}again", clock=Clock())
        found = again.statuses()
        assert set(found.values()) <= {"published", "skipped"}, (die_at, found)
        for asset in ("one", "two"):
            assert again.read(asset) == 1
            assert again.versions(asset) == ["published"], (die_at, asset)
        assert again.leases_held() == 0
        with reading(again.engine) as connection:
            assert "running" not in connection.execute(select(runs.c.status)).scalars().all()
        pointer = again.runtime.io.pointer(Address(AssetKey("one")))
        assert pointer is not None
        close_states()
        if url.startswith("postgresql"):  # one database for all
            break_down(url)
    assert died >= 12, "there are more instants than that"


def break_down(url: str) -> None:
    from orchestration.database import open_database
    from orchestration.tables import metadata

    engine = open_database(url)
    metadata.drop_all(engine)
    engine.dispose()
