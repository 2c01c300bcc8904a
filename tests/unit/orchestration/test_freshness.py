"""Freshness: ages, deadlines in a zone, days that count."""

from datetime import UTC, datetime

import pytest

from orchestration.errors import DefinitionError
from orchestration.freshness import FreshnessPolicy, FreshnessStatus

PASSED, WARNED, FAILED, UNKNOWN = FreshnessStatus


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("policy", "until", "statuses"),
    [
        (
            FreshnessPolicy(max_age="4h", warn_at="3h"), "2013-02-08 00:00",
            {"2013-02-08 03:00": PASSED, "2013-02-08 03:01": WARNED, "2013-02-08 04:01": FAILED},
        ),
        (  # on Friday; Saturday and Sunday don't count
            FreshnessPolicy(max_age="4h", days="mon-fri"), "2013-02-08 22:00",
            {"2013-02-10 12:00": PASSED, "2013-02-11 02:00": PASSED, "2013-02-11 02:01": FAILED},
        ),
        (  # the full length of a day that counts
            FreshnessPolicy(max_age="1d", days="mon-fri"), "2013-02-08 00:00",
            {"2013-02-10 12:00": PASSED, "2013-02-11 00:01": FAILED},
        ),
        (
            FreshnessPolicy(max_age="1d", days="mon-fri", holidays="2013-02-11"), "2013-02-08 00:00",
            {"2013-02-11 12:00": PASSED, "2013-02-12 00:01": FAILED},
        ),
        (  # something newer than the deadline before; 06:00 in New York is 11:00 UTC
            FreshnessPolicy(by="06:00", timezone="America/New_York", warn_at="1h"), "2013-02-08 05:00",
            {"2013-02-09 10:00": PASSED, "2013-02-09 10:01": WARNED, "2013-02-09 11:01": FAILED},
        ),
        (  # at the deadline no older than that
            FreshnessPolicy(max_age="12h", by="06:00"), "2013-02-07 23:00",
            {"2013-02-08 18:00": PASSED, "2013-02-09 06:00": PASSED, "2013-02-09 06:01": FAILED},
        ),
        (  # no deadline at the weekend
            FreshnessPolicy(by="0 6 * * *", days="mon-fri"), "2013-02-08 00:00",
            {"2013-02-10 12:00": PASSED, "2013-02-11 06:00": PASSED, "2013-02-11 06:01": FAILED},
        ),
        (  # summer time: 06:00 in Berlin is 05:00 UTC, then 04:00
            FreshnessPolicy(by="06:00", timezone="Europe/Berlin"), "2013-03-30 00:00",
            {"2013-03-31 04:00": PASSED, "2013-03-31 04:01": FAILED},
        ),
    ],
)  # fmt: skip
def test_statuses(policy: FreshnessPolicy, until: str, statuses: dict[str, FreshnessStatus]) -> None:
    assert {now: policy.status(at(until), at(now)) for now in statuses} == statuses
    assert policy.status(None, at(until)) is UNKNOWN


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "says nothing; write max_age="),
        ({"max_age": "4h", "warn_at": "5h"}, "swap them"),
        (
            {"by": "25:00"},
            r"^FreshnessPolicy\(by='25:00'\) is no deadline; write a time of day such as '06:00', or a cron exp[a-z]+$",
        ),
        ({"by": "61 * * * *"}, r"^FreshnessPolicy\(by='61 \* \* \* \*'\): '61 \* \* \* \*' isn't a cron expression: "),
        ({"by": "06:00", "timezone": "Europe/Berln"}, "isn't a time zone"),
        ({"max_age": "4h", "days": "mon-fry"}, "are no weekdays; write 'mon-fri'"),
        ({"max_age": "4h", "holidays": ["2013-02-30"]}, "is no day of the calendar"),
        ({"max_age": "4h", "of": "wall"}, "write 'data' or 'materialization'"),
    ],
)
def test_what_can_not_be_kept_is_refused(said: dict[str, object], why: str) -> None:
    with pytest.raises(DefinitionError, match=why):
        FreshnessPolicy(**said)  # type: ignore[arg-type]


def test_it_is_refreshed_at_instants_that_everybody_finds() -> None:
    policy = FreshnessPolicy(max_age="4h", warn_at="3h")
    until = at("2013-02-08 00:00")
    found = [policy.refreshes_at(until, at(f"2013-02-08 {hour:02}:30")) for hour in (2, 3, 6, 7, 23)]
    assert found == [None, *(at(f"2013-02-08 {hour:02}:00") for hour in (3, 3, 7, 23))]
    deadline = FreshnessPolicy(by="06:00", days="mon-fri")
    assert deadline.refreshes_at(at("2013-02-07 00:00"), at("2013-02-10 12:00")) == at("2013-02-08 06:00")
    assert deadline.refreshes_at(at("2013-02-07 00:00"), at("2013-02-11 12:00")) == at("2013-02-11 06:00")
