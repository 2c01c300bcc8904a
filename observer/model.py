"""What was seen, what it means and who must know: frozen records, without behaviour, without I/O.

Read this file and ``errors.py`` and you know the package. Instants are aware UTC, ``*_s`` are seconds,
a rate is 0..1. ``value=None`` means that it could not be measured; missing is never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from detectors.model import Detection
from orchestration.model import AssetKey, Materialization, PartitionKey, Scalar


class Severity(StrEnum):
    """``warn`` tells people; ``error`` also holds what is downstream. There is no second switch."""

    WARN = "warn"
    ERROR = "error"


class EvaluationStatus(StrEnum):
    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    UNKNOWN = "unknown"  # could not be evaluated: neither pass nor fail
    LEARNING = "learning"  # not enough history yet
    SKIPPED = "skipped"


class SubjectKind(StrEnum):
    CHECK = "check"
    MONITOR = "monitor"


class OnUnknown(StrEnum):
    HOLD = "hold"
    OPEN = "open"


class OnRecovery(StrEnum):
    """What becomes of a held version that nothing holds any more, when its checks are run again."""

    PROPOSE = "propose"
    RELEASE = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePolicy:
    """How the columns of an asset are measured.

    Parameters
    ----------
    exact: count distinct values and take quartiles exactly, whatever that costs. Left out, an engine may approximate
        them, or take them from a sample of a big table; each number says which.
    sensitive: columns whose values are not to be kept or shown: no smallest, largest or middle value, no examples in
        what checks say, no segments. ``"*"`` stands for all. Counts, rates, means and lengths stay.
    max_seconds: how long looking at a version may take; what is not measured by then has no value. None: no limit.
    sample: of how many rows columns are measured, or of which share of them (0..1, never fewer than 10,000 rows), where
        there are more: each number then says so. The rows are counted, and checks and the user's own metrics measured,
        over all of them. None: over all.
    distributions: whether to keep how the values of each column are spread, of a large table from a sample. None: yes.
    sketches: whether to keep, of partitions, what lets their distinct values be counted together. None: where the
        engine counts by such a sketch anyway.
    max_fetched_rows: of how many rows a version may be brought out of another database, for a check that can't run
        there; one of more is ``unknown``. None: any.
    """

    exact: bool = False
    sensitive: tuple[str, ...] = ()
    max_seconds: float | None = None
    sample: int | float | None = None
    distributions: bool | None = None
    sketches: bool | None = None
    max_fetched_rows: int | None = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePolicy:
    """What the gate of an asset does when it can't be told that the data is good."""

    on_unknown: OnUnknown | Literal["hold", "open"] = OnUnknown.HOLD
    on_learning: OnUnknown | Literal["hold", "open"] = OnUnknown.OPEN
    on_recovery: OnRecovery | Literal["propose", "release"] = OnRecovery.PROPOSE


class AccuracyKind(StrEnum):
    EXACT = "exact"
    APPROXIMATE = "approximate"
    SAMPLED = "sampled"


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How near to the truth a number is.

    ``amount`` is the rms relative error of an approximate number (of a quartile, the most that its rank is off by) and
    the rate of the rows, 0..1, that a sampled one was taken from; 0 for an exact one.
    """

    kind: AccuracyKind = AccuracyKind.EXACT
    amount: float = 0.0


EXACT = Accuracy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One number of one version: a metric of the table (``column=None``) or of one column."""

    metric: str
    value: float | None
    column: str | None = None
    segment: str | None = None
    reason: str | None = None  # why the value is None
    accuracy: Accuracy = EXACT


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """How the values of one column of one version are spread, from a share ``rate`` of its rows.

    Parameters
    ----------
    values: how many values were looked at, without nulls.
    points: of numbers and instants (seconds since 1970): the values at the ranks 0, 1/64 ... 1, so that equally many
        lie between each two.
    top, other: of texts and truths: the most frequent with their counts, and how many values are none of them. No top
        where most values are there once.
    """

    column: str
    values: int
    rate: float
    points: tuple[float, ...] = ()
    top: tuple[tuple[str, int], ...] = ()
    other: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """How far a version is from those before it, in one respect.

    Parameters
    ----------
    value: None: it can't be told, and ``reason`` says why.
    exposure: the inverse of the mean square that chance alone gives it; None: unknown.
    words: what has moved.
    runs_needed: how many more versions it takes until one can be compared with them; 0: it can.
    """

    value: float | None
    exposure: float | None = None
    words: str = ""
    reason: str | None = None
    runs_needed: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``nullable`` and ``comment`` are None where the data doesn't say."""

    name: str
    type: str
    nullable: bool | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a version in their order."""

    columns: tuple[Column, ...]


class Way(StrEnum):
    """How a check was run."""

    SCAN = "scan"  # in the one statement of all that can be
    FETCHED = "fetched"  # the same, over rows that had to be fetched out of their database
    SQL = "sql"  # by statements of its own, where the data lies
    PYTHON = "python"  # by a function
    LIBRARY = "library"  # by a library's own code


@dataclass(frozen=True, slots=True)
class FailingRows:
    """Some of the rows that break a check: the asset's key and the columns that were looked at, a few rows of them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Scalar, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOutcome:
    """What a check saw on the data; pickles. ``passed=None``: it could not be evaluated, ``message`` says why.

    ``columns`` are those that a fault lies in; none: the whole table's, or it can't be told.
    """

    check: str
    severity: Severity
    passed: bool | None
    message: str
    observed: float | None = None
    failing_rows: int | None = None
    evidence: Mapping[str, Scalar] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    sample: FailingRows | None = None
    way: Way | None = None  # None: it was not run


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Everything that was measured on one staged version, beside the data; pickles.

    ``schema`` is None where the data has no columns (a model, a text); ``sketches`` are what
    ``observer.collectors.sketches`` packs.
    """

    materialization: Materialization
    observations: tuple[Observation, ...]
    schema: Schema | None
    outcomes: tuple[CheckOutcome, ...]
    collect_s: float
    distributions: tuple[Distribution, ...] = ()
    sketches: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The verdict of one check or one monitor on one version.

    ``sentence`` is what alerts, captions and the command print: one code path makes it. ``muted`` says until when, by
    whom and why it is muted; "" if it isn't. ``columns`` are those that a fault lies in; none: any.
    """

    asset: AssetKey
    partition: PartitionKey
    materialization_id: str
    kind: SubjectKind
    subject: str  # "unique(carrier, flight)", "null_rate(dep_time)"
    severity: Severity
    status: EvaluationStatus
    sentence: str
    evaluated_at: datetime
    observed: float | None = None
    detection: Detection | None = None
    evidence: Mapping[str, Scalar] = field(default_factory=dict)
    muted: str = ""
    columns: tuple[str, ...] = ()
    sample: FailingRows | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Excuse:
    """A person's word on one check or monitor of an asset that counts until ``until``; None: in every partition."""

    asset: AssetKey
    partition: PartitionKey
    subject: str
    until: datetime
    by: str
    reason: str

    def _said(self, what: str) -> str:
        return f"{what} until {self.until:%Y-%m-%d %H:%M} UTC by {self.by}: {self.reason}"


