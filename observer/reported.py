"""Taking in what others say of assets that they make: each version is judged, gated and told of once, by its id."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from sqlalchemy.exc import IntegrityError

from observer.collectors.frame import collect
from observer.errors import ReportError, StateError
from observer.externals import expected_of
from observer.model import Audit, CheckOutcome, Observation, Schema, Severity
from observer.pipeline import ObserverGate
from observer.project import Project
from orchestration.assets import Asset
from orchestration.database import reading, writing
from orchestration.external import is_external
from orchestration.gate import Ruling
from orchestration.model import Address, GateDecision, Materialization, Staged, VersionStatus
from orchestration.taken_in import Known, known_among, log_taken_in

_AHEAD = timedelta(days=1)
"""How far another machine's clock may go before ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One version that others have made, with everything that they say of it.

    ``timed``: ``made.duration_s`` is known.
    """

    made: Materialization
    timed: bool = True
    observations: tuple[Observation, ...] = ()
    outcomes: tuple[CheckOutcome, ...] = ()
    schema: Schema | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What became of a report; ``decision`` is None where it was taken in before."""

    id: str
    address: Address
    status: VersionStatus
    decision: GateDecision | None


@dataclass(slots=True)
class Reception:
    """Takes reports in, several requests at a time; keeps what was learned of series between them."""

    work: Project
    _gate: ObserverGate = field(init=False)
    _judging: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._gate = ObserverGate(self.work.observer)

    def take(self, reports: Sequence[Report], accept: Callable[[], object] = lambda: None) -> tuple[TakenIn, ...]:
        """Judge reports and log them, in their order; one that was taken in before changes nothing.

        Several of one asset are judged one after the other, each in a transaction of its own.

        Parameters
        ----------
        accept: called when nothing of them is refused any more, and before anything is logged.

        Raises
        ------
        UnknownName, PartitionError, ProjectError
            No such asset or partition; nothing was taken in.
        ReportError
            An asset that is made here, an id of another version, or a time to come; nothing was taken in.
        StateError
            The state database can't be read or written; what was taken in before stays, and is known when sent again.
        """
        for report in reports:
            self._check(report.made)
        rounds = _rounds(reports)
        found = self._known(reports)
        accept()
        for together in rounds:
            found |= self._take([report for report in together if report.made.id not in found])
        return tuple(found[report.made.id] for report in reports)

    def _check(self, made: Materialization) -> None:
        asset = self.work.graph.asset(made.asset)
        if not is_external(asset):
            raise ReportError(
                f"{made.asset} is made here, so nobody else can report it; nothing was taken in; "
                f"declare it where others make it: ob.external({made.asset!r})"
            )
        if asset.partitions is not None and made.partition is None:
            raise ReportError(
                f"{made.asset} is partitioned ({asset.partitions.describe()}), and its report doesn't say which it is; "
                "nothing was taken in; send `partition`, or in OpenLineage the facet nominalTime of the run"
            )
        self._check_begun(asset, self.work.address(made.asset, made.partition))
        if made.materialized_at > self.work.clock.now() + _AHEAD:
            raise ReportError(
                f"{made.address}: {made.materialized_at:%Y-%m-%d %H:%M} UTC is still to come; nothing was taken in; "
                "look at the clock of whoever made it"
            )

    def _check_begun(self, asset: Asset, address: Address) -> None:
        """Nothing would be newer than a partition of years to come: neither the gate nor freshness would notice."""
        if asset.partitions is None or address.partition is None:
            return
        covers, now = asset.partitions.interval(address.partition), self.work.clock.now()
        if covers is not None and covers.start > now + _AHEAD:
            raise ReportError(
                f"{address} has not begun: it is {now:%Y-%m-%d %H:%M} UTC; nothing was taken in; "
                "look at what says the partition"
            )

    def _known(self, reports: Sequence[Report]) -> dict[str, TakenIn]:
        """Those that were taken in before."""
        if not reports:
            return {}
        with reading(self.work.engine) as connection:
            known = known_among(connection, [report.made.id for report in reports])
        return {report.made.id: _before(report, known[report.made.id]) for report in reports if report.made.id in known}

    def _take(self, reports: Sequence[Report], *, again: bool = True) -> dict[str, TakenIn]:
        new = [(report.made, self._judged(report)) for report in reports]
        if not new:
            return {}
        try:
            with writing(self.work.engine) as connection:
                late = log_taken_in(connection, new, self.work.clock.now())
        except StateError as error:
            if again and isinstance(error.__cause__, IntegrityError):  # sent twice at once: the other was quicker
                known = self._known(reports)
                return known | self._take([one for one in reports if one.made.id not in known], again=False)
            raise
        return {made.id: _now(made, ruling.decision, is_late=made.id in late) for made, ruling in new}

    def _judged(self, report: Report) -> Ruling:
        with self._judging:
            return self._gate.decide(_audit(report, expected_of(self.work.graph.asset(report.made.asset))))


def _rounds(reports: Sequence[Report]) -> Sequence[Sequence[Report]]:
    """Reports that can be judged beside each other: none is among the past of another."""
    rounds: list[list[Report]] = []
    behind: dict[str, int] = {}
    seen: set[str] = set()
    for report in reports:
        if report.made.id in seen:
            raise ReportError(f"the id {report.made.id!r} is there twice; nothing was taken in; give each its own")
        seen.add(report.made.id)
        place = behind.get(report.made.asset, 0)
        behind[report.made.asset] = place + 1
        if place == len(rounds):
            rounds.append([])
        rounds[place].append(report)
    return rounds


def _audit(report: Report, expects: Sequence[str]) -> Audit:
    """As if it had been looked at here."""
    said = {(one.metric, one.column, one.segment) for one in report.observations}
    own = collect(Staged(materialization=report.made, data=None), None).observations
    derived = [
        one
        for one in own
        if (one.metric, None, None) not in said and one.value is not None and (report.timed or one.metric != "duration")
    ]
    reported = {one.check for one in report.outcomes}
    missing = [
        CheckOutcome(
            check=name, severity=Severity.ERROR, passed=None, message="whoever made it reported no result of it"
        )
        for name in expects
        if name not in reported
    ]
    return Audit(
        materialization=report.made, observations=(*derived, *report.observations), schema=report.schema,
        outcomes=(*report.outcomes, *missing), collect_s=0.0,
    )  # fmt: skip


def _before(report: Report, known: Known) -> TakenIn:
    made = report.made
    if known.address != made.address:  # of another asset nothing is said: it may not be the caller's to know of
        whose = known.address if known.address.asset == made.asset else "another asset"
        raise ReportError(
            f"the id {made.id!r} of {made.address} is that of a version of {whose}; it was not taken in; "
            "give each version an id of its own"
        )
    return TakenIn(id=made.id, address=made.address, status=known.status, decision=None)


def _now(made: Materialization, decision: GateDecision, *, is_late: bool) -> TakenIn:
    if is_late:
        decision = replace(decision, reasons=(_LATE,))
        return TakenIn(id=made.id, address=made.address, status=VersionStatus.SUPERSEDED, decision=decision)
    held = decision.outcome.value == "held"
    status = VersionStatus.HELD if held else VersionStatus.PUBLISHED
    return TakenIn(id=made.id, address=made.address, status=status, decision=decision)


_LATE = "it was made before the version that is held now, so that nothing opens by it"
