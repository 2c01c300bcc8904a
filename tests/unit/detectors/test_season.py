from __future__ import annotations

from detectors.season import slots_at

SATURDAY_MIDNIGHT_IN_NEW_YORK = 1357362000.0  # 2013-01-05 05:00 UTC


def test_the_weekday_is_that_of_the_data() -> None:
    assert slots_at(SATURDAY_MIDNIGHT_IN_NEW_YORK, -5 * 3600.0) == (5, 0, 120)
    assert slots_at(SATURDAY_MIDNIGHT_IN_NEW_YORK - 1.0, -5 * 3600.0) == (4, 23, 119)


def test_moments_before_1970_have_slots_too() -> None:
    weekday, hour, both = slots_at(-1.0, 0.0)
    assert (weekday, hour, both) == (2, 23, 71)