class Mute(Excuse):
    """It neither holds nor tells."""

    __slots__ = ()

    def __str__(self) -> str:
        return self._said("muted")


class Override(Excuse):
    """It doesn't hold."""

    __slots__ = ()

    def __str__(self) -> str:
        return self._said("overridden")


class FeedbackKind(StrEnum):
    """What a person says of a version: whether it is right, and whether it is an example of what is to come."""

    EXPECTED = "expected"  # right, and learned from
    EXPECTED_ONCE = "expected-once"  # right, and an exception: not learned from
    BAD_DATA = "bad-data"  # wrong, and not learned from
    NEW_NORMAL = "new-normal"  # right, and all that came before it is no example any more
    RECURRING = "recurring"  # right, and an example of its like alone: it comes again


class Every(StrEnum):
    """How often a known event comes again."""

    WEEK = "week"  # on the same weekday
    MONTH = "month"  # on the same date, or the last one of a shorter month
    MONTH_END = "month-end"  # as many days before the end of the month
    YEAR = "year"  # on the same date


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A person's word on one version of an asset, as far as one monitor is concerned (``""``: all of them).

    ``data_at`` and ``made_at`` are the version's. What is recurring comes again ``every`` so often, counted from
    ``day`` of the data's own calendar. One that ``undoes`` another says nothing else: its ``kind`` is None.
    """

    id: int
    asset: AssetKey
    partition: PartitionKey
    materialization_id: str
    version_seq: int
    subject: str
    kind: FeedbackKind | None
    data_at: datetime
    made_at: datetime
    at: datetime
    by: str
    reason: str
    undoes: int | None = None
    every: Every | None = None
    day: date | None = None


class IncidentStatus(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"  # somebody works on it: no reminders
    SNOOZED = "snoozed"  # a person wants to hear of it later
    MUTED = "muted"  # it began in a maintenance window, and is told when that ends
    RESOLVED = "resolved"


class Resolution(StrEnum):
    """How an incident ended."""

    PASSED = "passed"  # what was wrong passes again
    RELEASED = "released"  # a person let the held version go
    FIXED = "fixed"  # a person: it was wrong, and is mended
    EXPECTED = "expected"  # a person: the data is right, and such data will come
    NO_ACTION = "no-action"  # a person: it was wrong, and is left so
    FALSE_ALARM = "false-alarm"  # a person: nothing was wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that people must look at: one root, whatever follows from it folded in.

    ``revision`` counts its turns: whoever changes it says which one was seen. ``passes`` are the good versions since
    the last bad one, of which it takes more each time that it is ``reopened``.
    """

    id: int
    asset: AssetKey
    first_partition: PartitionKey
    last_partition: PartitionKey
    severity: Severity
    status: IncidentStatus
    sentence: str
    subjects: tuple[str, ...]
    affected: tuple[AssetKey, ...]  # what is downstream and blocked
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None = None
    resolution: str | None = None
    resolved_as: Resolution | None = None
    until: datetime | None = None  # snoozed or muted; None: neither
    assigned: tuple[str, ...] = ()  # by people; none: to the asset's owners
    passes: int = 0
    reopened: int = 0
    revision: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One message of the outbox: said at least once, always with the same id."""

    id: str
    incident_id: int
    event: str  # "incident.opened", ...
    channel: str
    payload: str  # the exact body, JSON
    created_at: datetime
    attempts: int
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    last_error: str | None
    environment: str | None = None  # whose channel it is; None: of whichever has one of that name
