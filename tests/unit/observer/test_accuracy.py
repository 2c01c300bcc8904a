"""How near to the truth a number is goes with it into the store and back."""

import numpy as np
import pandas as pd
import pytest

import observer as ob
from observer.accuracy import in_words, read, stored
from observer.collectors.compiled import SAMPLE_ROWS
from observer.errors import CheckError
from observer.model import EXACT, Accuracy, AccuracyKind, ProfilePolicy

ROWS = 2 * SAMPLE_ROWS


def frame() -> pd.DataFrame:
    return pd.DataFrame({"x": np.random.default_rng(1).permutation(ROWS)})


def accuracies(profile: ProfilePolicy) -> dict[str, Accuracy]:
    @ob.asset(profile=profile)
    def big() -> pd.DataFrame:
        return frame()

    made = ob.materialize([big])["big"]
    assert made.outcome == "published"
    return {one.metric: one.accuracy for one in made.observations if one.column == "x"}


def test_a_big_table_says_what_is_approximate_and_what_of_a_sample() -> None:
    found = accuracies(ob.ProfilePolicy())
    assert found["distinct_count"] == Accuracy(AccuracyKind.APPROXIMATE, 0.033)
    assert found["median"] == found["q25"] == Accuracy(AccuracyKind.SAMPLED, 0.5)
    assert found["mean"] == found["null_rate"] == EXACT


def test_exactness_can_be_asked_for() -> None:
    assert set(accuracies(ob.ProfilePolicy(exact=True)).values()) == {EXACT}


def test_a_profile_is_a_policy() -> None:
    with pytest.raises(CheckError, match=r"profile= takes ob\.ProfilePolicy"):
        ob.asset(profile="exact")  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("accuracy", "words"),
    [
        (EXACT, ""),
        (Accuracy(AccuracyKind.APPROXIMATE, 0.0163), "approximate, to about 1.6 %"),
        (Accuracy(AccuracyKind.SAMPLED, 0.005), "of a 0.5 % sample"),
    ],
)
def test_what_is_stored_is_read_and_said(accuracy: Accuracy, words: str) -> None:
    assert read(stored(accuracy)) == accuracy
    assert in_words(accuracy) == words
