from math import inf, nan

import pytest

from observer.quantities import age, count, number, quantity, span


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "rows", "missing"), (nan, "rate", "missing"), (inf, "s", "missing"),
        (0.0, "rate", "0 %"), (0.00004, "rate", "0 %"), (0.0043, "rate", "0.43 %"), (1.0, "rate", "100 %"),
        (0.508064, "rate", "50.8 %"), (0.0, "s", "0 ms"), (0.0994, "s", "99 ms"), (9.99, "s", "10 s"),
        (119.6, "s", "120 s"), (7200, "s", "120 min"), (999, "bytes", "999 bytes"), (1_234_567, "bytes", "1.23 MB"),
        (-2048, "bytes", "-2.05 kB"), (5e15, "bytes", "5e+03 TB"), (1360368000, "epoch_s", "2013-02-09 00:00 UTC"),
        (1e15, "epoch_s", "1e+15 s since 1970"), (-1e15, "epoch_s", "-1e+15 s since 1970"),
        (3.14159, "", "3.142"), (1, "rows", "1 rows"), (0.5, "characters", "0.5 characters"),
    ],
)  # fmt: skip
def test_a_quantity_reads_well(value: float | None, unit: str, text: str) -> None:
    assert quantity(value, unit) == text


@pytest.mark.parametrize(
    ("lower", "upper", "unit", "text"),
    [
        (None, None, "rows", "anything"), (-inf, inf, "rows", "anything"), (nan, 5, "rows", "at most 5 rows"),
        (5, None, "rows", "at least 5 rows"), (-3.0, 4.0, "", "-3 to 4"), (900, 961.2, "rows", "900–961 rows"),
        (0, 0.25, "rate", "0–25 %"), (0.01, 0.2, "s", "10 ms to 0.2 s"), (-1e300, 1e300, "", "-1e+300 to 1e+300"),
    ],
)  # fmt: skip
def test_a_range_says_its_unit_once(lower: float | None, upper: float | None, unit: str, text: str) -> None:
    assert span(lower, upper, unit) == text


def test_numbers_ages_and_counts() -> None:
    assert [number(x) for x in (0, -0.0, 999.95, 1000.4, -336776)] == ["0", "0", "1000", "1,000", "-336,776"]
    assert [age(x) for x in (0, 89.4, 90, 18000, 345600)] == ["0 s", "89 s", "2 min", "5 h", "4 days"]
    assert (count(1, "day"), count(2, "day"), count(2, "box", "boxes")) == ("1 day", "2 days", "2 boxes")
