import pytest

from dashboards.quantities import count, measured, quantity, span


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (None, "rate", "–"),
        (float("nan"), "rows", "–"),
        (float("inf"), "s", "–"),
        (0.0, "rate", "0 %"),
        (0.0048, "rate", "0.48 %"),
        (0.0511, "rate", "5.1 %"),
        (472 / 930, "rate", "50.8 %"),
        (1.0, "rate", "100 %"),
        (926, "rows", "926"),
        (3322, "rows", "3322"),
        (12_960, "rows", "12,960"),
        (336_776, "rows", "337 k"),
        (1_200_000, "rows", "1.2 M"),
        (0.0, "s", "0 s"),
        (0.0004, "s", "0.4 ms"),
        (0.312, "s", "312 ms"),
        (1.24, "s", "1.2 s"),
        (252, "s", "4 min 12 s"),
        (93_600, "s", "26 h"),
        (432_000, "s", "5 d"),
        (0, "bytes", "0 B"),
        (65_730, "bytes", "65.7 kB"),
        (4_820_000, "bytes", "4.8 MB"),
        (-14, "", "-14"),
        (0.0371, "", "0.0371"),
        (-0.001, "rate", "-0.1 %"),
    ],
)
def test_a_quantity_has_its_unit_and_sensible_digits(value: float | None, unit: str, said: str) -> None:
    assert quantity(value, unit).replace("\u00a0", " ") == said


def test_rows_are_named_where_they_stand_alone() -> None:
    assert measured(926, "rows") == "926\u00a0rows"
    assert measured(None, "rows") == "–"
    assert measured(0.5, "rate") == "50\u00a0%"


def test_a_range_says_a_shared_unit_once() -> None:
    assert span(0.0, 0.094, "rate") == "0–9.4\u00a0%"
    assert span(0.9, 1.2, "s") == "900\u00a0ms–1.2\u00a0s"
    assert span(690, None, "rows") == "690––"


def test_a_count_is_never_more_exact_than_it_is_useful() -> None:
    assert count(1335.94) == "1335.9"
    assert count(156.34) == "156.3"
    assert count(14.92) == "14.9"
