"""States of schedules, made by hand, and what a tick makes of them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from orchestration.assets import Asset
from orchestration.graph import Graph
from orchestration.model import Address, AssetKey
from orchestration.run_request import RunRequest
from orchestration.schedule.base import Publication
from orchestration.schedule.state import Busy, Cursor, Newest, ScheduleState
from orchestration.schedule.tick import Tick, decide


def at(text: str) -> datetime:
    """``2013-02-08 06:00``, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def newest(partition: str | None, made: str) -> Newest:
    return Newest(partition=partition, made_at=at(made))


class Scheduler:
    """Ticks over a state that is kept as the database keeps it; nothing runs by itself."""

    def __init__(self, *assets: Asset, pools: Mapping[str, int] | None = None) -> None:
        self.graph, self.pools = Graph(assets), pools or {}
        self.state = ScheduleState(cursor=Cursor(0, 0))
        self.asked: list[RunRequest] = []
        self._events = 0

    def tick(self, now: str | datetime) -> Tick:
        found = decide(self.graph, self.state, at(now) if isinstance(now, str) else now, self.pools)
        self.state = replace(
            self.state, followed={**self.state.followed, **found.followed}, publications=(), signals=()
        )
        self.asked += found.requests
        return found

    def said(self, now: str) -> list[str]:
        return [f"{one.asset} {one.outcome}: {one.reason}" for one in self.tick(now).decisions]

    def due_keys(self) -> list[str]:
        return [request.due_key for request in self.asked]

    def publish(self, asset: str, partition: str | None, made: str | datetime) -> None:
        self._events += 1
        when = at(made) if isinstance(made, str) else made
        known = self.state.newest.get(AssetKey(asset))
        last = max(filter(None, (partition, known.partition if known else None)), default=None)
        one = Publication(id=self._events, address=Address(AssetKey(asset), partition))
        self.state = replace(
            self.state, publications=(*self.state.publications, one),
            newest={**self.state.newest, AssetKey(asset): Newest(partition=last, made_at=when)},
        )  # fmt: skip

    def busy(self, *assets: str) -> None:
        """These run, and no others."""
        self.state = replace(
            self.state, busy={AssetKey(asset): Busy(requests=1, says="run r1 has it under way") for asset in assets}
        )

    def hold(self, asset: str, partition: str | None, *columns: str) -> None:
        self.state = replace(self.state, held={AssetKey(asset): {partition: columns}} if asset else {})
