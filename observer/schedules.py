"""What people do to schedules and see of them: paused with a reason, resumed, what is next, what was decided last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from observer.errors import UnknownName
from observer.project import Project
from observer.scheduling import project_state
from observer.versions import reason_of
from orchestration import log
from orchestration.assets import Asset
from orchestration.database import reading, writing
from orchestration.events import Event, EventKind
from orchestration.freshness import FreshnessStatus
from orchestration.model import Address, AssetKey
from orchestration.schedule.due import is_watched
from orchestration.schedule.keeping import decisions_of, latest_decisions, pause, resume, tell
from orchestration.schedule.seen import data_until
from orchestration.schedule.signals import OnEvent
from orchestration.schedule.state import Decision, Pause, ScheduleState

_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleLine:
    """One asset that the scheduler looks at.

    ``next_at``: when it is due next, where that is known beforehand. ``freshness``: None without a policy.
    """

    asset: AssetKey
    schedule: str
    next_at: datetime | None
    freshness: FreshnessStatus | None
    pause: Pause | None
    last: Decision | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event from outside: whether it is new, and which assets it makes due."""

    id: str
    new: bool
    assets: tuple[AssetKey, ...]


def schedule_lines(work: Project, assets: Sequence[AssetKey]) -> tuple[ScheduleLine, ...]:
    """Those of some assets that have a schedule or are kept fresh, in their order."""
    now = work.clock.now()
    with reading(work.engine) as connection:
        state = project_state(connection, work, now)
        last = latest_decisions(connection)
    found = (work.graph.asset(key) for key in assets)
    return tuple(_line(asset, state, last, now) for asset in found if is_watched(asset))


def pause_schedules(work: Project, assets: Sequence[AssetKey], *, reason: str, by: str) -> tuple[AssetKey, ...]:
    """Let the scheduler ask for nothing of some assets until they are resumed; returns those that have a schedule.

    What falls due meanwhile is passed over, and recorded.

    Raises
    ------
    VersionError
        No reason.
    UnknownName
        None of them has a schedule or is kept fresh.
    """
    why, watched, now = reason_of(reason), _watched(work, assets), work.clock.now()
    with writing(work.engine) as connection:
        for key in watched:
            pause(connection, key, Pause(by=by, reason=why, at=now))
            detail = {"by": by, "reason": why}
            log.append(connection, Event(at=now, kind=EventKind.SCHEDULE_PAUSED, address=Address(key), detail=detail))
    return watched


def resume_schedules(work: Project, assets: Sequence[AssetKey], *, by: str) -> tuple[AssetKey, ...]:
    """Let the scheduler go on with some assets; returns those that were paused."""
    watched, now = _watched(work, assets), work.clock.now()
    with writing(work.engine) as connection:
        paused = tuple(key for key in watched if resume(connection, key))
        for key in paused:
            event = Event(at=now, kind=EventKind.SCHEDULE_RESUMED, address=Address(key), detail={"by": by})
            log.append(connection, event)
    return paused


def tell_event(work: Project, name: str, event_id: str, *, by: str) -> Told:
    """Take an event from outside in, once by its id.

    Raises
    ------
    UnknownName
        No schedule waits for an event of that name; nothing was written.
    """
    waiting = _waiting(work)
    if name not in waiting:
        raise UnknownName("event", name, waiting, where="nothing was written")
    with writing(work.engine) as connection:
        new = tell(connection, name, event_id, by, work.clock.wall())
    return Told(id=event_id, new=new, assets=tuple(waiting[name]))


def waiting_for(work: Project, name: str) -> tuple[AssetKey, ...]:
    """The assets that an event of that name makes due."""
    return tuple(_waiting(work).get(name, ()))


def decisions_on(work: Project, asset: str, last: int) -> tuple[Decision, ...]:
    """The last decisions on an asset, the newest first; raises UnknownName."""
    with reading(work.engine) as connection:
        return decisions_of(connection, work.graph.asset(asset).key, last)


def _waiting(work: Project) -> Mapping[str, list[AssetKey]]:
    """By the name of an event, the assets that it makes due."""
    found: dict[str, list[AssetKey]] = {}
    for asset in work.graph:
        for trigger in asset.schedule.triggers if asset.schedule is not None else ():
            if isinstance(trigger, OnEvent):
                found.setdefault(trigger.event, []).append(asset.key)
    return found


def _watched(work: Project, assets: Sequence[AssetKey]) -> tuple[AssetKey, ...]:
    found = tuple(key for key in assets if is_watched(work.graph.asset(key)))
    if not found:
        known = [asset.key for asset in work.graph if is_watched(asset)]
        raise UnknownName("asset with a schedule", ", ".join(assets), known)
    return found


def _line(asset: Asset, state: ScheduleState, last: Mapping[AssetKey, Decision], now: datetime) -> ScheduleLine:
    followed, policy, until = state.followed.get(asset.key), asset.freshness, data_until(asset, state)
    coming = [trigger.next_at(now) for trigger in asset.schedule.triggers] if asset.schedule is not None else []
    if policy is not None and policy.refresh and until is not None:
        coming.append(policy.warns_at(until))
    said = [] if asset.schedule is None else [asset.schedule.describe()]
    if policy is not None and policy.refresh:
        said.append(f"kept fresh: {policy.allowed()}")
    return ScheduleLine(
        asset=asset.key, schedule="; ".join(said), pause=None if followed is None else followed.pause,
        next_at=min((at for at in coming if at is not None and now < at < _NEVER), default=None),
        freshness=None if policy is None else policy.status(until, now), last=last.get(asset.key),
    )  # fmt: skip
