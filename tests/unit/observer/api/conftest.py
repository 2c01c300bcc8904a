"""Reads that answer from memory."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime

import pytest

from observer.errors import StateError
from observer.model import IncidentStatus
from observer.reads.base import GateAnswer
from observer.reads.catalog_model import AssetsPage, Question
from observer.reads.dead_letters import DeadLettersPage
from observer.reads.incident_model import IncidentPage, IncidentsPage
from observer.reads.model import AssetPage, AssetRow, NowPage, ObserverHealth, RunPage, State

AT = datetime(2013, 2, 9, 6, 0, tzinfo=UTC)


def row(key: str) -> AssetRow:
    return AssetRow(
        key=key,
        kind="python",
        group=None,
        owners=(),
        state=State.HEALTHY,
        text="",
        last_partition=None,
        last_at=None,
        rows=None,
        row_sparkline=(),
        strip=(),
    )


class FakeReads:
    """Knows `flights`: 2013-02-08 is held, 2013-02-07 open; `quiet` was never judged."""

    def __init__(self) -> None:
        self.broken: Exception | None = None

    def now(self) -> NowPage:
        return NowPage(
            at=AT,
            project="p",
            environment="local",
            timezone="UTC",
            sentence="",
            since=None,
            counts=(),
            incidents=(),
            unresolved=0,
            total=2,
            assets=(row("flights"), row("quiet")),
            runs=(),
            observer=ObserverHealth(last_event_at=None, outbox_waiting=0, outbox_failing=0),
            monitored=0,
        )

    def keys(self) -> list[str]:
        return list(self.states())

    def states(self) -> dict[str, State]:
        return {each.key: each.state for each in self.now().assets}

    def assets(self, keys: Sequence[str]) -> tuple[AssetRow, ...]:
        return tuple(row(key) for key in keys)

    def catalog(self, question: Question) -> AssetsPage:
        rows = self.now().assets
        return AssetsPage(
            at=AT, project="p", environment="local", timezone="UTC", question=question, refused="", total=len(rows),
            found=len(rows), pages=1, facets=(), assets=rows,
        )  # fmt: skip

    def asset(self, key: str) -> AssetPage | None:
        return None

    def run(self, run_id: str) -> RunPage | None:
        return None

    def incident(self, incident_id: int) -> IncidentPage | None:
        if self.broken is not None:
            raise self.broken
        return None

    def incidents(
        self,
        statuses: Collection[IncidentStatus] = (),
        *,
        asset: str | None = None,
        assets: Collection[str] | None = None,
        on: date | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> IncidentsPage:
        counts = tuple((status, 0) for status in IncidentStatus)
        return IncidentsPage(
            at=AT, project="p", environment="local", timezone="UTC", counts=counts, incidents=(), more=False,
            precision=(),
        )  # fmt: skip

    def dead_letters(self, sees: Callable[[str], bool] | None = None) -> DeadLettersPage:
        return DeadLettersPage(at=AT, project="p", environment="local", timezone="UTC", letters=(), more=False)

    def gate(self, asset: str, partition: str | None) -> GateAnswer | None:
        if self.broken is not None:
            raise self.broken
        outcomes = {"2013-02-08": "held", "2013-02-07": "open", "2013-02-06": "open_by_override"}
        outcome = {"flights": outcomes.get(partition or "2013-02-08"), "quiet": "none"}.get(asset)
        if outcome is None:
            return None
        held = outcome == "held"
        return GateAnswer(
            asset=asset,
            partition=partition,
            outcome=outcome,
            sentence=f"{asset} is {outcome}",
            reasons=("dep_time null rate 50.8 %",) if held else (),
            holds=("null_rate(dep_time)",) if held else (),
            materialization_id="m1",
            decided_at=AT,
            expires_at=None,
            incident_id=1 if held else None,
            readers_see="2013-02-07",
        )


@pytest.fixture
def reads() -> FakeReads:
    return FakeReads()


@pytest.fixture
def state_error() -> StateError:
    return StateError("the state database does not answer; nothing was changed; start it")
