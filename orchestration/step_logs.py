"""What steps said, in the state database: written by the run's process, read by whoever looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from orchestration.bulk import Bulk
from orchestration.model import Address, AssetKey
from orchestration.said_tables import LEVEL, step_logs, step_spans
from orchestration.spans import Span, SpanKind
from orchestration.step_log import PRINTED, LogLine, Said

_ORDER = ("", *PRINTED, "notset", "debug", "info", "warning", "error", "critical")


BROKEN_OFF = "its process was ended in the middle of it: what it said in its last second may be missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLog:
    """What one try of a step said, ``begun_at`` when it began. ``worst``: the worst level; ``""``: it said nothing.

    ``ended``: nothing is added any more. ``lines``: none where only ``count`` was asked for.
    """

    seq: int
    run_id: str
    address: Address
    number: int
    begun_at: datetime | None
    count: int
    left_out: int
    worst: str
    unknown: str
    ended: bool
    lines: tuple[LogLine, ...] = ()


class NewLog(NamedTuple):
    """What try ``number`` of a step has said; ``ended``: and that is all."""

    address: Address
    number: int
    begun_at: datetime | None
    said: Said
    ended: bool


def worst_of(lines: Sequence[LogLine]) -> str:
    """The worst level of some lines; one that somebody has named himself, at any length, stands below warnings."""
    return max((line.level for line in lines), key=_rank, default="")[:LEVEL]


def _rank(level: str) -> int:
    return _ORDER.index(level if level in _ORDER else "info")


def _upserts(dialect: Any) -> tuple[Bulk, Bulk]:
    log = dialect.insert(step_logs)
    changes = ("begun_at", "lines", "count", "left_out", "worst", "unknown", "ended")
    new = {name: log.excluded[name] for name in changes}
    span = dialect.insert(step_spans)
    longer = {name: span.excluded[name] for name in ("start_s", "length_s", "said")}
    return (
        Bulk(log.on_conflict_do_update(index_elements=["run_id", "asset", "partition", "number"], set_=new)),
        Bulk(span.on_conflict_do_update(index_elements=["run_id", "position", "kind", "number"], set_=longer)),
    )


_UPSERTS = {"sqlite": _upserts(sqlite), "postgresql": _upserts(postgresql)}


def save(connection: Connection, run_id: str, logs: Sequence[NewLog], spans: Sequence[Span]) -> None:
    """Put what steps of a run said, and what they waited for."""
    keep_logs, keep_spans = _UPSERTS[connection.dialect.name]
    keep_logs.run(connection, [_log_row(run_id, each) for each in logs])
    keep_spans.run(connection, [_span_row(run_id, each) for each in spans])


def _log_row(run_id: str, new: NewLog) -> dict[str, Any]:
    address, said = new.address, new.said
    return {
        "run_id": run_id, "asset": address.asset, "partition": address.partition or "", "number": new.number,
        "begun_at": new.begun_at, "lines": [list(line) for line in said.lines], "count": len(said.lines),
        "left_out": said.left_out, "worst": worst_of(said.lines), "unknown": said.unknown, "ended": new.ended,
    }  # fmt: skip


def _span_row(run_id: str, span: Span) -> dict[str, Any]:
    return {
        "run_id": run_id, "position": span.position, "kind": span.kind.value, "number": span.number,
        "start_s": span.start_s, "length_s": span.length_s, "said": span.said,
    }  # fmt: skip


def tries_before(connection: Connection, run_id: str) -> dict[Address, int]:
    """How many tries of each step have said something, of a run that another process goes on with."""
    c = step_logs.c
    rows = connection.execute(
        select(c.asset, c.partition, func.max(c.number)).where(c.run_id == run_id).group_by(c.asset, c.partition)
    )
    return {Address(AssetKey(asset), partition or None): number for asset, partition, number in rows}


def forget_spans(connection: Connection, run_id: str) -> None:
    """What a run's steps waited for in a process that has died: the next one counts from its own beginning."""
    connection.execute(delete(step_spans).where(step_spans.c.run_id == run_id))


def break_off(connection: Connection, run_id: str) -> None:
    """Say of what was still spoken that its end is not known."""
    open_ones = (step_logs.c.run_id == run_id) & ~step_logs.c.ended
    connection.execute(update(step_logs).where(open_ones).values(ended=True, unknown=BROKEN_OFF))


def spans_of(connection: Connection, run_id: str) -> tuple[Span, ...]:
    """What the steps of a run waited for, in the order in which they did."""
    c = step_spans.c
    rows = connection.execute(select(step_spans).where(c.run_id == run_id).order_by(c.position, c.start_s))
    return tuple(
        Span(row.position, SpanKind(row.kind), row.number, row.start_s, row.length_s, row.said) for row in rows
    )


def kept_in(connection: Connection, run_id: str) -> tuple[KeptLog, ...]:
    """Which steps of a run said something, without their lines; in the order of their tries."""
    c = step_logs.c
    heads = [column for column in c if column is not c.lines]
    rows = connection.execute(select(*heads).where(c.run_id == run_id).order_by(c.asset, c.partition, c.number))
    return tuple(_kept(row) for row in rows)


def lines_of(connection: Connection, logs: Sequence[int]) -> dict[int, tuple[LogLine, ...]]:
    """The lines of some logs, by their ``seq``."""
    c = step_logs.c
    rows = connection.execute(select(c.seq, c.lines).where(c.seq.in_(logs))) if logs else ()
    return {seq: tuple(LogLine(*line) for line in lines) for seq, lines in rows}


def of_step(connection: Connection, run_id: str, address: Address) -> tuple[KeptLog, ...]:
    """What every try of a step said, the first one first."""
    c = step_logs.c
    rows = connection.execute(
        select(step_logs)
        .where(c.run_id == run_id, c.asset == address.asset, c.partition == (address.partition or ""))
        .order_by(c.number)
    )
    return tuple(_kept(row, row.lines) for row in rows)


def last_of(connection: Connection, address: Address) -> KeptLog | None:
    """What the newest try said that is known of an address, whichever run it was of."""
    c = step_logs.c
    row = connection.execute(
        select(step_logs)
        .where(c.asset == address.asset, c.partition == (address.partition or ""))
        .order_by(c.seq.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _kept(row, row.lines)


def _kept(row: Any, lines: Sequence[Sequence[Any]] = ()) -> KeptLog:
    return KeptLog(
        seq=row.seq, begun_at=row.begun_at, run_id=row.run_id,
        address=Address(AssetKey(row.asset), row.partition or None), number=row.number,
        count=row.count, left_out=row.left_out, worst=row.worst, unknown=row.unknown, ended=row.ended,
        lines=tuple(LogLine(*line) for line in lines),
    )  # fmt: skip
