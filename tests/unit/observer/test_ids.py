"""Ids say when they were given, and differ."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from observer.ids import Ids
from orchestration.clock import Clock


def test_an_id_says_its_second_also_where_the_clock_goes_back() -> None:
    first = datetime(2013, 2, 8, 6, 30, 0, 999_999, tzinfo=UTC)

    def instants() -> Iterator[datetime]:
        yield from (first, first, first + timedelta(microseconds=1), first - timedelta(days=400))

    at = instants()
    ids = Ids(Clock(now=lambda: next(at)))
    given = [ids() for _ in range(4)]
    assert [each[:16] for each in given] == [
        "20130208-063000-", "20130208-063000-", "20130208-063001-", "20120105-063000-"
    ]  # fmt: skip
    assert all(re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{10}", each) for each in given)
    assert len({each[16:] for each in given}) == 4
