"""Numbers in the pages' tables and on the axes of plots."""

import pytest

from dashboards.figures.scale import scale
from observer.quantities import compact


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (None, "rate", "–"),
        (float("nan"), "rows", "–"),
        (float("inf"), "s", "–"),
        (0.0, "rate", "0 %"),
        (0.0048, "rate", "0.48 %"),
        (472 / 930, "rate", "50.8 %"),
        (1.0, "rate", "100 %"),
        (-0.001, "rate", "-0.1 %"),
        (926, "rows", "926"),
        (3322, "rows", "3,322"),
        (99_999, "rows", "99,999"),
        (99_999.7, "rows", "100 k"),
        (336_776, "rows", "337 k"),
        (1_200_000, "rows", "1.2 M"),
        (2_500_000_000, "rows", "2.5 G"),
        (0.312, "s", "0.31 s"),
        (1.24, "s", "1.2 s"),
        (93_600, "s", "26 h"),
        (65_730, "bytes", "65.7 kB"),
        (1_360_407_600, "epoch_s", "2013-02-09 11:00 UTC"),
        (-14, "", "-14"),
        (2013, "", "2013"),
        (12_960, "", "12,960"),
        (0.0371, "", "0.0371"),
        (1335.94, "", "1335.9"),
        (156.34, "", "156.3"),
        (14.92, "", "14.9"),
    ],
)
def test_a_cell_has_its_unit_sensible_digits_and_one_line(value: float | None, unit: str, said: str) -> None:
    assert " " not in compact(value, unit)
    assert compact(value, unit).replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("high", "unit", "labels"),
    [
        (0.5, "rate", ["0 %", "20 %", "40 %"]),
        (0.012, "rate", ["0 %", "0.5 %", "1.0 %"]),
        (0.05, "s", ["0 ms", "20 ms", "40 ms"]),
        (0.57, "s", ["0 s", "0.2 s", "0.4 s", "0.6 s"]),
        (11.0, "s", ["0 s", "2.5 s", "5.0 s", "7.5 s", "10.0 s"]),
        (600.0, "s", ["0 min", "2.5 min", "5.0 min", "7.5 min", "10.0 min"]),
        (1091, "rows", ["0", "250", "500", "750", "1,000"]),
        (336_776, "rows", ["0 k", "100 k", "200 k", "300 k"]),
        (34_700, "bytes", ["0 kB", "10 kB", "20 kB", "30 kB"]),
    ],
)
def test_an_axis_is_round_in_the_one_unit_that_it_names(high: float, unit: str, labels: list[str]) -> None:
    said = scale([0.0, high], unit).labels
    assert [label.replace("\u00a0", " ") for label in said] == labels
