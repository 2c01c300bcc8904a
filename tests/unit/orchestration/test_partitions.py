"""What each set of partitions calls its keys, and what it says of what is none."""

import pickle
from datetime import UTC, datetime, timedelta

import pytest

from orchestration.database import reading, writing
from orchestration.errors import PartitionError
from orchestration.partition_keys import add_keys, all_keys, list_keys
from orchestration.partitions import Interval, Partitions, cron, daily, dynamic, hourly, monthly, multi, static, weekly
from tests.support.core import open_state

NOW = datetime(2013, 2, 9, 6, 30, tzinfo=UTC)
NEW_YORK = "America/New_York"
DAYS = daily("2013-01-01")
BOTH = multi(region=static("EU", "US"), day=DAYS)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("partitions", "latest", "described"),
    [
        (DAYS, "2013-02-08", "daily since 2013-01-01, UTC"),
        (daily("2013-01-01", end="2013-01-31"), "2013-01-31", "daily since 2013-01-01 until 2013-01-31, UTC"),
        (hourly("2013-01-01"), "2013-02-09T05:00", "hourly since 2013-01-01T00:00, UTC"),
        (hourly("2013-01-01", timezone=NEW_YORK), "2013-02-09T00:00", f"hourly since 2013-01-01T00:00, {NEW_YORK}"),
        (weekly("2013-01-01"), "2013-01-28", "weekly from Monday since 2013-01-07, UTC"),
        (weekly("2013-01-01", weekday="Saturday"), "2013-02-02", "weekly from Saturday since 2013-01-05, UTC"),
        (monthly("2013-01"), "2013-01", "monthly since 2013-01, UTC"),
        (monthly("2013-02-01"), None, "monthly since 2013-02, UTC"),
        (cron("0 6 * * *", "2013-02-01"), "2013-02-08T06:00", "cron 0 6 * * * since 2013-02-01T06:00, UTC"),
        (cron("0 6 * * *", "2013-02-01", end="2013-02-03"), "2013-02-03T06:00", None),
        (static("EU", "US"), "US", "static EU, US"),
        (dynamic("customers"), None, "dynamic 'customers'"),
        (BOTH, "day=2013-02-08|region=US", "day: daily since 2013-01-01, UTC; region: static EU, US"),
        (daily("2014-01-01"), None, None),
    ],
)
def test_the_latest_and_the_words(partitions: Partitions, latest: str | None, described: str | None) -> None:
    assert partitions.latest(NOW) == latest
    assert described is None or partitions.describe() == described
    if latest is not None:
        assert partitions.keys(NOW)[-1] == latest
        assert partitions.check(latest) == latest
    assert pickle.loads(pickle.dumps(partitions)) == partitions
    assert hash(partitions) == hash(pickle.loads(pickle.dumps(partitions)))


def test_hours_when_the_clocks_change() -> None:
    hours, days = hourly("2013-01-01", timezone=NEW_YORK), daily("2013-01-01", timezone=NEW_YORK)
    spring, autumn = (hours.overlapping(days.interval(day)) for day in ("2013-03-10", "2013-11-03"))
    assert (len(spring), len(autumn)) == (23, 25)
    assert spring[1:3] == ("2013-03-10T01:00", "2013-03-10T03:00")
    assert autumn[:4] == ("2013-11-03T00:00", "2013-11-03T01:00", "2013-11-03T01:00-0500", "2013-11-03T02:00")
    assert hours.interval("2013-11-03T01:00") == Interval(at("2013-11-03T05:00"), at("2013-11-03T06:00"))
    assert hours.interval("2013-11-03T01:00-0500") == Interval(at("2013-11-03T06:00"), at("2013-11-03T07:00"))
    for none in ("2013-03-10T02:00", "2013-11-03T01:00-0400", "2013-11-03T02:00-0500", "2013-11-03T01:30"):
        with pytest.raises(PartitionError, match="isn't an hourly partition"):
            hours.check(none)


