"""How late something came, or is: the verdict of an arrival monitor, and until when the next is waited for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from detectors.model import Detection, DetectionStatus, History, Point
from observer.arrivals import Wait, arrivals_of
from observer.detection import detectors_of, history_of, special_kind
from observer.feedback import Marks
from observer.history import StoredPoint
from observer.learned import Learned
from observer.monitors import Monitor
from observer.quantities import age, count
from orchestration.assets import Asset
from orchestration.model import Materialization, VersionStatus

LATEST = "awaited_until"
"""The entry of an evaluation's evidence that says until when the next one is waited for."""

EXPECTED = "awaited_by"
"""The entry that says by when it usually comes."""

_NOT_LOGGED = -1  # the number of a version that has none yet
_FURTHEST_S = 100 * 365 * 86400.0


@dataclass(frozen=True, slots=True)
class Awaited:
    """By when the next arrival is expected, and until when that it has not come is no news."""

    by: datetime
    until: datetime

    def evidence(self) -> Mapping[str, str]:
        """As the evidence of an evaluation."""
        return {EXPECTED: self.by.isoformat(), LATEST: self.until.isoformat()}

    @classmethod
    def read(cls, by: str | None, until: str | None) -> Awaited | None:
        """What such evidence says; None where it says nothing."""
        return None if by is None or until is None else cls(datetime.fromisoformat(by), datetime.fromisoformat(until))

    def sentence(self, now: datetime) -> str | None:
        """What is to be said of it at ``now``; None while it is no news.

        >>> from datetime import UTC
        >>> due = Awaited(datetime(2024, 3, 2, 6, 10, tzinfo=UTC), datetime(2024, 3, 2, 7, 40, tzinfo=UTC))
        >>> due.sentence(datetime(2024, 3, 2, 7, tzinfo=UTC)) is None
        True
        >>> due.sentence(datetime(2024, 3, 2, 11, 10, tzinfo=UTC))
        'nothing new has come: 5 h late, expected by 2024-03-02 06:10 UTC'
        """
        if now <= self.until:
            return None
        return f"nothing new has come: {age((now - self.by).total_seconds())} late, expected by {_at(self.by)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """What is to be said of one version's coming; ``awaited``: of the next one's, None: nothing yet."""

    wait: Wait
    found: Detection
    awaited: Awaited | None

    def sentence(self, partition: str | None, runs: str) -> str:
        """In words; ``runs`` is what a point is called that it has learned from."""
        took, expected, upper = age(self.wait.seconds), self.found.expected, self.found.upper
        if not self.wait.over:
            said = f"Nothing new for {took}"
        elif partition is not None:
            said = f"Came {took} after the end of {partition}"
        else:
            said = f"Came {took} after the one before"
        if self.found.status is DetectionStatus.LEARNING:
            return f"{said}; learning, needs {count(self.found.runs_needed, 'more run')}"
        learned = f" (learned from {count(self.found.n_train, runs)})" if self.found.n_train else ""
        if self.found.status is not DetectionStatus.ANOMALOUS or upper is None:
            return f"{said}, expected within {age(upper or 0.0)}{learned}"
        usual = upper if expected is None else expected
        by = _at(self.wait.began + timedelta(seconds=usual))
        if self.wait.over:
            return f"Came {age(self.wait.seconds - usual)} late, expected by {by}{learned}"
        return f"{said}, {age(self.wait.seconds - usual)} late, expected by {by}{learned}"


def lateness(
    monitor: Monitor,
    asset: Asset,
    made: Materialization,
    age_s: float | None,
    points: Sequence[StoredPoint],
    *,
    alpha: float,
    marks: Marks,
    part: str,
    learned: Learned,
) -> Lateness | None:
    """Judge when a version came; None where it ended no wait that is known of: the first one, one that was made up for.

    Parameters
    ----------
    age_s:
        How old its data is, where that is what its coming is told by.
    points:
        Of the series that the monitor is told by, before the version, oldest first.
    """
    ended, known = arrivals_of(asset, monitor, points)
    wait = known.came(made.materialized_at, made.partition, age_s)
    if wait is None:
        return None
    at, began = wait.until, known.next_began() if wait.over else wait.began
    kind_of = marks.special(monitor.id)

    def judged(before: History, waited_from: datetime, seconds: float) -> Detection:
        until = waited_from + timedelta(seconds=seconds)
        special = 0 if kind_of is None else special_kind(monitor, asset, kind_of, until, seconds)
        point = Point(until.timestamp(), seconds, special=special)
        return learned.detect(series, watch, before, point, alpha=alpha)

    after = history_of(monitor, asset, [*ended, _point(made, wait)] if wait.new else ended, (), at, marks)
    watch = detectors_of(monitor, asset, after)[0][0]
    series = (asset.key, part, monitor.id, watch.name)
    earlier = after.before(int((after.at < at.timestamp()).sum()))
    found = judged(earlier, wait.began, wait.seconds)
    if began is None:
        return Lateness(wait=wait, found=found, awaited=None)
    return Lateness(wait=wait, found=found, awaited=_awaited(began, judged(after, began, 0.0)))


def _point(made: Materialization, wait: Wait) -> StoredPoint:
    """What ends a wait is an example of the next one, whatever becomes of its version."""
    return StoredPoint(
        wait.until, made.partition, _NOT_LOGGED, made.id, made.run_id, VersionStatus.PUBLISHED, wait.seconds
    )


def _awaited(began: datetime, found: Detection) -> Awaited | None:
    if found.upper is None or found.status is DetectionStatus.LEARNING:
        return None
    usual = found.upper if found.expected is None else found.expected
    by, until = (began + timedelta(seconds=min(_FURTHEST_S, each)) for each in (usual, found.upper))
    return Awaited(by, until)


def _at(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
