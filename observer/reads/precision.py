"""Which checks and monitors deserve to be heard: what people made of the incidents that they opened."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, select

from observer.model import Resolution
from observer.reads.incident_model import PrecisionRow
from observer.store.tables import incidents

_LAST = 2_000  # incidents that are looked at
_MOST = 100  # rows

_CONFIRMED = (Resolution.FIXED.value, Resolution.NO_ACTION.value)


def precision(connection: Connection) -> tuple[PrecisionRow, ...]:
    """Each check and monitor of the newest incidents, the least precise first; one statement."""
    rows = connection.execute(
        select(incidents.c.asset, incidents.c.subjects, incidents.c.resolved_as)
        .order_by(incidents.c.id.desc())
        .limit(_LAST)
    )
    said: dict[tuple[str, str], list[str | None]] = defaultdict(list)
    for row in rows:
        for subject in row.subjects:
            said[row.asset, subject].append(row.resolved_as)
    found = [_row(asset, subject, each) for (asset, subject), each in said.items()]
    return tuple(sorted(found, key=_badness)[:_MOST])


def of_monitor(connection: Connection, asset: str, subject: str) -> PrecisionRow | None:
    """One check or monitor of an asset; None where it opened none of its newest incidents."""
    rows = connection.execute(
        select(incidents.c.subjects, incidents.c.resolved_as)
        .where(incidents.c.asset == asset)
        .order_by(incidents.c.id.desc())
        .limit(_LAST)
    )
    said = [row.resolved_as for row in rows if subject in row.subjects]
    return _row(asset, subject, said) if said else None


def _row(asset: str, subject: str, said: list[str | None]) -> PrecisionRow:
    confirmed = sum(one in _CONFIRMED for one in said)
    expected, false = said.count(Resolution.EXPECTED.value), said.count(Resolution.FALSE_ALARM.value)
    judged = confirmed + expected + false
    return PrecisionRow(
        asset=asset, subject=subject, confirmed=confirmed, expected=expected, false_alarms=false,
        open=len(said) - judged, precision=confirmed / judged if judged else None,
    )  # fmt: skip


def _badness(row: PrecisionRow) -> tuple[float, int, str, str]:
    judged = row.confirmed + row.expected + row.false_alarms
    return (2.0 if row.precision is None else row.precision, -judged, row.asset, row.subject)