def test_hours_where_clocks_change_by_half_an_hour() -> None:
    zone = "Australia/Lord_Howe"
    hours, days = hourly("2013-01-01", timezone=zone), daily("2013-01-01", timezone=zone)
    keys = hours.overlapping(days.interval("2013-04-07"))
    assert (len(keys), keys[2], keys[-1]) == (25, "2013-04-07T01:30+1030", "2013-04-07T23:30")
    last = hours.interval(keys[-1])
    assert last.end - last.start == timedelta(minutes=30)
    assert last.end == days.interval("2013-04-07").end


def test_cron_when_the_clocks_change() -> None:
    jobs = cron("30 2 * * *", "2013-01-01", timezone="Europe/Berlin")
    assert jobs.between("2013-03-30T02:30", "2013-04-01T02:30")[1] == "2013-03-31T03:00"
    assert jobs.between("2013-10-26T02:30", "2013-10-28T02:30")[1] == "2013-10-27T02:30"
    often = cron("*/30 * * * *", "2013-01-01", timezone="Europe/Berlin")
    assert len(often.overlapping(daily("2013-01-01", timezone="Europe/Berlin").interval("2013-10-27"))) == 50
    rare = cron("0 0 29 2 *", "2001-01-01")
    assert rare.keys(NOW) == ("2004-02-29T00:00", "2008-02-29T00:00")
    assert rare.interval("2008-02-29T00:00").end == at("2012-02-29T00:00")


@pytest.mark.parametrize(
    "declare",
    [
        lambda: daily("2013-02-30"),
        lambda: daily("2013-01-02", end="2013-01-01"),
        lambda: daily("2013-01-01", timezone="Mars"),
        lambda: hourly("2013-01-01T00:30"),
        lambda: hourly("2013-03-10T02:00", timezone=NEW_YORK),
        lambda: weekly("2013-01-01", weekday="moonday"),
        lambda: weekly("2013-01-01", end="2013-01-02"),
        lambda: monthly("2013"),
        lambda: monthly("2013-13"),
        lambda: monthly("2013-01", end="x"),
        lambda: cron("* * *", "2013-01-01"),
        lambda: cron("61 * * * *", "2013-01-01"),
        lambda: cron("0 0 30 2 *", "2013-01-01"),
        lambda: cron("0 0 1 * *", "2013-01-02", end="2013-01-05"),
        lambda: static(),
        lambda: static("EU", "EU"),
        lambda: static("a..b"),
        lambda: static(["EU"]),  # type: ignore[arg-type]
        lambda: static(" "),
        lambda: dynamic(""),
        lambda: multi(day=DAYS),
        lambda: multi(day=DAYS, hour=hourly("2013-01-01")),
        lambda: multi(day=DAYS, region="EU"),  # type: ignore[arg-type]
        lambda: multi(day=DAYS, both=BOTH),
    ],
)
def test_what_can_not_be_declared(declare: object) -> None:
    with pytest.raises(PartitionError):
        declare()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("partitions", "key", "says"),
    [
        (weekly("2013-01-01"), "2013-02-07", "weeks begin on Monday; write 2013-02-04"),
        (weekly("2013-01-01"), "x", "e.g. 2013-01-07"),
        (monthly("2013-01"), "2013-1", "e.g. 2013-01"),
        (monthly("2013-01"), "2012-12", "there is no partition 2012-12"),
        (static("EU", "US"), "E", "static EU, US; did you mean 'EU'"),
        (cron("0 6 * * *", "2013-02-01"), "2013-02-01T07:00", "they are like 2013-02-01T06:00"),
        (BOTH, "EU", r"write day=...\|region=..."),
        (BOTH, "region=EU|day=2013-02-01", r"write day=...\|region=..."),
        (BOTH, "day=2013-02-01|region=XX", "there is no partition XX"),
        (dynamic("c").bound(lambda name: ("ada",)), "bob", "no partition bob"),
        (dynamic("c").bound(lambda name: ()), "bob", "none added yet"),
    ],
)
def test_what_is_no_key(partitions: Partitions, key: str, says: str) -> None:
    for ask in (partitions.check, partitions.interval, partitions.order, lambda key: partitions.between(key, key)):
        with pytest.raises(PartitionError, match=says):
            ask(key)


