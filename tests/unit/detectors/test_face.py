from __future__ import annotations

import subprocess
import sys

import pytest

import detectors


def test_all_names_can_be_had_and_are_sorted() -> None:
    assert all(getattr(detectors, name) is not None for name in detectors.__all__)
    assert detectors.__all__ == sorted(detectors.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = detectors.nothing


@pytest.mark.parametrize("module", ["detectors", "detectors.model", "detectors.registry", "detectors.adaptive"])
def test_importing_stays_light(module: str) -> None:
    heavy = "{'numpy', 'scipy', 'statsmodels', 'pandas'}"
    code = f"import sys, {module}; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_errors_have_codes_of_their_own() -> None:
    family = [
        detectors.DetectorError,
        detectors.HistoryError,
        detectors.ParameterError,
        detectors.StateError,
        detectors.UnknownDetectorError,
        detectors.ConformanceError,
    ]
    assert len({error.code for error in family}) == len(family)
    assert all(issubclass(error, detectors.DetectorError) for error in family)
