"""One word for what a cron expression says: partitions that begin by it, or when an asset is due."""

from __future__ import annotations

from typing import overload

from orchestration.errors import DefinitionError
from orchestration.partitions import CronPartitions
from orchestration.partitions import cron as cron_partitions
from orchestration.schedule.cron import CatchUp, Cron, cron_trigger


@overload
def cron(expression: str, start: str, *, timezone: str = ..., end: str | None = ...) -> CronPartitions: ...
@overload
def cron(expression: str, *, timezone: str = ..., catch_up: CatchUp | str = ...) -> Cron: ...
def cron(
    expression: str,
    start: str | None = None,
    *,
    timezone: str = "UTC",
    end: str | None = None,
    catch_up: CatchUp | str = CatchUp.LATEST,
) -> CronPartitions | Cron:
    """With a ``start``, partitions that begin whenever a cron expression fires; without, a schedule that is due then.

    Parameters
    ----------
    expression:
        Five fields, ``minute hour day-of-month month day-of-week``.
    start, end:
        Of partitions: the first one begins on this day or later; none begins after ``end``.
    timezone:
        IANA name of the zone in which the expression is meant. A time that the clocks leave out comes when they go on;
        one that they show twice comes once.
    catch_up:
        Of a schedule, what becomes of due times that passed while nothing looked: ``"latest"`` acts on the newest,
        ``"all"`` on each of them, the newest first, ``"none"`` on none that is older than ten minutes.

    Raises
    ------
    PartitionError, DefinitionError
        An expression that isn't one or never fires, or a day or zone that doesn't exist.

    >>> cron("0 6 * * mon-fri", "2013-02-01").between("2013-02-01T06:00", "2013-02-05T06:00")
    ('2013-02-01T06:00', '2013-02-04T06:00', '2013-02-05T06:00')
    >>> cron("0 6 * * mon-fri", timezone="Europe/Berlin").describe()
    'cron 0 6 * * mon-fri Europe/Berlin'
    """
    if start is not None:
        if catch_up != CatchUp.LATEST:
            raise DefinitionError(f"cron({expression!r}, start={start!r}): catch_up= is for schedules; leave start out")
        return cron_partitions(expression, start, timezone=timezone, end=end)
    if end is not None:
        raise DefinitionError(f"cron({expression!r}, end={end!r}): end= is for partitions; write start= beside it")
    return cron_trigger(expression, timezone, catch_up)
