"""Schedules over a simulated year, with clock changes, downtime and late data, against a model that counts by hand."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration import asset, cron
from orchestration.freshness import FreshnessPolicy, FreshnessStatus
from tests.unit.orchestration.schedule.states import Scheduler

YEAR = 2024
ZONES = st.sampled_from(["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago"])
BEGIN = datetime(YEAR, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def local_days(zone: str) -> Iterator[date]:
    first = BEGIN.astimezone(ZoneInfo(zone)).date() - timedelta(days=3)
    return (first + timedelta(days=n) for n in range(375))


def wall(zone: str, day: date, hour: int, minute: int) -> datetime:
    """When the clocks first show a time; where they leave it out, the instant at which they go on."""
    local = datetime.combine(day, time(hour, minute), ZoneInfo(zone))
    instant = local.astimezone(UTC)
    if instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    before = local - timedelta(hours=3)
    offset = (before.utcoffset() or timedelta(), (local + timedelta(hours=3)).utcoffset() or timedelta())
    low, high = before.astimezone(UTC), (local + timedelta(hours=3)).astimezone(UTC)
    while high - low > MINUTE:
        middle = low + (high - low) // 2
        changed = middle.astimezone(ZoneInfo(zone)).utcoffset() != offset[0]
        low, high = (low, middle) if changed else (middle, high)
    return high.replace(second=0, microsecond=0)


def due_times(zone: str, hour: int, minute: int, weekdays: Sequence[int]) -> list[datetime]:
    return sorted({wall(zone, day, hour, minute) for day in local_days(zone) if day.weekday() in weekdays})


@st.composite
def jobs(draw: st.DrawFn) -> tuple[str, str, list[datetime]]:
    """An expression at a fixed time of day, its zone, and its due times, counted by hand."""
    zone = draw(ZONES)
    hour, minute = draw(st.sampled_from([(2, 30), (1, 30), (0, 0), (2, 0), (3, 0), (23, 59), (6, 0)]))
    weekdays = draw(st.sampled_from([range(7), range(5), (6,)]))
    days = {7: "*", 5: "mon-fri", 1: "sun"}[len(weekdays)]
    return f"{minute} {hour} * * {days}", zone, due_times(zone, hour, minute, weekdays)


@st.composite
def ticks(draw: st.DrawFn) -> list[datetime]:
    """When the scheduler looked: at its pace, with times at which it was down."""
    pace = draw(st.sampled_from([timedelta(minutes=41), timedelta(hours=2, minutes=3), timedelta(hours=5)]))
    downs = draw(st.lists(st.tuples(st.integers(0, 365 * 24), st.integers(1, 24 * 20)), max_size=6))
    away = [(BEGIN + timedelta(hours=a), BEGIN + timedelta(hours=a + n)) for a, n in downs]
    every = (BEGIN + pace * n for n in range(int(timedelta(days=366) / pace)))
    return [at for at in every if not any(a < at < b for a, b in away)]


def run(schedule: object, when: Sequence[datetime]) -> list[str]:
    @asset(schedule=schedule)  # type: ignore[arg-type]
    def flights() -> None: ...

    here = Scheduler(flights)
    for now in when:
        here.tick(now)
    return here.due_keys()


def key(at: datetime) -> str:
    return f"cron:flights:{at:%Y-%m-%dT%H:%M:%SZ}"


@settings(max_examples=20, deadline=None)
@given(jobs(), ticks(), st.sampled_from(["latest", "none", "all"]))
def test_a_year_of_cron_is_as_counted_by_hand(
    job: tuple[str, str, list[datetime]], when: list[datetime], catch_up: str
) -> None:
    expression, zone, dues = job
    rest = [when[-1] + timedelta(seconds=n) for n in range(1, 120)]  # for what is made up for
    found = run(cron(expression, timezone=zone, catch_up=catch_up), [*when, *rest])
    expected = set()
    at = 0
    for before, now in pairwise(when):
        passed = []
        while at < len(dues) and dues[at] <= now:
            if dues[at] > before:
                passed.append(dues[at])
            at += 1
        if catch_up == "latest":
            passed = passed[-1:]
        elif catch_up == "none":
            passed = [due for due in passed[-1:] if now - due <= timedelta(minutes=10)]
        expected |= {key(due) for due in passed}
    assert len(found) == len(set(found))
    assert set(found) == expected


@settings(max_examples=6, deadline=None)
@given(jobs(), st.lists(st.integers(-4, 4), min_size=4, max_size=9))
def test_clocks_that_disagree_ask_once_for_each_due_time(
    job: tuple[str, str, list[datetime]], skews: list[int]
) -> None:
    expression, zone, dues = job
    steps = range(0, 366 * 24 * 60, 31)
    when = [BEGIN + MINUTE * (n + skews[i % len(skews)]) for i, n in enumerate(steps)]
    found = run(cron(expression, timezone=zone), when)
    first, last = when[0], max(when)
    assert len(found) == len(set(found))
    assert set(found) == {key(due) for due in dues if first < due <= last}


POLICIES = st.builds(
    lambda zone, kind, days, holidays: FreshnessPolicy(
        timezone=zone, days="mon-fri" if days else None, holidays=("2024-05-01", "2024-12-25") if holidays else (),
        **{"age": {"max_age": "30h"}, "by": {"by": "02:30"}, "both": {"by": "02:30", "max_age": "9h"}}[kind],
    ),
    ZONES, st.sampled_from(["age", "by", "both"]), st.booleans(), st.booleans(),
)  # fmt: skip


def counted(policy: FreshnessPolicy, day: date) -> bool:
    return (policy.days is None or day.weekday() < 5) and day.isoformat() not in set(policy.holidays)


def is_stale(policy: FreshnessPolicy, until: datetime, now: datetime) -> bool:
    """By the words of the policy, day for day."""
    days = [until.astimezone(ZoneInfo(policy.timezone)).date() + timedelta(days=n) for n in range(-8, 40)]
    if policy.by is None:
        age = timedelta()
        for day in days:
            if counted(policy, day):
                begin, end = wall(policy.timezone, day, 0, 0), wall(policy.timezone, day + timedelta(days=1), 0, 0)
                age += max(min(end, now) - max(begin, until), timedelta())
        return age > timedelta(hours=30)
    deadlines = [wall(policy.timezone, day, 2, 30) for day in days if counted(policy, day)]
    if policy.max_age is None:
        return any(before >= until and now > at for before, at in pairwise(deadlines))
    old = FreshnessPolicy(max_age="9h", timezone=policy.timezone, days=policy.days, holidays=policy.holidays)
    return any(now > at and old.status(until, at) is FreshnessStatus.FAILED for at in deadlines)


@settings(max_examples=40, deadline=None)
@given(POLICIES, st.lists(st.tuples(st.integers(0, 350 * 24 * 60), st.integers(0, 20 * 24 * 60)), max_size=40))
def test_freshness_over_a_year_is_as_counted_by_hand(policy: FreshnessPolicy, moments: list[tuple[int, int]]) -> None:
    for made, after in moments:
        until = BEGIN + MINUTE * made
        now = until + MINUTE * after
        stale = policy.status(until, now) is FreshnessStatus.FAILED
        assert stale == is_stale(policy, until, now), (policy, until, now)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from(["late", "never"])), max_size=60), ticks())
def test_what_is_stale_is_asked_for_once_a_period(outcomes: list[tuple[int, str]], when: list[datetime]) -> None:
    """Each run that is asked for ends late or never; the model counts the periods that passed since."""

    @asset(freshness=FreshnessPolicy(max_age="6h"))
    def report() -> None: ...

    here, limit = Scheduler(report), timedelta(hours=6)
    until, pending = when[0], None
    here.publish("report", None, until)
    asked, expected, ends = set[str](), set[str](), iter(outcomes * 100)
    for now in when:
        if pending is not None and pending <= now:
            until, pending = pending, None
            here.publish("report", None, until)
        if now - until > limit:
            due = until + limit + (now - until - limit) // limit * limit
            expected.add(f"stale:report:{due:%Y-%m-%dT%H:%M:%SZ}")
        for request in here.tick(now).requests:
            assert request.due_key not in asked
            asked.add(request.due_key)
            hours, outcome = next(ends, (1, "late"))
            pending = now + timedelta(hours=hours) if outcome == "late" else pending
        assert asked == expected