@pytest.mark.parametrize(
    ("partitions", "text", "keys"),
    [
        (static("EU", "US", "APAC"), "US..APAC", ["US", "APAC"]),
        (static("EU", "US"), "*", ["EU", "US"]),
        (monthly("2012-11"), "*", ["2012-11", "2012-12", "2013-01"]),
        (BOTH, "day=2013-02-01|region=EU", ["day=2013-02-01|region=EU"]),
        (BOTH, "region=EU|day=2013-02-01..2013-02-02", ["day=2013-02-01|region=EU", "day=2013-02-02|region=EU"]),
        (BOTH, "day=2013-02-01", ["day=2013-02-01|region=EU", "day=2013-02-01|region=US"]),
        (BOTH, "day=2013-02-01|region=EU..day=2013-02-01|region=US", None),
    ],
)
def test_what_people_ask_for(partitions: Partitions, text: str, keys: list[str] | None) -> None:
    assert list(partitions.named(text, NOW)) == (keys or ["day=2013-02-01|region=EU", "day=2013-02-01|region=US"])


def test_ranges_that_are_none() -> None:
    for partitions, text in ((static("EU", "US"), "US..EU"), (daily("2014-01-01"), "*"), (BOTH, "town=x"), (BOTH, "x")):
        with pytest.raises(PartitionError):
            partitions.named(text, NOW)


def test_dimensions() -> None:
    odd = multi(a=static("x|y=z%", "b"), b=static("1"))
    key = odd.format(a="x|y=z%", b="1")
    assert key == "a=x%7Cy%3Dz%25|b=1"
    assert odd.parse(key) == {"a": "x|y=z%", "b": "1"}
    assert BOTH.dimension("day") == DAYS
    assert BOTH.series("day=2013-02-01|region=EU") == "region=EU"
    assert (DAYS.series("2013-02-01"), static("EU").series("EU")) == ("", "EU")
    assert BOTH.window("day=2013-02-02|region=EU", 2) == ("day=2013-02-01|region=EU", "day=2013-02-02|region=EU")
    assert multi(day=DAYS, region=static("EU", "US")) == BOTH
    with pytest.raises(PartitionError, match="no dimension 'town'"):
        BOTH.dimension("town")
    with pytest.raises(PartitionError, match="each of day, region"):
        BOTH.format(day="2013-02-01")


def test_windows() -> None:
    assert DAYS.window("2013-01-03", 7) == ("2013-01-01", "2013-01-02", "2013-01-03")
    assert DAYS.window("2013-01-03", 1, 1) == ("2013-01-02",)
    assert DAYS.window("2013-01-01", 1, 1) == ()
    with pytest.raises(PartitionError, match="no order in time"):
        static("EU").window("EU", 1)


def test_keys_that_are_added(state_url: str) -> None:
    engine = open_state(state_url)
    with writing(engine) as connection:
        assert add_keys(connection, "customers", ["cleo", "ada"], NOW) == ("cleo", "ada")
        assert add_keys(connection, "customers", ["ada", "bob", "bob"], NOW) == ("bob",)
        add_keys(connection, "towns", ["ada"], NOW)
        with pytest.raises(PartitionError):
            add_keys(connection, "customers", ["dan", "a..b"], NOW)
    with reading(engine) as connection:
        assert list_keys(connection, "customers") == ("cleo", "ada", "bob")
        assert list_keys(connection, "none") == ()
        assert all_keys(connection) == {"customers": ("cleo", "ada", "bob"), "towns": ("ada",)}
