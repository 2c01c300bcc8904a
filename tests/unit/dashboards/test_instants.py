from datetime import UTC, datetime, timedelta

import pytest

from dashboards.instants import Clock, exact, zone

NOW = datetime(2013, 2, 9, 11, 0, 8, tzinfo=UTC)
CLOCK = Clock.of(NOW, "America/New_York")


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (None, "–"),
        (NOW - timedelta(seconds=8), "06:00"),
        (NOW - timedelta(days=1), "8 Feb 06:00"),
        (datetime(2013, 2, 9, 4, 59, tzinfo=UTC), "8 Feb 23:59"),
        (datetime(2012, 12, 31, 11, tzinfo=UTC), "31 Dec 2012 06:00"),
    ],
)
def test_a_moment_says_no_more_than_it_must(at: datetime | None, said: str) -> None:
    assert CLOCK.moment(at).replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 s ago"),
        (8, "8 s ago"),
        (200, "3 min ago"),
        (7200, "120 min ago"),
        (93_600, "26 h ago"),
        (864_000, "10 days ago"),
    ],
)
def test_how_long_ago(seconds: int, said: str) -> None:
    assert CLOCK.ago(NOW - timedelta(seconds=seconds)).replace("\u00a0", " ") == said


def test_never_is_said_as_never() -> None:
    assert CLOCK.ago(None) == "never"


def test_the_full_instant_names_day_and_zone() -> None:
    assert CLOCK.full(NOW) == "Saturday 9 February 2013, 06:00 EST"
    assert exact(NOW) == "2013-02-09T11:00:08Z"


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "a\0b"])
def test_a_zone_that_is_none_is_read_as_utc(name: str) -> None:
    assert zone(name).key == "UTC"
