"""The orchestration core without the observer: a real log, real files, and a gate that tests decide."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from orchestration.assets import Asset
from orchestration.clock import Clock
from orchestration.code_version import CodeVersions
from orchestration.database import open_database, reading
from orchestration.gate import Ruling, record_nothing
from orchestration.graph import Graph
from orchestration.io.base import IOManager
from orchestration.io.files import FilesIOManager
from orchestration.model import Address, AssetKey, GateDecision, GateOutcome, Run, Staged, StepRecord
from orchestration.plan import Plan, make_plan
from orchestration.runner import run_plan
from orchestration.runtime import Runtime
from orchestration.state import Snapshot, known_versions, load
from orchestration.tables import leases, metadata

NOW = datetime(2020, 1, 1, tzinfo=UTC)
OPENED: list[Engine] = []
_NAMES = itertools.count(1)
Judge = Callable[[Staged], str | None]


def open_state(url: str) -> Engine:
    """An engine with the core's tables, closed after the test by `close_states`."""
    engine = open_database(url)
    OPENED.append(engine)
    metadata.create_all(engine)
    return engine


def close_states() -> None:
    while OPENED:
        OPENED.pop().dispose()


class SayingGate:
    """Holds what `judge` gives a reason for."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    def measure(self, staged: Staged) -> tuple[Staged, str | None]:
        return staged, self.judge(staged)

    def recall(self, connection: Connection, addresses: Sequence[Address]) -> Mapping[Address, object]:
        return {}

    def decide(self, audit: tuple[Staged, str | None], recalled: object = None) -> Ruling:
        staged, why = audit
        made = staged.materialization
        decision = GateDecision(
            asset=made.asset, partition=made.partition, materialization_id=made.id,
            outcome=GateOutcome.HELD if why else GateOutcome.OPEN, reasons=(why,) if why else (),
            holds=("check",) if why else (), decided_at=NOW, by="test",
        )  # fmt: skip
        return Ruling(decision, record_nothing)


@dataclass
class Core:
    """One project's assets over one state database and one folder; `hold` names the addresses that are bad."""

    folder: Path
    assets: Iterable[Asset]
    url: str = ""
    hold: set[str] = field(default_factory=set)
    io: IOManager | None = None
    clock: Clock = field(default_factory=lambda: Clock(now=lambda: NOW))
    prefix: str = "v"
    root: Path = Path(__file__).parent.parent  # whose files are the project's own code

    def __post_init__(self) -> None:
        self.graph = Graph(self.assets)
        self.engine = open_state(self.url or f"sqlite:///{self.folder / 'state.db'}")
        self.io = self.io or FilesIOManager(self.folder / "data")
        self.gate = SayingGate(self._hold)
        codes = CodeVersions(self.root)
        numbers = itertools.count(1)
        self.runtime = Runtime(
            graph=self.graph, engine=self.engine, io=self.io, gate=self.gate, clock=self.clock,
            new_id=lambda: f"{self.prefix}{next(numbers)}", code_versions={a.key: codes.of(a) for a in self.graph},
            root=self.root, environment="test",
        )  # fmt: skip

    def _hold(self, staged: Staged) -> str | None:
        address = str(staged.materialization.address)
        return f"{address} is bad" if address in self.hold else None

    def again(self, assets: Iterable[Asset]) -> "Core":
        """The same project after its assets were edited, or as another process opens it."""
        return Core(self.folder, assets, str(self.engine.url.render_as_string(hide_password=False)), self.hold,
                    prefix=f"{next(_NAMES)}v")  # fmt: skip

    def snapshot(self) -> Snapshot:
        with reading(self.engine) as connection:
            return load(connection, set(self.graph.order))

    def plan(self, selection: str = "*", partitions: str | None = None, *, force: bool = False) -> Plan:
        codes = self.runtime.code_versions
        return make_plan(self.graph, selection, partitions, self.snapshot(), codes, NOW, force=force)

    def run(
        self,
        selection: str = "*",
        partitions: str | None = None,
        *,
        force: bool = False,
        listener: Callable[[StepRecord], None] = lambda step: None,
    ) -> Run:
        plan = self.plan(selection, partitions, force=force)
        return run_plan(self.runtime, plan, trigger="test", listener=listener)

    def statuses(self, selection: str = "*", partitions: str | None = None, *, force: bool = False) -> dict[str, str]:
        """What became of each address in a run."""
        return said(self.run(selection, partitions, force=force))

    def versions(self, asset: str, partition: str | None = None) -> list[str]:
        """The statuses of all versions of an address, oldest first."""
        with reading(self.engine) as connection:
            return [v.status.value for v in known_versions(connection, Address(AssetKey(asset), partition))]

    def read(self, asset: str, partition: str | None = None) -> object:
        """What a reader of the address sees: the version that the pointer names."""
        assert self.io is not None
        address = Address(AssetKey(asset), partition)
        pointer = self.io.pointer(address)
        assert pointer is not None, f"{address} has no pointer"
        with reading(self.engine) as connection:
            version = next(v for v in known_versions(connection, address) if v.id == pointer.version)
        return self.io.load([version.stored()], "", one=True)

    def leases_held(self) -> int:
        with reading(self.engine) as connection:
            return len(connection.execute(select(leases.c.asset).where(leases.c.held)).all())


def said(run: Run) -> dict[str, str]:
    return {str(step.address): step.status.value for step in run.steps}
