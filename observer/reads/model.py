"""The answers that pages show: plain frozen records, made by ``observer.reads``, drawn by ``dashboards``.

Floats are raw (rates 0..1, seconds, bytes); pages format them by ``unit``. Instants are aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from observer.model import EvaluationStatus, FailingRows, FeedbackKind, IncidentStatus, Resolution, Severity
from observer.reads.run_model import AskedFor, LogRow, SpanRow
from observer.reads.schema_turn import SchemaTurn
from observer.sight import Sight
from orchestration.model import Cancellation


class State(StrEnum):
    """The one word for an asset or a partition; worst first."""

    FAILING = "failing"  # its function raised, or it is interrupted
    HELD = "held"  # its newest version is in quarantine
    BLOCKED = "blocked"  # something upstream is held, failing or missing
    STALE = "stale"  # older than its freshness policy allows
    WARNED = "warned"
    UNKNOWN = "unknown"  # could not be evaluated
    LEARNING = "learning"
    HEALTHY = "healthy"
    NEVER = "never"  # never materialized


class Making(StrEnum):
    """How the versions of an asset come to be."""

    MADE = "made"  # by runs
    OBSERVED = "observed"  # by runs that look at what others have made
    REPORTED = "reported"  # by others, who make it


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    id: int
    asset: str
    partition: str | None  # the last one concerned
    severity: Severity
    status: IncidentStatus
    sentence: str
    subjects: tuple[str, ...]
    affected: tuple[str, ...]  # assets blocked downstream
    owners: tuple[str, ...]
    opened_at: datetime
    last_good: str | None  # the last partition (or instant) that readers have
    sparkline: tuple[float | None, ...]  # the metric that opened it, oldest first, last = the bad point
    notified: str  # "webhook delivered 06:00", "1 message waits", "no channel"
    resolved_at: datetime | None = None
    resolved_as: Resolution | None = None
    resolution: str | None = None
    until: datetime | None = None  # snoozed or muted
    revision: int = 1
    in_project: bool = True  # its asset is
    last_good_at: datetime | None = None  # when readers were given it
    delivered: tuple[datetime, ...] = ()  # when each channel was told last
    of_channel: bool = False  # it is about a channel, whose messages don't arrive, and no asset


@dataclass(frozen=True, slots=True, kw_only=True)
class StripCell:
    partition: str
    state: State
    text: str  # for hover and screen readers: "2013-02-08 held: dep_time null rate 50.8 %, ..."


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRow:
    key: str
    kind: str
    group: str | None
    owners: tuple[str, ...]
    state: State
    text: str  # why it is in that state
    last_partition: str | None  # the newest that readers have
    last_at: datetime | None
    rows: float | None
    row_sparkline: tuple[float | None, ...]
    strip: tuple[StripCell, ...]  # the last 30 partitions (or versions), oldest first
    tags: tuple[str, ...] = ()
    since: datetime | None = None  # of broken and stale ones
    data_until: datetime | None = None  # how far its data reaches
    freshness: State | None = None  # by its policy: healthy, warned, stale, or never; None: it has none


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    id: str
    status: str
    selection: str
    partitions: str
    trigger: str
    started_at: datetime
    duration_s: float | None
    counts: tuple[tuple[str, int], ...]  # ("published", 4), ("held", 1) ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserverHealth:
    last_event_at: datetime | None
    outbox_waiting: int
    outbox_failing: int
    lag_s: float = 0.0  # how long the oldest message has been due
    given_up: int = 0  # messages that nobody tries any more


@dataclass(frozen=True, slots=True, kw_only=True)
class HourCell:
    """An hour: the worst of the incidents that were open in it."""

    start: datetime
    state: State
    open: int
    opened: int  # of those, in this hour


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCell:
    """A day of the project's calendar: the worst of the incidents that were opened on it."""

    day: date
    state: State
    opened: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NowPage:
    at: datetime
    project: str
    environment: str
    timezone: str  # IANA name in which the project's days are cut
    sentence: str  # "1 asset held, 2 blocked downstream, since 06:00; 4 healthy"
    since: datetime | None
    counts: tuple[tuple[State, int], ...]  # every state with its number of assets, zero included
    incidents: tuple[IncidentRow, ...]  # not resolved, worst first; at most 100
    unresolved: int  # how many there are of them
    total: int  # assets
    assets: tuple[AssetRow, ...]  # the worst 20, then upstream first
    runs: tuple[RunRow, ...]  # the last 10, newest first
    observer: ObserverHealth
    monitored: int  # assets with at least one monitor or check
    hours: tuple[HourCell, ...] = ()  # the last 24, oldest first
    days: tuple[DayCell, ...] = ()  # of the last twelve weeks, from a Monday on


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusCell:
    """One of the four cells on top of an asset: latest materialization, checks, freshness, rows."""

    title: str
    state: State
    value: str  # large: "2013-02-07", "6 of 7 passed", "30 h old", "926"
    detail: str  # small: "published 06:00, run r1; 2013-02-08 is held"
    at: datetime | None = None  # the instant that the words tell


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPoint:
    at: datetime  # data time (start of the partition), or the instant of materialization
    partition: str | None
    value: float | None  # None: missing
    lower: float | None  # the band as stored with the verdict; None while learning
    expected: float | None
    upper: float | None
    status: EvaluationStatus | None  # None: measured, not judged
    direction: str  # "high", "low", "none"
    excluded: bool  # does not train (held, bad data, before a new normal)
    p_value: float | None
    sentence: str
    run_id: str
    accuracy: str = ""  # "of a 1 % sample"; nothing of what is exact
    held: bool = False  # its version is
    mark: FeedbackKind | None = None  # what a person said of it
    taken_up: bool = False  # somebody has taken its incident up, or it is over
    muted: str = ""  # until when, by whom and why; "" if it wasn't


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How the values of a column's newest version are spread, beside those of what it is compared with."""

    at: datetime
    partition: str | None
    shift: float | None
    words: str  # what has moved most, in words; "" where nothing has
    before: tuple[float, ...] = ()  # of numbers: the values at equally spaced ranks from 0 to 1
    now: tuple[float, ...] = ()
    shares: tuple[tuple[str, float, float], ...] = ()  # of categories: share before and now, the most frequent first


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorSeries:
    id: str  # "null_rate(dep_time)"
    title: str  # "Null rate of dep_time", "Null rate of dep_time · EU"
    metric: str
    column: str | None
    unit: str  # "rows", "rate", "s", "bytes", ""
    severity: Severity
    detector: str
    status: EvaluationStatus | None
    sentence: str  # the newest verdict, or how many more runs it needs
    trained_from: datetime | None  # of the newest verdict
    trained_to: datetime | None
    n_train: int
    alpha: float | None
    points: tuple[SeriesPoint, ...]  # oldest first
    sight: Sight | None = None  # what it would notice today; None where nothing is known of it
    part: str = ""  # of the partition key, what isn't time: "EU"
    compared: Comparison | None = None  # of a monitor of how values are spread


