"""What is measured of a version after it was taken in: kept at the version's place in its series, judged no more.

The past that later versions are compared with is complete by it. What was published stays published, and what is held
for want of it stays held until a person releases it or a better version comes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from observer.data_time import data_time, part_of
from observer.errors import ReportError, StateError
from observer.model import Observation
from observer.project import Project
from observer.store import observations as observation_store
from observer.store.observations import Measurement
from orchestration import log
from orchestration.database import reading, writing
from orchestration.events import Event, EventKind
from orchestration.external import is_external
from orchestration.model import Address, AssetKey, VersionStatus
from orchestration.tables import versions

Late = Mapping[str, Sequence[Observation]]
"""What was measured, by the id of the version."""

_GONE = (VersionStatus.DISCARDED.value, VersionStatus.ROLLED_BACK.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLate:
    """How many of the numbers about a version are new; the others were there, and stay as they are."""

    id: str
    address: Address
    new: int
    known: int


def keep_late(
    work: Project, late: Late, *, sees: Callable[[AssetKey], bool] = lambda key: True
) -> tuple[KeptLate, ...]:
    """Keep what was measured of versions that were taken in before, all of it in one transaction.

    Parameters
    ----------
    sees: whether the versions of an asset are whoever's who asks; others are as if they weren't there.

    Raises
    ------
    ReportError
        A version that isn't known, that was made here, or that was thrown away; nothing was kept.
    StateError
        The state database can't be read or written; nothing was kept.
    """
    try:
        return _keep(work, late, sees)
    except StateError as error:
        if isinstance(error.__cause__, IntegrityError):  # sent twice at once: the other was quicker
            return _keep(work, late, sees)
        raise


def _keep(work: Project, late: Late, sees: Callable[[AssetKey], bool]) -> tuple[KeptLate, ...]:
    with reading(work.engine) as connection:
        rows = connection.execute(select(*_VERSION).where(versions.c.id.in_(sorted(late)))).all()
    known = {row.id: row for row in rows if sees(AssetKey(row.asset))}
    for id_ in late:
        _check(work, id_, known.get(id_))
    kept = []
    with writing(work.engine) as connection:
        for id_, observed in late.items():
            one = _measurement(work, known[id_], observed)
            new = observation_store.add_missing(connection, one)
            address = Address(one.asset, known[id_].partition or None)
            kept.append(KeptLate(id=id_, address=address, new=new, known=len(observed) - new))
            if new:
                log.append(connection, _event(work, kept[-1], known[id_].run_id))
    return tuple(kept)


def _check(work: Project, id_: str, row: Any) -> None:
    if row is None:
        raise ReportError(
            f"there is no version {id_!r}; nothing was taken in; send what is measured of a version together with it, "
            "or after it was taken in"
        )
    if row.asset not in work.graph or not is_external(work.graph.asset(row.asset)):
        raise ReportError(
            f"version {id_!r} is one of {row.asset}, which nobody else reports; nothing was taken in; "
            "it is measured where it is made"
        )
    if row.status in _GONE:
        raise ReportError(
            f"version {id_!r} of {row.asset} is {row.status}, so that nothing of it counts any more; "
            "nothing was taken in; leave it out"
        )


def _measurement(work: Project, row: Any, observed: Sequence[Observation]) -> Measurement:
    asset, partition, redact = work.graph.asset(row.asset), row.partition or None, work.observer.redact
    return Measurement(
        asset=asset.key, version_seq=row.seq, data_at=data_time(asset, partition, row.materialized_at),
        observed=[one if one.reason is None else replace(one, reason=redact(one.reason)) for one in observed],
        made_at=row.materialized_at, part=part_of(asset, partition),
    )  # fmt: skip


def _event(work: Project, kept: KeptLate, run_id: str) -> Event:
    return Event(
        at=work.clock.now(), kind=EventKind.VERSION_MEASURED, run_id=run_id, address=kept.address,
        detail={"version": kept.id, "observations": kept.new},
    )  # fmt: skip


_VERSION = (
    versions.c.seq, versions.c.id, versions.c.asset, versions.c.partition, versions.c.run_id, versions.c.status,
    versions.c.materialized_at,
)  # fmt: skip
