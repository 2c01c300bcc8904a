"""Partitions through every change of the clocks, and the mappings between them."""

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

import orchestration as o
from orchestration.mapping import Dimensions, Overlap, default_mapping
from orchestration.mapping.overlap import contains
from orchestration.mapping.window import Window
from orchestration.partitions import Interval, MultiPartitions, Partitions, StaticPartitions

ZONES = (
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "America/Sao_Paulo",  # midnights that there were not
    "America/Havana",  # midnights that there were twice
    "America/St_Johns",  # back over midnight, at one minute past it
    "Pacific/Apia",  # left out the 30th of December 2011
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # half an hour
)
zones = st.sampled_from(ZONES)
instants = st.datetimes(datetime(1991, 1, 1), datetime(2037, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
CRONS = ("0 6 * * *", "30 2 * * *", "*/30 * * * *", "0 */6 * * mon-fri", "15 1 1,15 * *", "0 0 * * sun")


@st.composite
def timed(draw: st.DrawFn, zone: st.SearchStrategy[str] = zones) -> Partitions:
    where = draw(zone)
    weekdays = ("monday", "wednesday", "sunday")
    made: tuple[Partitions, ...] = (
        o.daily("1990-01-01", timezone=where),
        o.hourly("1990-01-01", timezone=where),
        o.weekly("1990-01-01", weekday=draw(st.sampled_from(weekdays)), timezone=where),
        o.monthly("1990-01", timezone=where),
    )
    return draw(st.sampled_from(made) | st.sampled_from(CRONS).map(lambda c: o.cron(c, "1990-01-01", timezone=where)))


@st.composite
def near_a_change(draw: st.DrawFn, zone: str) -> datetime:
    """An instant within two days of a change of the clocks, forward or back; any, where there is none in the year."""
    at = draw(instants)
    local = [(at + timedelta(days=n)).astimezone(ZoneInfo(zone)) for n in range(366)]
    changes = [a for a, b in itertools.pairwise(local) if a.utcoffset() != b.utcoffset()]
    assume(changes or zone in ("UTC", "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo", "Africa/Cairo"))
    near = draw(st.sampled_from(changes)).astimezone(UTC) if changes else at
    return near + timedelta(minutes=draw(st.integers(-2880, 2880)))


@settings(deadline=None)
@given(timed(), st.data(), st.integers(1, 60))
def test_keys_are_contiguous_unique_and_ordered(partitions: Partitions, data: st.DataObject, count: int) -> None:
    at = data.draw(near_a_change(partitions.timezone))
    (last,) = partitions.overlapping(Interval(at, at))
    keys = partitions.window(last, count)
    assert partitions.between(keys[0], keys[-1]) == keys
    assert len(set(keys)) == len(keys)
    assert sorted(keys, key=partitions.order) == list(keys)
    if isinstance(partitions.rule[0], str) and partitions.rule[0] != "cron":
        assert sorted(keys) == list(keys), "the log compares keys as text"
    found = [partitions.interval(key) for key in keys]
    intervals = [each for each in found if each is not None]
    assert all(before.end == after.start for before, after in itertools.pairwise(intervals))
    assert intervals[-1].start <= at < intervals[-1].end
    for key, interval in zip(keys, intervals, strict=True):
        assert partitions.check(key) == key
        if interval.start == interval.end:  # Samoa
            continue
        assert partitions.overlapping(interval)[-1] == key
        assert partitions.latest(interval.end) == key or partitions.timezone == "Pacific/Apia"
        newest = partitions.latest(interval.end - timedelta(microseconds=1))
        assert newest is None or partitions.order(newest) < partitions.order(key)
    assert partitions.spanning([keys[-1], "none", keys[0]]) == keys
    assert len(partitions.window(keys[-1], 1, len(keys) - 1)) == 1
    assert partitions.window(keys[-1], 1, len(keys) - 1)[0] == keys[0]


@given(zones, st.data())
def test_a_day_has_its_hours(zone: str, data: st.DataObject) -> None:
    at = data.draw(near_a_change(zone))
    days, hours = o.daily("1990-01-01", timezone=zone), o.hourly("1990-01-01", timezone=zone)
    (day,) = days.overlapping(Interval(at, at))
    interval = days.interval(day)
    assert interval is not None
    keys = hours.overlapping(interval)
    assert 22 <= len(keys) <= 25
    assert len(keys) == -((interval.start - interval.end) // timedelta(hours=1))
    first, last = hours.interval(keys[0]), hours.interval(keys[-1])
    assert first is not None
    assert last is not None
    assert (first.start, last.end) == (interval.start, interval.end)


@settings(deadline=None)
@given(timed(), st.data())
def test_what_overlaps_intersects_and_says_so_from_both_sides(up: Partitions, data: st.DataObject) -> None:
    down = data.draw(timed(zone=st.just(up.timezone) | zones))
    at = data.draw(near_a_change(down.timezone))
    (key,) = down.overlapping(Interval(at, at))
    here = down.interval(key)
    assert here is not None
    there, back = Overlap(up, down), Overlap(down, up)
    read = there.upstream(key, ())
    assert read
    if there.is_single:
        assert len(read) == 1
    intervals = [i for each in read if each is not None and (i := up.interval(each)) is not None]
    assert all((i.start < here.end and here.start < i.end) or i.start == i.end for i in intervals)
    assert intervals[0].start <= here.start
    assert here.end <= intervals[-1].end, "nothing of the downstream partition is left uncovered"
    for each, i in zip(read, intervals, strict=True):
        if i.start < i.end:
            assert key in back.upstream(each, ())
    if contains(up, down):
        assert default_mapping("up", up, "down", down).is_single


@given(st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=4, unique=True), st.data())
def test_dimensions_make_a_round_trip(names: list[str], data: st.DataObject) -> None:
    try:
        regions = o.static(*names)
    except ValueError:
        return
    days = o.daily("2013-01-01")
    both = o.multi(region=regions, day=days)
    day, region = (
        data.draw(st.sampled_from(days.between("2013-01-01", "2013-01-09"))),
        data.draw(st.sampled_from(names)),
    )
    key = both.format(day=day, region=region)
    assert both.parse(key) == {"day": day, "region": region}
    assert both.interval(key) == days.interval(day)
    assert both.named(key, datetime(2014, 1, 1, tzinfo=UTC)) == (key,)
    assert both.series(key) == both.series(both.format(day="2013-01-01", region=region))
    check_dimensions(both, regions, key, day, region)


def check_dimensions(both: MultiPartitions, regions: StaticPartitions, key: str, day: str, region: str) -> None:
    """One dimension reads every key on the other; several read the same key, from both sides."""
    by_region = default_mapping("up", regions, "down", both)
    assert by_region.upstream(key, ()) == (region,)
    assert by_region.is_single
    by_day = default_mapping("up", both, "down", both.dimension("day"))
    assert isinstance(by_day, Dimensions)
    assert not by_day.is_single
    read = by_day.upstream(day, ())
    assert [both.parse(str(each))["region"] for each in read] == list(regions.names)
    assert key in read
    others = default_mapping("up", both, "down", regions)
    assert others.needs_known
    assert others.upstream(region, [key]) == (key,)


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, unique=True), st.data())
def test_ranges_of_names_are_those_of_their_definition(names: list[str], data: st.DataObject) -> None:
    now = datetime(2013, 1, 1, tzinfo=UTC)
    for partitions in (o.static(*names), o.dynamic("d").bound(lambda name: tuple(names))):
        begin = data.draw(st.integers(0, len(names) - 1))
        end = data.draw(st.integers(begin, len(names) - 1))
        assert list(partitions.between(names[begin], names[end])) == names[begin : end + 1]
        assert list(partitions.keys(now)) == sorted(names, key=partitions.order)
        assert partitions.interval(names[0]) is None


@settings(deadline=None)
@given(timed(), st.integers(1, 5), st.integers(0, 5), st.data())
def test_a_window_is_read_by_those_whose_window_it_is(
    partitions: Partitions, count: int, offset: int, data: st.DataObject
) -> None:
    """The keys are in order and without gaps; from the other side, ``count`` partitions read each key."""
    at = data.draw(near_a_change(partitions.timezone))
    (middle,) = partitions.overlapping(Interval(at, at))
    keys = partitions.window(middle, 15, 0)
    read = {key: Window(partitions, partitions, count, offset).upstream(key, ()) for key in keys}
    for n, key in enumerate(keys):
        if n >= count + offset:  # the keys before these are not among the fifteen
            assert read[key] == keys[n - offset - count + 1 : n - offset + 1]
            assert [below for below, above in read.items() if keys[n - offset] in above] == list(
                keys[n : min(n + count, len(keys))]
            )
    assert all(len(above) <= count for above in read.values())
