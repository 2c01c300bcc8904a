"""What is due: a pure function of the state and ``now``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from orchestration.agenda import names_of
from orchestration.assets import Asset
from orchestration.errors import TidegateError
from orchestration.graph import Graph
from orchestration.model import AssetKey
from orchestration.run_request import RunRequest
from orchestration.schedule.base import Answer, Mark, Occasion
from orchestration.schedule.refresh import STALE, needed, refresh_due
from orchestration.schedule.seen import Seen, held
from orchestration.schedule.state import FRESHNESS, SCHEDULE, Decision, Followed, Outcome, ScheduleState

ASKED_BY = "schedule"
MAKES_UP = -1
"""The priority of what is made up for: below what is due now."""
_NOT_YET = Followed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What a tick gives; ``marks`` are those of the assets that got further."""

    requests: tuple[RunRequest, ...]
    decisions: tuple[Decision, ...]
    marks: Mapping[AssetKey, Mapping[str, Mark]]


def is_watched(asset: Asset) -> bool:
    """Whether a tick looks at an asset at all."""
    return asset.schedule is not None or (asset.freshness is not None and asset.freshness.refresh)


def due(graph: Graph, state: ScheduleState, now: datetime, pools: Mapping[str, int]) -> Due:
    """Decide what is to be asked for, upstream first.

    Parameters
    ----------
    pools:
        How many steps run at once, by the name of a pool or ``tag:`` and a tag.
    """
    walk = _Walk(graph, state, now, pools)
    for asset in graph:
        if is_watched(asset):
            walk.look(asset)
    return Due(requests=tuple(walk.requests), decisions=tuple(walk.decisions), marks=walk.marks)


