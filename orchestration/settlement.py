"""Settling what was judged: verdicts and intents to publish in one transaction, the pointers, the confirmation.

Steps that end within a twentieth of a second of each other are settled together, because a commit costs more than a
quick step does. Until it is settled nothing is visible to readers, and a crash leaves it to be made again; within the
run what comes next may already read it from its staged version.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

from sqlalchemy import Connection

from orchestration import lease, log
from orchestration.database import reading, writing
from orchestration.errors import DoesNotFit, LeaseLost, StateError, TidegateError
from orchestration.gate import Recorder, Ruling
from orchestration.io.base import OBSERVED, Pointer
from orchestration.io.duckdb_open import let_go
from orchestration.leasebook import LeaseBook
from orchestration.log import NewVersion
from orchestration.model import Address, AssetKey, GateDecision, GateOutcome, StepRecord, StepStatus, VersionStatus
from orchestration.runtime import Runtime
from orchestration.scribe import Scribe
from orchestration.state import VersionRecord, known_versions, status_of
from orchestration.work import Product

_PATIENCE_S = 0.05
MOST = 64
"""Steps that wait to be settled together, at the most: what a crash may make again."""
_READ_IN_VAIN = "what it read was not published after all"

_log = logging.getLogger("tidegate.settlement")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A step whose version was judged and is not logged yet; ``read`` names the versions that it was made from."""

    step: StepRecord
    product: Product
    ruling: Ruling
    read: tuple[tuple[AssetKey, str], ...]
    gate_s: float
    duration_s: float

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple([version for _, version in self.read])

    @property
    def held(self) -> bool:
        return self.ruling.decision.outcome is GateOutcome.HELD

    def new_version(self) -> NewVersion:
        status = VersionStatus.HELD if self.held else VersionStatus.PUBLISHING
        return NewVersion(
            made=self.product.materialization, status=status, format=self.product.format, inputs=self.inputs
        )

    @property
    def status(self) -> StepStatus:
        """How the step ends when all goes well."""
        open_status = StepStatus.OBSERVED if self.product.format == OBSERVED else StepStatus.PUBLISHED
        return StepStatus.HELD if self.held else open_status

    def ended(self, at: datetime) -> StepRecord:
        """The step as it ends when all goes well."""
        reason = self.ruling.decision.reasons[0] if self.held else self.step.reason
        return self.became(
            status=self.status, ended_at=at, reason=reason, note=self._note(),
            materialization_id=self.product.materialization.id,
        )  # fmt: skip

    def _note(self) -> str:
        """With what would have held a version that was let through."""
        decision = self.ruling.decision
        if self.held or not decision.overridden:
            return self.step.note
        return "; ".join([*filter(None, [self.step.note]), *decision.reasons])

    def became(self, **changes: Any) -> StepRecord:
        """The step with what became of it, and how long it took."""
        return self.step._replace(
            execute_s=self.product.execute_s, gate_s=self.gate_s, duration_s=self.duration_s, **changes
        )


