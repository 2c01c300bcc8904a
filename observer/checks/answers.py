"""What a check's own code answered, as an outcome: a truth, a number, rows that break it, or a whole result."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from observer.checks.base import Check
from observer.checks.bounds import Bounds
from observer.checks.sentence import shown
from observer.collectors.tabular import first_line, is_arrow, is_frame, is_polars
from observer.model import CheckOutcome, FailingRows, Severity
from orchestration.model import Scalar

_SHOWN = 10  # rows


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a function says of the data.

    Parameters
    ----------
    passed: True, False, or None where it can't be told.
    message: one sentence for people.
    observed: the number behind it, kept as history.
    evidence: a few texts and numbers that show it.
    severity: how bad it is that it failed, where that isn't the check's own: ``warn`` or ``error``.
    failing_rows: how many rows break it.
    """

    passed: bool | None
    message: str = ""
    observed: float | None = None
    evidence: Mapping[str, Scalar] = field(default_factory=dict)
    severity: Severity | str | None = None
    failing_rows: int | None = None


def outcome_of(check: Check, answer: object, bounds: Bounds, total: int | None) -> CheckOutcome:
    """The outcome of an answer; ``total`` is how many rows were looked at, where that is known."""
    if isinstance(answer, CheckResult):
        return _of_result(check, answer)
    truth = _truth(answer)
    if truth is not None:
        return check.outcome(truth, f"{check.name} {'passed' if truth else 'failed'}")
    if (rows := _rows(answer)) is not None:
        return of_rows(check, *rows, bounds, total)
    number = _number(answer)
    if number is not None:
        return of_number(check, number, bounds)
    if answer is None:
        said = "returned nothing; return True, False, a number, the rows that break it or a CheckResult"
        return check.outcome(None, f"{check.name} {said}")
    kind = type(answer).__name__
    hint = "; write .all() behind it" if kind in {"Series", "ndarray"} else ""
    said = f"returned a {kind}{hint}; return True, False, a number, the rows that break it or a CheckResult"
    return check.outcome(None, f"{check.name} {said}")


def of_number(check: Check, value: float, bounds: Bounds) -> CheckOutcome:
    """The outcome of a number."""
    if not bounds.judges_numbers:
        said = f"gave the number {shown(value)}, and nothing says which is good; give it min_value=, max_value=, "
        return check.outcome(None, f"{check.name} {said}warn_above= or error_above=")
    if not math.isfinite(value):
        return check.outcome(None, f"{check.name} gave {value}, which is no number to judge")
    broken = bounds.number(value)
    message = f"{check.name} is {shown(value)}; it must be {bounds.said()}"
    return check.outcome(broken is None, message, severity=broken, observed=value)


def of_rows(
    check: Check, names: Sequence[str], some: Sequence[Sequence[object]], bad: int, bounds: Bounds, total: int | None
) -> CheckOutcome:
    """The outcome of rows that break a check: ``bad`` of them, ``some`` as examples."""
    try:
        broken = bounds.rows(bad, total)
    except LookupError as error:
        return check.outcome(None, f"{check.name} could not be evaluated: {error}")
    of = "" if total is None else f" of {total:,}"
    message = f"{bad:,}{of} rows break {check.name}{bounds.rows_said()}" if bad else f"no row breaks {check.name}"
    cells = tuple(tuple(_cell(value) for value in row) for row in some[:_SHOWN])
    sample = FailingRows(tuple(names), cells) if cells and names else None
    return check.outcome(
        broken is None, message, severity=broken, observed=float(bad), failing_rows=bad, sample=sample
    )  # fmt: skip


def _of_result(check: Check, answer: CheckResult) -> CheckOutcome:
    truth = _truth(answer.passed)
    if truth is None and answer.passed is not None:
        said = f"{check.name} returned a CheckResult whose passed is a {type(answer.passed).__name__}"
        return check.outcome(None, f"{said}; write True, False or None")
    try:
        observed = None if answer.observed is None else float(answer.observed)
        evidence = dict(answer.evidence)
        severity = None if answer.severity is None else Severity(answer.severity)
        failing = None if answer.failing_rows is None else int(answer.failing_rows)
    except (TypeError, ValueError) as error:
        return check.outcome(None, f"{check.name} returned a CheckResult that can't be read: {first_line(error)}")
    said = {True: "passed", False: "failed", None: "said that it can't tell"}[truth]
    return check.outcome(
        truth, answer.message or f"{check.name} {said}", severity=None if truth is not False else severity,
        observed=observed, failing_rows=failing, evidence=evidence,
    )  # fmt: skip


def _truth(answer: object) -> bool | None:
    """A truth of Python's or numpy's; None: it is none."""
    return bool(answer) if type(answer).__name__ in {"bool", "bool_"} else None


def _number(answer: object) -> float | None:
    if isinstance(answer, int | float):
        return float(answer)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(answer, numpy.integer | numpy.floating):
        return float(answer)
    return None


def _rows(answer: Any) -> tuple[Sequence[str], Sequence[Sequence[object]], int] | None:
    """The columns of a frame, some of its rows and how many there are; None: it is no frame."""
    if is_frame(answer):
        few = answer.head(_SHOWN)
        return [str(name) for name in few.columns], list(few.itertuples(index=False, name=None)), len(answer)
    if is_polars(answer):
        return answer.columns, answer.head(_SHOWN).rows(), answer.height
    if is_arrow(answer):
        few = answer.slice(0, _SHOWN).to_pydict()
        return answer.column_names, list(zip(*few.values(), strict=True)), answer.num_rows
    return None


def _cell(value: object) -> Scalar:
    """A value as it is kept: what stands for a missing one is none."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"} or value != value:
        return None
    item = getattr(value, "item", None)
    plain = item() if callable(item) and getattr(value, "ndim", 1) == 0 else value
    return plain if isinstance(plain, str | int | float | bool) else str(plain)
