from __future__ import annotations

import pytest

from detectors import (
    Cadence,
    MetricKind,
    ParameterError,
    Threshold,
    UnknownDetectorError,
    default_detector,
    default_detectors,
    detector,
)
from detectors.registry import DEFAULT_TABLE, MINUTELY_TABLE, names


@pytest.mark.parametrize("kind", list(MetricKind))
@pytest.mark.parametrize("cadence", list(Cadence))
def test_every_kind_and_cadence_has_a_detector(kind: MetricKind, cadence: Cadence) -> None:
    table = default_detectors(kind, cadence)
    usual = "episodic" if cadence is Cadence.MINUTELY else "adaptive"
    level = {MetricKind.ARRIVAL: "arrival", MetricKind.EFFECT: "effect"}.get(kind, usual)
    assert table[0][0].name == default_detector(kind, cadence).name == level
    assert sum(share for _, share in table) == pytest.approx(1.0)


def test_the_default_table_names_what_exists() -> None:
    assert set(DEFAULT_TABLE) == set(MetricKind)
    assert {name for row in (*DEFAULT_TABLE.values(), MINUTELY_TABLE) for name, _ in row} <= set(names())


def test_a_detector_by_name() -> None:
    made = detector("threshold", lower=1.0)
    assert isinstance(made, Threshold)
    assert made.lower == 1.0


def test_an_unknown_name_gives_the_nearest() -> None:
    with pytest.raises(UnknownDetectorError, match="adaptive") as caught:
        detector("adaptiv")
    assert caught.value.nearest[0] == "adaptive"
    assert caught.value.code == "detector_unknown"
    assert isinstance(caught.value, LookupError)


@pytest.mark.parametrize("bounds", [{}, {"lower": 2.0, "upper": 1.0}, {"lower": float("nan")}, {"upper": float("inf")}])
def test_impossible_bounds_are_refused(bounds: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        detector("threshold", **bounds)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ParameterError, match="kind"):
        detector("adaptive", kind="colour")
