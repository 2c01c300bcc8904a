"""A restart changes no verdict: what was learned goes through JSON and goes on."""

from __future__ import annotations

import json

import pytest

from detectors import (
    Cadence,
    Detector,
    History,
    MetricKind,
    Point,
    State,
    StateError,
    detector,
    restore_state,
    save_state,
)
from detectors.registry import BUILT_IN, default_detectors
from detectors.saved import FORMAT
from detectors.testing import ALPHA, histories

MADE: list[Detector] = [
    *(member for kind in MetricKind for cadence in Cadence for member, _ in default_detectors(kind, cadence)),
    detector("threshold", lower=0.0, upper=100.0),
]


def test_every_built_in_detector_is_tried() -> None:
    assert {made.name for made in MADE} == set(BUILT_IN)


@pytest.mark.parametrize("made", MADE, ids=repr)
def test_a_restart_changes_no_verdict(made: Detector) -> None:
    for _, history in histories():
        middle = len(history) // 2
        state = made.learned(history.before(middle))
        back = restore_state(json.loads(json.dumps(save_state(state), allow_nan=False)))
        for point in history.points()[middle:]:
            assert back.judge(point, alpha=ALPHA) == state.judge(point, alpha=ALPHA)
            state.advance(point)
            back.advance(point)


def test_a_restored_state_is_its_own() -> None:
    made = detector("adaptive")
    state = made.learned(History.of(range(10), range(10)))
    before = save_state(state)
    restore_state(before).advance(Point(11.0, 1e6))
    assert save_state(state) == before


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"format": FORMAT - 1, "state": {"is": "StuckState"}},
        {"format": FORMAT, "state": {"is": "StuckState", "run": 1}},
        {"format": FORMAT, "state": {"is": "Popen"}},
        {"format": FORMAT, "state": [1.0]},
        {"format": FORMAT, "state": {"is": "Noise", "kind": "rows"}},
    ],
)
def test_what_is_no_saved_state_is_refused(data: dict) -> None:  # type: ignore[type-arg]
    with pytest.raises(StateError, match="Learn the state anew"):
        restore_state(data)


def test_a_state_of_somebody_elses_detector_is_refused() -> None:
    class Other(State):
        __slots__ = ()

        def judge(self, point: Point, *, alpha: float) -> None:  # type: ignore[override]
            raise AssertionError

        def advance(self, point: Point) -> None:
            raise AssertionError

    with pytest.raises(StateError, match="no part of a built-in"):
        save_state(Other())
