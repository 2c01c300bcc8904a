"""How the values of columns are spread, one row a column and version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from observer.model import Distribution
from observer.store.tables import distributions
from orchestration.bulk import Bulk
from orchestration.model import AssetKey, VersionStatus
from orchestration.tables import versions

_ADD = Bulk(insert(distributions))
_AT_ONCE = 500  # versions in a question; databases take so many values and no more
_SEEN = (VersionStatus.PUBLISHED, VersionStatus.PUBLISHING, VersionStatus.HELD, VersionStatus.SUPERSEDED)


def save(connection: Connection, seen: Iterable[tuple[int, Sequence[Distribution]]]) -> None:
    """Store those of some versions, by ``versions.seq``, in the caller's transaction."""
    rows = [
        {"version_seq": seq, "column": one.column, "seen": _written(one)} for seq, found in seen for one in found
    ]  # fmt: skip
    if rows:
        _ADD.run(connection, rows)


def newest(connection: Connection, asset: AssetKey, column: str, last: int) -> Sequence[tuple[Any, Distribution]]:
    """The newest ``last`` versions' of a column, oldest first, each with its row of ``versions``."""
    rows = connection.execute(
        select(versions, distributions.c.seen)
        .join(distributions, distributions.c.version_seq == versions.c.seq)
        .where(versions.c.asset == asset, versions.c.status.in_(_SEEN), distributions.c.column == column)
        .order_by(versions.c.partition.desc(), versions.c.seq.desc())
        .limit(last)
    ).all()
    return [(row, _read(column, row.seen)) for row in reversed(rows)]


def of_versions(connection: Connection, column: str, version_seqs: Iterable[int]) -> Mapping[int, Distribution]:
    """Those of a column of some versions, as far as there are any."""
    wanted = sorted(version_seqs)
    found: dict[int, Distribution] = {}
    for begin in range(0, len(wanted), _AT_ONCE):
        some = distributions.c.version_seq.in_(wanted[begin : begin + _AT_ONCE])
        rows = connection.execute(select(distributions).where(some, distributions.c.column == column))
        found.update((row.version_seq, _read(column, row.seen)) for row in rows)
    return found


def columns(connection: Connection, asset: AssetKey) -> tuple[str, ...]:
    """The columns of which any version has one."""
    found = connection.execute(
        select(distributions.c.column)
        .join(versions, versions.c.seq == distributions.c.version_seq)
        .where(versions.c.asset == asset)
        .distinct()
        .order_by(distributions.c.column)
    )
    return tuple(found.scalars())


def forget(connection: Connection, version_seqs: Iterable[int]) -> None:
    """Remove those of versions whose points are let go of."""
    connection.execute(delete(distributions).where(distributions.c.version_seq.in_(list(version_seqs))))


def _written(one: Distribution) -> dict[str, object]:
    """Without what is empty, since most columns have half of it."""
    seen: dict[str, object] = {"values": one.values, "rate": one.rate}
    if one.points:
        seen["points"] = one.points
    if one.top or one.other:
        seen |= {"top": one.top, "other": one.other}
    return seen


def _read(column: str, seen: Mapping[str, Any]) -> Distribution:
    return Distribution(
        column=column, values=seen["values"], rate=seen["rate"], points=tuple(seen.get("points", ())),
        top=tuple((value, count) for value, count in seen.get("top", ())), other=seen.get("other", 0),
    )  # fmt: skip
