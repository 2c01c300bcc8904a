"""What stands in ``schedule=``."""

from __future__ import annotations

from collections.abc import Collection

from orchestration.errors import DefinitionError, UnknownName
from orchestration.schedule.base import Condition
from orchestration.schedule.cron import CatchUp, cron_trigger
from orchestration.schedule.updates import Updated


def schedule_of(given: object, asset: str) -> Condition | None:
    """``schedule=`` of an asset: a condition, or the text of a cron expression in UTC; raises DefinitionError."""
    if given is None:
        return None
    if isinstance(given, str):
        try:
            return cron_trigger(given, "UTC", CatchUp.LATEST)
        except DefinitionError as error:
            raise DefinitionError(f"{asset}: schedule={given!r}: {error}") from None
    if not isinstance(given, Condition):
        raise DefinitionError(
            f"{asset}: schedule= takes a cron expression such as '0 6 * * *', ob.cron(...), ob.on_update(), or such "
            f"conditions combined with & and |, not {given!r}"
        )
    if not given.can_be_due:
        raise DefinitionError(
            f"{asset}: schedule={given.describe()} never makes it due, or always does: it has no trigger in one of its "
            "ways to hold; combine it with & and ob.cron(...), ob.on_update(), ob.on_file(...), ob.on_row(...) or "
            "ob.on_event(...)"
        )
    return given


def check_updates(schedule: Condition, asset: str, known: Collection[str], *, reads: bool) -> None:
    """Refuse a schedule that waits for what never comes, as an asset that ``reads`` nothing does for its upstream.

    Raises
    ------
    UnknownName, DefinitionError
        It names no asset, or follows nothing.
    """
    for trigger in schedule.triggers:
        if not isinstance(trigger, Updated):
            continue
        for name in trigger.assets:
            if name not in known:
                raise UnknownName("asset", name, known, where=f"{asset}: schedule")
        if not trigger.assets and not reads:
            raise DefinitionError(
                f"{asset}: schedule={schedule.describe()} never makes it due: it reads no asset; name those that it "
                "follows, ob.on_update('orders')"
            )