class Settlement:
    """Collects judged steps of a run and settles them; safe for the walking thread and one that flushes beside it.

    ``ended`` hears of each step once it is settled; a step that could not be settled ends as failed.
    """

    def __init__(self, runtime: Runtime, book: LeaseBook, scribe: Scribe, ended: Callable[[StepRecord], None]) -> None:
        self._runtime, self._book, self._scribe, self._ended = runtime, book, scribe, ended
        self._lock = threading.RLock()
        self._judged: list[Judged] = []
        self._assets: set[AssetKey] = set()  # of those
        self._quiet: list[StepRecord] = []  # ended without a version: skipped, blocked, failed
        self._running: dict[int, StepRecord] = {}
        self._noticed: dict[int, StepRecord] = {}  # that were running when somebody last looked
        self._since: float | None = None
        self._gone: set[str] = set()  # versions of this run that could not be logged or published
        self._error: BaseException | None = None

    def runs(self, step: StepRecord) -> None:
        """A step has begun; the log hears of it if it takes its time."""
        with self._lock:
            self._running[step.position] = step

    def add(self, judged: Judged) -> None:
        """A version was judged."""
        with self._lock:
            self._put(judged.step.position)
            self._judged.append(judged)
            self._assets.add(judged.step.asset)

    def add_quiet(self, step: StepRecord) -> None:
        """A step has ended without a version."""
        with self._lock:
            self._put(step.position)
            self._quiet.append(step)

    def _put(self, position: int) -> None:
        self._running.pop(position, None)
        self._noticed.pop(position, None)
        self._since = self._since if self._since is not None else monotonic()

    def flush_if_due(self) -> None:
        """Settle if it is time to; raises what an earlier flush beside the walk has failed with."""
        if self._error is not None:
            raise self._error
        waiting = self._since
        if len(self._judged) + len(self._quiet) >= MOST or (
            waiting is not None and monotonic() - waiting >= _PATIENCE_S
        ):
            self.flush()

    def flush_asset(self, asset: AssetKey) -> None:
        """Settle if a version of ``asset`` waits: whoever asks for its history must find it."""
        with self._lock:  # also waits for what is being settled just now
            if asset in self._assets:
                self.flush()

    def flush_beside(self) -> None:
        """Settle what has waited, from a thread beside the walk; errors are kept for it.

        It also logs what is running and was so when it was last called (of quick steps one always is), with what it
        has said.
        """
        try:
            with self._lock:
                slow, self._noticed, self._running = list(self._noticed.values()), self._running, {}
                if self._scribe.look() or slow:
                    with writing(self._runtime.engine) as connection:
                        if slow:
                            log.save_steps(connection, slow, self._runtime.clock.now())
                        self._scribe.save(connection)
            if self._error is None:
                self.flush_if_due()
        except BaseException as error:
            self._error = error

    def flush(self) -> None:
        """Settle everything; raises StateError where the state can't be written."""
        with self._lock:
            judged, self._judged = self._judged, []
            self._assets.clear()
            quiet, self._quiet = self._quiet, []
            self._since = None
            if not judged and not quiet:
                return
            logged, failed = self._log_all(judged) if judged else ([], [])
            for one, _ in failed:
                self.sweep(one.step.address)
            quiet += [self._not_published(one, why) for one, why in failed]
            pointed = [(one, version, self._point_or_not(one, version)) for one, version in logged]
            let_go()
            self._close(pointed, quiet)

    def finish(self) -> None:
        """Settle what is left; raises also what a flush beside the walk has failed with."""
        self.flush()
        if self._error is not None:
            raise self._error

    def _log_all(self, judged: Sequence[Judged]) -> tuple[list[tuple[Judged, VersionRecord]], list[tuple[Judged, str]]]:
        """Log verdicts and intents together; where that fails one by one, so that one can't take others with it."""
        try:
            return self._log_together(judged)
        except StateError:
            raise
        except Exception as error:
            if len(judged) > 1:
                logged, failed = [], []
                for one in judged:
                    more, bad = self._log_all([one])
                    logged += more
                    failed += bad
                return logged, failed
            _log.exception("%s could not be recorded", judged[0].step.address)
            self._gone.add(judged[0].product.materialization.id)
            said = f"{judged[0].step.address}: {type(error).__name__}: {' '.join(str(error).split())}"
            return [], [(judged[0], f"{said}; readers keep what they had")]

    def _log_together(
        self, judged: Sequence[Judged]
    ) -> tuple[list[tuple[Judged, VersionRecord]], list[tuple[Judged, str]]]:
        tokens = self._book.tokens([one.step.address for one in judged])
        with writing(self._runtime.engine) as connection:
            lost = lease.lost(connection, tokens)
            good, failed = self._still_good(judged, lost)
            versions = self._log(connection, good) if good else ()
        return list(zip(good, versions, strict=True)), failed

    def _still_good(
        self, judged: Sequence[Judged], lost: set[Address]
    ) -> tuple[list[Judged], list[tuple[Judged, str]]]:
        """Without those whose lease was taken over, and whatever read what they made."""
        good: list[Judged] = []
        failed: list[tuple[Judged, str]] = []
        for one in judged:
            if one.step.address in lost:
                failed.append((one, str(LeaseLost(str(one.step.address)))))
            elif self._gone and self._gone & set(one.inputs):
                failed.append((one, _READ_IN_VAIN))
            else:
                good.append(one)
                continue
            self._gone.add(one.product.materialization.id)
        return good, failed

    def _log(self, connection: Connection, good: Sequence[Judged]) -> tuple[VersionRecord, ...]:
        versions = log.add_versions(connection, [one.new_version() for one in good])
        decisions: list[GateDecision] = [one.ruling.decision for one in good]
        log.save_decisions(connection, {good[0].step.run_id: decisions})
        logged: dict[Recorder, list[tuple[Ruling, int]]] = {}
        for one, version in zip(good, versions, strict=True):
            logged.setdefault(one.ruling.record, []).append((one.ruling, version.seq))
        for record, rulings in logged.items():
            record(connection, rulings)
        held = [version for one, version in zip(good, versions, strict=True) if one.held]
        if held:
            log.hold(connection, held, self._runtime.clock.now())
        return versions

    def sweep(self, address: Address) -> None:
        """Remove from storage what was staged and is not logged; what can't be is left to whoever comes next."""
        with reading(self._runtime.engine) as connection:
            known = {version.id for version in known_versions(connection, address)}
        with contextlib.suppress(TidegateError):
            self._runtime.io.sweep(address, known)

    def _point_or_not(self, one: Judged, version: VersionRecord) -> str | None:
        """As ``_point``, but what read a version that could not be published is not published either."""
        in_vain = self._gone and self._gone & set(one.inputs)
        why = _READ_IN_VAIN if in_vain else self._point(one, version)
        if why is not None:
            self._gone.add(version.id)
        return why

    def _point(self, one: Judged, version: VersionRecord) -> str | None:
        """Move the pointer; returns why it could not be moved. The intent stays in the log and is finished later."""
        io, address = self._runtime.io, version.address
        if one.held or version.format == OBSERVED:
            return None
        try:
            if not io.has(address, version.id):
                with writing(self._runtime.engine) as connection:
                    log.set_status(connection, version.id, VersionStatus.DISCARDED)
                gone = f"{address}: the staged version {version.id} is no longer in storage, so it was not published"
                return f"{gone}; run it again"
            io.publish(address, version.id, self._book.token(address))
        except StateError:
            raise
        except LeaseLost:
            return None  # the closing transaction sees it too, and whether whoever took over has published it for us
        except DoesNotFit as error:  # tried again it would fail again, and be in the way of the next version
            with writing(self._runtime.engine) as connection:
                log.set_status(connection, version.id, VersionStatus.DISCARDED)
            return str(error)
        except TidegateError as error:
            return self._unless_published(version, error)
        return None

    def _unless_published(self, version: VersionRecord, error: TidegateError) -> str | None:
        """What went wrong; None if the pointer has moved all the same, as when only the answer to COMMIT was lost."""
        address = version.address
        try:
            seen = self._runtime.io.pointer(address)
        except TidegateError:
            return f"{error}; whether that is so can't be asked just now: tidegate doctor --fix finishes what was begun"
        return None if seen == Pointer(version.id, self._book.token(address)) else str(error)

    def _close(self, logged: Sequence[tuple[Judged, VersionRecord, str | None]], quiet: Sequence[StepRecord]) -> None:
        """Confirm what was published, log how steps ended, give their leases back: one transaction."""
        runtime, now = self._runtime, self._runtime.clock.now()
        ended = list(quiet)
        with writing(runtime.engine) as connection:
            open_ones = [version for one, version, why in logged if why is None and not one.held]
            lost = lease.lost(connection, self._book.tokens([v.address for v in open_ones])) if open_ones else set()
            for one, version, why in logged:
                if version.address in lost and not _published_by_another(connection, version):
                    why = str(LeaseLost(str(version.address)))
                    self._gone.add(version.id)
                if why is _READ_IN_VAIN:
                    log.set_status(connection, version.id, VersionStatus.DISCARDED)
                ended.append(one.ended(now) if why is None else self._not_published(one, why))
            if confirmed := [version for version in open_ones if version.address not in lost]:
                log.publish(connection, confirmed, now)
            ended.sort(key=lambda step: step.position)
            ended = [step if step.ended_at is not None else step._replace(ended_at=now) for step in ended]
            log.save_steps(connection, ended, now)
            self._scribe.save(connection)
            lease.release_some(connection, self._book.forget([step.address for step in ended]))
        for step in ended:
            self._ended(step)

    def _not_published(self, one: Judged, why: str) -> StepRecord:
        """How a step ends whose version was judged and then not published."""
        if why is not _READ_IN_VAIN:
            said = self._runtime.redact(self._runtime.withhold(one.step.asset, why))
            return one.became(status=StepStatus.FAILED, error=said)
        culprit = next(key for key, version in one.read if version in self._gone)
        return one.became(status=StepStatus.BLOCKED, blocked_by=culprit, reason=f"{culprit} failed")


def _published_by_another(connection: Connection, version: VersionRecord) -> bool:
    """Whether the process that took over has published this version for us."""
    after = (VersionStatus.PUBLISHED, VersionStatus.SUPERSEDED, VersionStatus.ROLLED_BACK)
    return status_of(connection, version.id) in after