class _Walk:
    def __init__(self, graph: Graph, state: ScheduleState, now: datetime, pools: Mapping[str, int]) -> None:
        self._graph, self._state, self._now, self._pools = graph, state, now, pools
        self._asked: dict[AssetKey, str] = {}  # by this tick
        self._above: dict[AssetKey, str | None] = {}
        self._taken: dict[str, int] = {}
        self.requests: list[RunRequest] = []
        self.decisions: list[Decision] = []
        self.marks: dict[AssetKey, Mapping[str, Mark]] = {}
        for key in state.busy:
            self._take(key)

    def look(self, asset: Asset) -> None:
        """Decide about one asset, what is above it being decided."""
        followed = self._state.followed.get(asset.key, _NOT_YET)
        marks = dict(followed.marks)
        try:
            if asset.schedule is not None:
                seen = Seen(self._graph, asset, self._state, self._now)
                marks.update(self._scheduled(asset, asset.schedule.answer(seen), followed))
            marks.update(self._refreshed(asset, followed))
        except TidegateError as error:  # of one asset, which must not keep the others from being due
            self._decide(asset, followed, Outcome.REFUSED, str(error))
            return
        further = {name: mark for name, mark in marks.items() if mark}
        if further != followed.marks:
            self.marks[asset.key] = further

    def _scheduled(self, asset: Asset, answer: Answer, followed: Followed) -> Mapping[str, Mark]:
        """Where the triggers of a schedule stand afterwards."""
        if (pause := followed.pause) is not None:
            for one in answer.occasions if answer.holds else ():
                why = f"{one.says}; paused by {pause.by}: {pause.reason}"
                self._decide(asset, followed, Outcome.PASSED_OVER, why, one)
            return {**answer.kept, **answer.taken}
        for why in answer.passed:
            self._decide(asset, followed, Outcome.PASSED_OVER, why)
        if not answer.holds:
            if answer.unknown:
                self._decide(asset, followed, Outcome.UNKNOWN, answer.says)
            elif answer.occasions:
                self._decide(asset, followed, Outcome.WAITS, f"due, and waits: {answer.says}", answer.occasions[-1])
            return answer.kept
        for one in answer.occasions:
            if one.waits and (obstacle := self._obstacle(asset, one)) is not None:
                self._decide(asset, followed, Outcome.WAITS, f"{one.says}; waits: {obstacle}", one)
                return answer.kept
        for one in answer.occasions:
            self._ask(asset, followed, one, (asset.key,) if asset.production is None else asset.production.keys)
        return {**answer.kept, **answer.taken}

    def _refreshed(self, asset: Asset, followed: Followed) -> Mapping[str, Mark]:
        """Where the refreshing of an asset stands afterwards."""
        policy = asset.freshness
        if policy is None or not policy.refresh:
            return {}
        done = followed.marks.get(STALE, {}).get("key")
        one = refresh_due(asset, policy, self._state, self._now, done)
        if one is None or asset.key in self._asked:
            return {}
        mark = {"key": one.key}
        newest = self._state.newest.get(asset.key)
        timed = asset.partitions is not None and asset.partitions.has_time
        if timed and newest is not None and newest.partition in (one.partitions or ()):
            why = f"{one.says}; no newer partition is complete than {newest.partition}, which is published"
            self._decide(asset, followed, Outcome.PASSED_OVER, why, one)
            return {}
        if (pause := followed.pause) is not None:
            why = f"{one.says}; paused by {pause.by}: {pause.reason}"
            self._decide(asset, followed, Outcome.PASSED_OVER, why, one)
            return {STALE: mark}
        more = () if asset.partitions is not None else needed(self._graph, asset, self._state, self._now)
        asked = next((self._here(key) for key in more if key in self._asked), None)
        if (obstacle := asked or self._obstacle(asset, one)) is not None:
            self._decide(asset, followed, Outcome.WAITS, f"{one.says}; waits: {obstacle}", one)
            return {}
        self._ask(asset, followed, one, (*more, asset.key))
        return {STALE: mark}

    def _obstacle(self, asset: Asset, one: Occasion) -> str | None:
        """What keeps an asset from being asked for just now."""
        if (busy := self._state.busy.get(asset.key)) is not None:
            return busy.says
        if asset.key in self._asked:
            return self._asked[asset.key]
        if (above := self._busy_above(asset.key)) is not None:
            return above
        if (why := held(self._graph, asset.key, one.partitions, self._state)) is not None:
            return f"{why}, until it is released or made again and good"
        for name in names_of(asset):
            if name in self._pools and self._taken.get(name, 0) >= self._pools[name]:
                return f"{name} is full ({self._pools[name]} at once)"
        return None

    def _busy_above(self, key: AssetKey) -> str | None:
        """Which asset above runs or waits in the queue; what was found on the way is remembered."""
        if not self._state.busy and not self._asked:
            return None
        stack = [key]
        while stack:
            at = stack[-1]
            ways = [edge.upstream for edge in self._graph.upstream(at)]
            if open_ways := [up for up in ways if up not in self._above]:
                stack += open_ways
                continue
            stack.pop()
            busy = (self._here(up) or self._above[up] for up in ways)
            self._above[at] = next((why for why in busy if why is not None), None)
        return self._above[key]

    def _here(self, key: AssetKey) -> str | None:
        if (found := self._state.busy.get(key)) is not None:
            return f"{key}, which is upstream of it: {found.says}"
        return f"{key}, which is upstream of it: {self._asked[key]}" if key in self._asked else None

    def _take(self, key: AssetKey) -> None:
        if self._pools and key in self._graph:
            for name in names_of(self._graph.asset(key)):
                self._taken[name] = self._taken.get(name, 0) + 1

    def _ask(self, asset: Asset, followed: Followed, one: Occasion, assets: tuple[AssetKey, ...]) -> None:
        if one.partitions == ():
            self._decide(asset, followed, Outcome.PASSED_OVER, f"{one.says}; no partition of it is complete yet", one)
            return
        timed = asset.partitions is not None and asset.partitions.has_time
        kind, _, rest = one.key.partition("@")
        due_key = f"{kind}:{asset.key}:{rest}"
        self.requests.append(
            RunRequest(
                due_key=due_key, assets=assets, partitions=one.partitions, reason=one.says, asked_by=ASKED_BY,
                due_at=one.at, priority=MAKES_UP if one.makes_up else 0, force=one.force and not timed,
            )
        )  # fmt: skip
        for key in assets:
            self._asked.setdefault(key, "it is asked for just now")
            self._take(key)
        said = one.says if one.partitions is None else f"{one.says}; {_few(one.partitions)}"
        more = [key for key in assets if key != asset.key]
        said += f"; with {', '.join(more)}, which it can't be fresh without" if more else ""
        self._decide(asset, followed, Outcome.ASKED, said, one, due_key)

    def _decide(
        self, asset: Asset, followed: Followed, outcome: Outcome, reason: str, one: Occasion | None = None,
        due_key: str | None = None,
    ) -> None:  # fmt: skip
        """Record a decision that isn't the last one again."""
        about = FRESHNESS if one is not None and one.key.startswith(STALE) else SCHEDULE
        if outcome is not Outcome.ASKED and followed.said.get(about) == (outcome.value, reason):
            return
        self.decisions.append(
            Decision(
                asset=asset.key, at=self._now, outcome=outcome, reason=reason, due_key=due_key,
                due_at=None if one is None else one.at, about=about,
            )
        )  # fmt: skip


def _few(keys: tuple[str, ...]) -> str:
    return f"partition {keys[0]}" if len(keys) == 1 else f"{len(keys)} partitions, {keys[0]} to {keys[-1]}"
