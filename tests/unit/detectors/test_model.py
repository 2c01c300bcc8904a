from __future__ import annotations

import numpy as np
import pytest

from detectors import History, HistoryError, Point


def test_a_history_owns_its_arrays_and_they_cannot_be_written() -> None:
    value = np.array([1.0, 2.0])
    history = History.of([0, 1], value)
    value[0] = 9.0
    assert history.value[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        history.value[0] = 5.0


def test_none_is_missing() -> None:
    history = History.of([0, 1], [None, 2], exposure=[10, None])
    assert np.isnan(history.value[0])
    assert [point.exposure for point in history.points()] == [10.0, None]
    assert history.points()[1] == Point(1.0, 2.0)


@pytest.mark.parametrize(
    ("at", "value", "says"),
    [
        ([0, 1, 1], [1, 2, 3], r"at\[2\]=1 does not come after 1"),
        ([0, 2, 1], [1, 2, 3], r"at\[2\]=1 does not come after 2"),
        ([0, np.nan], [1, 2], r"at\[1\] is nan"),
        ([0, 1], [1], r"`value` has shape \(1,\), `at` has 2 points"),
        ([0], ["many"], "an entry is no number"),
    ],
)
def test_what_is_no_history_says_where_and_what_to_do(at: list[float], value: list[float], says: str) -> None:
    with pytest.raises(HistoryError, match=says) as caught:
        History.of(at, value)
    assert caught.value.code == "history_invalid"
    assert caught.value.hint
    assert "Nothing was judged" in str(caught.value)


def test_other_fields_are_checked_too() -> None:
    with pytest.raises(HistoryError, match="`exposure`"):
        History.of([0, 1], [1, 2], exposure=[1])
    with pytest.raises(HistoryError, match="`excluded`"):
        History.of([0, 1], [1, 2], excluded=[True])
    with pytest.raises(HistoryError, match="utc_offset_s"):
        History.of([0, 1], [1, 2], utc_offset_s=float("nan"))