@dataclass(frozen=True, slots=True, kw_only=True)
class NullHeatmap:
    partitions: tuple[str, ...]  # x, oldest first
    columns: tuple[str, ...]  # y, in the table's order
    rates: tuple[tuple[float | None, ...], ...]  # [column][partition]
    held: tuple[str, ...]  # the partitions of x that are held


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCell:
    partition: str | None
    at: datetime
    status: EvaluationStatus
    sentence: str
    run_id: str
    muted: str = ""  # until when, by whom and why; "" if it wasn't


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckStrip:
    name: str
    severity: Severity
    status: EvaluationStatus | None
    sentence: str
    cells: tuple[CheckCell, ...]  # oldest first
    muted: str = ""  # until when, by whom and why; "" if it isn't now
    sample: FailingRows | None = None  # some of the rows that break it


@dataclass(frozen=True, slots=True, kw_only=True)
class GateState:
    outcome: str  # "open", "held", "open_by_override", "none"
    partition: str | None
    sentence: str
    held_partitions: tuple[str, ...]  # every partition that is held now, oldest first
    release_command: str | None  # what to type
    expires_at: datetime | None = None  # of an override


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """What was blocked by a partition of an asset that is held no more, and has not run since."""

    partition: str | None
    assets: tuple[str, ...]  # directly downstream


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    key: str
    state: State
    text: str
    at: datetime | None = None  # when readers were given what they have


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    id: str
    partition: str | None
    status: str  # published, superseded, held, discarded, publishing
    materialized_at: datetime
    rows: int | None
    bytes: int | None
    duration_s: float
    run_id: str
    sentence: str  # why it is held, or released by whom, or what changed of its schema


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaColumn:
    name: str
    type: str
    null_rate: float | None
    distinct: float | None
    distinct_accuracy: str  # "approximate, to about 3.3 %"; nothing of what is exact
    minimum: float | None
    maximum: float | None
    mean: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetPage:
    at: datetime
    project: str
    environment: str
    timezone: str
    key: str
    kind: str
    group: str | None
    owners: tuple[str, ...]
    tags: tuple[str, ...]
    description: str
    partitions: str  # "daily since 2013-01-01, America/New_York", or "not partitioned"
    state: State
    text: str
    cells: tuple[StatusCell, ...]  # four
    gate: GateState
    incidents: tuple[IncidentRow, ...]  # open ones first, then the last resolved, at most 20
    monitors: tuple[MonitorSeries, ...]  # worst first
    heatmap: NullHeatmap | None
    checks: tuple[CheckStrip, ...]
    schema: tuple[SchemaColumn, ...]
    upstream: tuple[Neighbour, ...]
    downstream: tuple[Neighbour, ...]
    versions: tuple[VersionRow, ...]  # newest first, at most 60
    consumers: tuple[str, ...] = ()  # outside: a dashboard, a notebook
    said: tuple[SaidRow, ...] = ()  # by people of versions, newest first, at most 60
    schema_turns: tuple[SchemaTurn, ...] = ()  # oldest first, at most 30
    making: Making = Making.MADE
    waited: tuple[Waited, ...] = ()  # and may run now, the newest partition first


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidRow:
    """A person's word on a version."""

    number: int
    at: datetime
    data_at: datetime  # when the version is of
    partition: str | None
    subject: str  # a monitor; "" for all of them
    said: str  # "expected-once", "recurring every week", "takes the word of ana back"
    by: str
    reason: str
    counts: bool  # False: taken back, or followed by another word


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    asset: str
    partition: str | None
    status: str  # StepStatus value
    reason: str
    note: str
    error: str | None
    blocked_by: str | None
    start_s: float | None  # since the run began; None if it never started
    execute_s: float | None
    gate_s: float | None
    duration_s: float | None
    spans: tuple[SpanRow, ...] = ()  # tries that failed and waits, in the order in which they were
    logs: tuple[LogRow, ...] = ()  # a try each


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    at: datetime
    project: str
    environment: str
    timezone: str
    run: RunRow
    ended_at: datetime | None
    holder: str
    sentence: str  # "4 published, 1 held, 2 blocked in 1.2 s"
    steps: tuple[StepRow, ...]  # in the order walked
    resumes: str | None = None  # the run whose work it goes on with
    resumed_by: str | None = None
    cancellation: Cancellation | None = None  # asked for; the run may not have heard of it yet
    asked: AskedFor | None = None  # None: it never was in the queue
