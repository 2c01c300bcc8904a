"""``expect``: an expectation of Great Expectations, run by the library itself."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from observer.checks.base import CheckData, LookingCheck, name_of
from observer.checks.sentence import percent, shown
from observer.checks.thresholds import severity_of
from observer.collectors.tabular import first_line
from observer.errors import CheckError, UnknownName
from observer.model import CheckOutcome, Severity, Way
from orchestration.model import Scalar

if TYPE_CHECKING:
    import pandas as pd

_ONE_AT_A_TIME = threading.Lock()  # the library's context is one for the process
_context: list[Any] = []


@dataclass(frozen=True, kw_only=True)
class ExpectationCheck(LookingCheck):
    """Made by ``expect``; ``observed`` is the library's observed value, or its share of unexpected values."""

    way: ClassVar[Way] = Way.LIBRARY

    expectation: str
    arguments: tuple[tuple[str, object], ...]

    def run(self, data: CheckData) -> CheckOutcome:
        relation = data.table()
        for key, value in self.arguments:
            for column in _columns_in(key, value):
                relation.field(column)
        frame = data.pandas()
        with _ONE_AT_A_TIME:
            made = _made(self.expectation, dict(self.arguments))
            result = _validated(made, frame).to_json_dict()
        return self._judge(result, rows=len(frame))

    def _judge(self, result: Mapping[str, Any], *, rows: int) -> CheckOutcome:
        raised = _raised(result.get("exception_info") or {})
        if raised is not None:
            return self.outcome(None, f"{self.name} could not be evaluated: {raised}")
        found: Mapping[str, Any] = result.get("result") or {}
        passed = bool(result.get("success"))
        seen = found.get("observed_value")
        if rows == 0 and not passed and seen is None:
            return self.outcome(None, f"{self.name} could not be evaluated: no rows")
        observed = float(seen) if isinstance(seen, int | float) and not isinstance(seen, bool) else None
        if "unexpected_count" not in found:
            message = f"{self.name}: observed {shown(seen)}" if seen is not None else f"{self.name}: nothing observed"
            return self.outcome(passed, message, observed=observed, evidence={"observed": _plain(seen)})
        bad, total = int(found["unexpected_count"] or 0), int(found.get("element_count") or rows)
        rate = bad / total if total else 0.0
        message = f"{self.name}: {bad:,} of {total:,} values are unexpected"
        examples: Sequence[object] = (found.get("partial_unexpected_list") or [])[:5]
        evidence: dict[str, Scalar] = {f"unexpected {i}": _plain(value) for i, value in enumerate(examples, start=1)}
        if bad:
            message += f" ({percent(rate)})" + (f", for example {shown(_plain(examples[0]))}" if examples else "")
        return self.outcome(passed, message, observed=rate, failing_rows=bad, evidence=evidence)


def expect(
    expectation: str, *, severity: Severity | str = "error", name: str | None = None, **arguments: object
) -> ExpectationCheck:
    """Declare an expectation of Great Expectations; the library is loaded when the check runs, not before.

    An exception in the library is unknown, never a failure. On a table without rows the library decides;
    what it then can't observe (a mean, a maximum) is unknown. A name or an argument that the library
    doesn't have is unknown too, with the nearest names.

    Parameters
    ----------
    expectation: the name of the class, such as "ExpectColumnValuesToBeBetween".
    severity: ``error`` holds the version, ``warn`` tells people.
    name: where the default, ``Expect...(column)``, isn't unique on the asset.
    arguments: the expectation's own, such as ``column=`` and ``mostly=``.

    Raises
    ------
    CheckError: the name is no name of an expectation.

    Examples
    --------
    >>> expect("ExpectColumnValuesToBeBetween", column="sched_dep_time", min_value=0, max_value=2400).name
    'ExpectColumnValuesToBeBetween(sched_dep_time)'
    """
    if not isinstance(expectation, str) or not expectation.isidentifier() or not expectation.startswith("Expect"):
        raise CheckError(
            f"expect({expectation!r}) names no expectation; write the class's name, such as "
            "'ExpectColumnValuesToBeBetween'"
        )
    columns = [column for key, value in arguments.items() for column in _columns_in(key, value)]
    title = f"{expectation}({', '.join(columns)})" if columns else expectation
    return ExpectationCheck(
        name=name_of(name, title),
        severity=severity_of(severity, title),
        expectation=expectation,
        arguments=tuple(arguments.items()),
    )


def _columns_in(key: str, value: object) -> list[str]:
    """Return the columns of the data that an argument names."""
    if key in {"column", "column_A", "column_B"} and isinstance(value, str):
        return [value]
    if key == "column_list" and isinstance(value, list | tuple):
        return [column for column in value if isinstance(column, str)]
    return []


def _made(expectation: str, arguments: dict[str, object]) -> Any:
    import great_expectations.expectations as library

    kind = getattr(library, expectation, None)
    if kind is None:
        known = [name for name in dir(library) if name.startswith("Expect") and name != "Expectation"]
        raise UnknownName("expectation", expectation, known)
    try:
        return kind(**arguments)
    except ValueError as error:  # pydantic's says one argument a pair of lines
        lines = [line.strip() for line in str(error).splitlines()[1:]]
        raise CheckError(
            f"{expectation} was given wrong arguments: {' '.join(lines[:6]) or first_line(error)}"
        ) from error


def _validated(expectation: Any, frame: pd.DataFrame) -> Any:
    import great_expectations

    if not _context:
        context: Any = great_expectations.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        asset = context.data_sources.add_pandas("tidegate").add_dataframe_asset("version")
        _context.append(asset.add_batch_definition_whole_dataframe("whole"))
    batch = _context[0].get_batch({"dataframe": frame})
    return batch.validate(expectation, result_format={"result_format": "SUMMARY", "partial_unexpected_count": 5})


def _raised(info: Mapping[str, Any]) -> str | None:
    """Return the message of an exception, from either of the two shapes that the library gives."""
    for one in (info, *info.values()):
        if isinstance(one, Mapping) and one.get("raised_exception"):
            return str(one.get("exception_message") or "the library raised an exception").splitlines()[0]
    return None


def _plain(value: object) -> Scalar:
    return value if isinstance(value, str | int | float | bool | None) else shown(value)
