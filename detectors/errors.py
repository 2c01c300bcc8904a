"""Everything that can go wrong in `detectors`.

DetectorError
├── HistoryError        (ValueError)   a series that cannot be read as a history
├── StateError          (ValueError)   saved state cannot be read back
├── ParameterError      (ValueError)   a detector was given a parameter outside its range
├── UnknownDetectorError (LookupError) no detector has that name
└── ConformanceError    (AssertionError) a detector breaks the law of `detectors.base`
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import ClassVar


class DetectorError(Exception):
    """Root of all errors of this package; `code` is stable and shared by API and CLI."""

    code: ClassVar[str] = "detector_error"


class HistoryError(DetectorError, ValueError):
    """A series is not a history: what is wrong, where, and what to do about it.

    Parameters
    ----------
    what: the fault, with its position.
    hint: what the caller can do.
    """

    code: ClassVar[str] = "history_invalid"

    def __init__(self, what: str, hint: str) -> None:
        self.what = what
        self.hint = hint
        super().__init__(f"not a history: {what}. Nothing was judged. {hint}")


class StateError(DetectorError, ValueError):
    """What a detector had learned cannot be saved or read back.

    Parameters
    ----------
    what: the reason.
    """

    code: ClassVar[str] = "detector_state_invalid"

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"not a saved state: {what}. Nothing was restored. Learn the state anew from the history.")


class ParameterError(DetectorError, ValueError):
    """A parameter of a detector, or `alpha`, is outside its range.

    Parameters
    ----------
    name: the parameter.
    value: what was given.
    allowed: the range in words.
    """

    code: ClassVar[str] = "detector_parameter_invalid"

    def __init__(self, name: str, value: object, allowed: str) -> None:
        self.name = name
        self.value = value
        self.allowed = allowed
        super().__init__(f"{name}={value!r} is not possible. Nothing was judged. Give {allowed}.")


class UnknownDetectorError(DetectorError, LookupError):
    """No detector has the name; the nearest names are given.

    Parameters
    ----------
    name: what was asked for.
    known: every registered name.
    """

    code: ClassVar[str] = "detector_unknown"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.nearest = tuple(get_close_matches(name, known, n=3, cutoff=0.4))
        near = self.nearest or tuple(sorted(known))
        super().__init__(f"no detector is called {name!r}. Nothing was judged. Use one of: {', '.join(near)}.")


class ConformanceError(DetectorError, AssertionError):
    """A detector breaks a law of the contract in `detectors.base`.

    Parameters
    ----------
    detector: its name.
    law: the broken law in words, with what was seen.
    """

    code: ClassVar[str] = "detector_nonconforming"

    def __init__(self, detector: str, law: str) -> None:
        self.detector = detector
        self.law = law
        super().__init__(f"detector {detector!r} breaks the contract: {law}. See detectors/base.py.")
