"""Failing rows: a few of them with the asset's key, counted all; nothing of sensitive columns."""

from __future__ import annotations

import pandas as pd

from observer.checks import accepted_values, in_range, increasing, not_null, unique
from observer.model import FailingRows, ProfilePolicy
from tests.support.checked import outcome, outcomes

FRAME = pd.DataFrame(
    {"id": range(40), "x": [1.0, 99.0, None, 4.0] * 10, "email": [f"p{n}@example.com" for n in range(40)]}
)


def test_failing_rows_are_shown_with_the_key_of_the_asset() -> None:
    _, found = outcomes([unique("id"), in_range("x", 0, 10)], FRAME)
    assert found.failing_rows == 10
    assert found.sample == FailingRows(("id", "x"), tuple((n, 99.0) for n in range(1, 41, 4)))
    _, found = outcomes([unique("id"), not_null("x")], FRAME[:4])
    assert found.sample == FailingRows(("id", "x"), ((2, None),))


def test_of_several_columns_only_those_rows_are_shown_that_break_it() -> None:
    frame = pd.DataFrame({"id": [1, 2, 3], "a": [None, 1, 1], "b": [1, None, None]})
    found = outcome(not_null("a", "b", error_above=1), frame)
    assert found.columns == ("b",)
    assert found.sample is not None
    assert [row[found.sample.columns.index("b")] for row in found.sample.rows] == [None, None]


def test_there_are_at_most_ten() -> None:
    found = outcome(accepted_values("email", ["x"]), FRAME)
    assert found.failing_rows == 40
    assert found.sample is not None
    assert len(found.sample.rows) == 10


def test_repeated_keys_are_shown_with_their_rows() -> None:
    frame = pd.DataFrame({"a": [1, 1, 1, 2, 3, 3], "b": ["x", "x", "x", "y", "z", "z"]})
    assert outcome(unique("a", "b"), frame).sample == FailingRows(("a", "b", "rows"), ((1, "x", 3), (3, "z", 2)))


def test_what_passes_shows_nothing() -> None:
    assert outcome(in_range("x", 0, 100), FRAME).sample is None
    assert outcome(in_range("x", 0, 10, error_above=20), FRAME).sample is None


def test_sensitive_columns_are_never_among_them() -> None:
    policy = ProfilePolicy(sensitive=("Email",))
    _, found = outcomes([unique("email", "id"), in_range("x", 0, 10)], FRAME, policy)
    assert found.sample is not None
    assert found.sample.columns == ("id", "x")
    found = outcome(accepted_values("email", ["x"]), FRAME, policy)
    assert found.sample is None
    assert "p0@" not in repr(found)
    everything = outcomes([unique("id"), in_range("x", 0, 10)], FRAME, ProfilePolicy(sensitive=("*",)))
    assert everything[1].sample is None
    falls = outcome(increasing("x", order_by="id"), FRAME, ProfilePolicy(sensitive=("x",)))
    assert (falls.passed, falls.sample) == (False, None)
