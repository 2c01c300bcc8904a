"""The four cells on top of an asset: what readers have, what was checked, how fresh, how many rows. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from observer.model import Evaluation, EvaluationStatus
from observer.quantities import age, count, number, span
from observer.reads.instants import Sentence, full, moment
from observer.reads.model import State, StatusCell
from observer.reads.rows import FRESH
from observer.reads.states import BROKEN, Cell, Standing
from observer.reads.verdicts import Verdict, Verdicts
from orchestration.assets import Asset

_NAMED = 3  # subjects


def four(asset: Asset, standing: Standing, verdicts: Verdicts, now: datetime, zone: ZoneInfo) -> tuple[StatusCell, ...]:
    """The cells in their order."""
    judged = next((cell for cell in reversed(standing.cells) if cell.version is not None), None)
    version = judged.version if judged is not None else None
    said = verdicts.on(version.seq) if version is not None else ()
    held = version is not None and version.is_held
    return (
        _readers(standing, now, zone),
        _verdicts(said, held=held),
        _freshness(asset, standing, now, zone),
        _rows(judged, said, held=held),
    )


def _readers(standing: Standing, now: datetime, zone: ZoneInfo) -> StatusCell:
    title, readers = "Readers see", standing.readers
    newest = standing.cells[-1] if standing.cells else None
    broken = newest is not None and newest.state in BROKEN
    trouble = Sentence.of(newest.subject, f" {_SHORT[newest.state]}") if newest is not None and broken else ""
    if readers is None:
        state = newest.state if newest is not None and broken else State.NEVER
        return StatusCell(title=title, state=state, value="nothing", detail=trouble or "never materialized")
    made = Sentence.of("published ", moment(readers.materialized_at, now, zone), f", run {readers.run_id}")
    return StatusCell(
        title=title, state=newest.state if newest is not None and broken else State.HEALTHY,
        value=readers.address.partition or full(readers.materialized_at, zone),
        detail=Sentence.of(made, "; ", trouble) if trouble else made, at=readers.materialized_at,
    )  # fmt: skip


_SHORT = {State.HELD: "is held", State.BLOCKED: "is blocked", State.FAILING: "failed"}


def _verdicts(said: Sequence[Verdict], *, held: bool) -> StatusCell:
    title = "Checks and monitors"
    if not said:
        return StatusCell(title=title, state=State.NEVER, value="none yet", detail="nothing was judged")
    by_status = Counter(v.evaluation.status for v in said if not v.evaluation.muted)
    named = [
        f"{v.evaluation.subject} {v.evaluation.status.value}{' (muted)' if v.evaluation.muted else ''}"
        for status in (EvaluationStatus.FAILED, EvaluationStatus.WARNED, EvaluationStatus.UNKNOWN)
        for v in said
        if v.evaluation.status is status
    ]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    learning = by_status[EvaluationStatus.LEARNING]
    detail = ", ".join(named[:_NAMED]) + more or (f"{learning} still learning" if learning else "all of them")
    return StatusCell(
        title=title, state=_state(by_status, held=held),
        value=f"{by_status[EvaluationStatus.PASSED]} of {len(said)} passed", detail=detail,
    )  # fmt: skip


def _state(by_status: Counter[EvaluationStatus], *, held: bool) -> State:
    if by_status[EvaluationStatus.FAILED]:
        return State.HELD if held else State.WARNED
    if by_status[EvaluationStatus.WARNED]:
        return State.WARNED
    if by_status[EvaluationStatus.UNKNOWN]:
        return State.UNKNOWN
    return State.HEALTHY if by_status[EvaluationStatus.PASSED] else State.LEARNING


def _freshness(asset: Asset, standing: Standing, now: datetime, zone: ZoneInfo) -> StatusCell:
    title, until, policy = "Freshness", standing.data_until, asset.freshness
    allowed = f"allowed: {policy.allowed()}" if policy is not None else _awaited(standing, now, zone)
    if until is None and standing.readers is not None:
        return StatusCell(title=title, state=State.UNKNOWN, value="not known", detail=allowed)
    if until is None:
        return StatusCell(title=title, state=State.NEVER, value="no data", detail=allowed)
    old = max(0.0, (now - until).total_seconds())
    late = standing.awaited is not None and standing.awaited.sentence(now) is not None
    unsaid = State.WARNED if late else State.HEALTHY
    state = FRESH[standing.freshness] if standing.freshness is not None else unsaid
    return StatusCell(
        title=title, state=state, value=f"{age(old)} old", detail=allowed,
        at=standing.awaited.by if standing.awaited is not None else None,
    )  # fmt: skip


def _awaited(standing: Standing, now: datetime, zone: ZoneInfo) -> str:
    """By when the next one is expected, where nobody says how old the data may be."""
    if standing.awaited is None:
        return "no policy"
    what = "next expected by" if standing.awaited.sentence(now) is None else "late, expected by"
    return Sentence.of(what, " ", moment(standing.awaited.by, now, zone))


def _rows(judged: Cell | None, said: Sequence[Verdict], *, held: bool) -> StatusCell:
    title = "Rows"
    if judged is None:
        return StatusCell(title=title, state=State.NEVER, value="–", detail="never materialized")
    if judged.rows is None:
        return StatusCell(title=title, state=State.HEALTHY, value="–", detail="no table")
    verdict = next((v.evaluation for v in said if v.evaluation.subject == "row_count"), None)
    if verdict is None:
        return StatusCell(title=title, state=State.UNKNOWN, value=number(judged.rows), detail="not judged")
    state = _state(Counter([verdict.status]), held=held)
    return StatusCell(title=title, state=state, value=number(judged.rows), detail=_compared(verdict))


def _compared(verdict: Evaluation) -> str:
    """What a number was compared with, or why with nothing: the cell says its state beside it."""
    found = verdict.detection
    if found is not None and found.expected is not None:
        return f"expected {span(found.lower, found.upper, 'rows')}"
    if verdict.status is EvaluationStatus.LEARNING:
        return "too little history" if found is None else f"needs {count(found.runs_needed, 'more run')}"
    return "could not be judged" if verdict.status is EvaluationStatus.UNKNOWN else verdict.status.value
