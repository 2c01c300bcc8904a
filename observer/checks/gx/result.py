"""What came of an expectation, from the library or from a scan, and what that means for the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from observer.checks.base import Check
from observer.checks.sentence import percent, shown
from observer.model import CheckOutcome, FailingRows
from orchestration.model import Scalar

EXAMPLES = 5
"""How many unexpected values are shown at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """An expectation's result; of one about single values or rows, ``unexpected`` says how many break it.

    ``rows`` are all that there are, ``observed`` is what one about the whole table or column has seen, ``missing`` are
    values that it wants and the column doesn't have.
    """

    success: bool
    rows: int | None = None
    unexpected: int | None = None
    observed: object = None
    examples: tuple[object, ...] = ()
    missing: tuple[object, ...] = ()


def of_library(result: Mapping[str, object]) -> Result:
    """What the library gave."""
    found = result.get("result")
    found = found if isinstance(found, Mapping) else {}
    rows = found.get("element_count")
    return Result(
        success=bool(result.get("success")),
        rows=rows if isinstance(rows, int) else None,
        # Of no rows a database counts null.
        unexpected=int(found["unexpected_count"] or 0) if "unexpected_count" in found else None,
        observed=found.get("observed_value"),
        examples=_several(found.get("partial_unexpected_list")),
        missing=_several(found.get("partial_missing_list")),
    )


def _several(found: object) -> tuple[object, ...]:
    return tuple(found[:EXAMPLES]) if isinstance(found, list) else ()


def sample_of(result: Mapping[str, object], columns: Sequence[str]) -> FailingRows | None:
    """The rows that the library found unexpected, by the columns that it was asked for."""
    found = result.get("result")
    rows = found.get("partial_unexpected_index_list") if isinstance(found, Mapping) else None
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        return None
    return FailingRows(tuple(columns), tuple(tuple(_plain(row.get(one)) for one in columns) for row in rows[:EXAMPLES]))


def outcome_of(check: Check, result: Result, note: str) -> CheckOutcome:
    """What a result means for the check; examples are given of what failed."""
    if result.unexpected is None:
        return _of_whole(check, result, note)
    bad, rows = result.unexpected, result.rows
    rate = bad / rows if rows else 0.0 if rows == 0 else float(bad)
    of = "" if rows is None else f" of {rows:,}"
    message = f"{check.name}: {bad:,}{of} values are unexpected"
    examples = [] if result.success else [one for one in result.examples if _plain(one) is not None]
    if bad:
        message += f" ({percent(rate)})" if rows else ""
        message += f", for example {_said(examples[0])}" if examples else ""
    message += _missing(result)
    evidence = {f"unexpected {i}": _plain(one) for i, one in enumerate(examples, start=1)}
    return check.outcome(
        result.success, message, observed=rate, failing_rows=bad, evidence=_with(note, evidence)
    )  # fmt: skip


def _of_whole(check: Check, result: Result, note: str) -> CheckOutcome:
    seen = result.observed
    if result.rows == 0 and not result.success and seen is None and not result.missing:
        return check.outcome(None, f"{check.name} could not be evaluated: no rows")
    observed = float(seen) if isinstance(seen, int | float) and not isinstance(seen, bool) else None
    message = f"{check.name}: observed {_said(seen)}" if seen is not None else f"{check.name}: nothing observed"
    message += _missing(result)
    evidence: dict[str, Scalar] = {} if seen is None else {"observed": _plain(seen)}
    return check.outcome(result.success, message, observed=observed, evidence=_with(note, evidence))


def _missing(result: Result) -> str:
    return f"; missing: {', '.join(map(_said, result.missing))}" if result.missing else ""


def _with(note: str, evidence: Mapping[str, Scalar]) -> dict[str, Scalar]:
    return {"note": note, **evidence} if note else dict(evidence)


def _said(value: object) -> str:
    """A value as the sentence shows it, or several: those of a row, or names."""
    if isinstance(value, Mapping):
        value = list(value.values())
    return ", ".join(map(_said, value)) if isinstance(value, list | tuple) else shown(_plain(value))


def _plain(value: object) -> Scalar:
    """A value as evidence; NaN is null."""
    if isinstance(value, Mapping | list | tuple):
        return _said(value)
    if value != value:
        return None
    return value if isinstance(value, str | int | float | bool | None) else shown(value)
