"""The checks of one version: what they ask of the one scan, and what they say once it has answered."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from observer.checks.base import Check, CheckData, FusedCheck, LookingCheck
from observer.checks.unique import Unique
from observer.collectors.dialect import DUCKDB
from observer.collectors.patterns import NotPlain
from observer.collectors.relation import Relation
from observer.collectors.scan import Measured, scalar, scan
from observer.collectors.tabular import first_line
from observer.model import CheckOutcome, FailingRows, Way
from observer.privacy import Sensitive, unquoted
from orchestration.model import Scalar

_log = logging.getLogger("tidegate.checks")
_MAX_EVIDENCE = 20  # entries
_MAX_TEXT = 300  # characters of a message, a name or a text
_MAX_ROWS = 10  # of a sample
_MAX_CELL = 80  # characters of one of its texts
_MAX_COLUMNS = 12
_MAX_SAMPLES = 20  # of a version: each takes a statement


class Checking:
    """Checks beside the data of one version.

    Parameters
    ----------
    checks: with names of their own.
    relation: the data; None where it is no table, or could not be opened.
    problem: why it could not be opened.
    sensitive: the columns whose values are not to be kept.

    Attributes
    ----------
    expressions: what they ask of the scan, each aggregate once however many checks want it.
    """

    def __init__(
        self, checks: Sequence[Check], relation: Relation | None, problem: str | None, sensitive: Sensitive
    ) -> None:
        self._checks, self._relation, self._problem, self._sensitive = checks, relation, problem, sensitive
        self._untold: dict[int, CheckOutcome] = {}
        self._wanted: dict[int, list[int | Measured]] = {}
        self._elsewhere: list[int] = []
        self._samples = 0
        self._key: tuple[str, ...] = next((one.columns for one in checks if isinstance(one, Unique)), ())
        places: dict[str, int] = {}
        fused = [(at, check) for at, check in enumerate(checks) if isinstance(check, FusedCheck)]
        for at, check in sorted(fused, key=lambda one: not one[1].is_dear):
            self._ask(at, check, places)
        self.expressions = tuple(places)

    def _ask(self, at: int, check: FusedCheck, places: dict[str, int]) -> None:
        if self._relation is None:
            self._untold[at] = unknown(check, self._problem or "the data is no table")
            return
        if self._relation.dialect is not DUCKDB and not check.is_portable:
            self._elsewhere.append(at)
            return
        try:
            wanted = list(check.expressions(self._relation))
        except NotPlain:
            self._elsewhere.append(at)
        except Exception as error:
            self._untold[at] = unknown(check, first_line(error))
        else:
            self._wanted[at] = [
                Measured(one) if isinstance(one, int) else places.setdefault(one, len(places)) for one in wanted
            ]

    def outcomes(self, values: Sequence[Measured], data: CheckData) -> list[CheckOutcome]:
        """What each check says, in their order, from the values of ``expressions``."""
        names = () if self._relation is None else tuple(column.name for column in self._relation.schema.columns)
        return [
            self._sensitive.outcome(check, _bounded(self._outcome(at, check, values, data)), names)
            for at, check in enumerate(self._checks)
        ]

    def _outcome(self, at: int, check: Check, values: Sequence[Measured], data: CheckData) -> CheckOutcome:
        if at in self._untold:
            return self._untold[at]
        if not isinstance(check, FusedCheck):
            return self._looked(check, data)
        assert self._relation is not None
        if at in self._elsewhere:
            if isinstance(check, LookingCheck):
                return self._looked(check, data)
            return replace(self._fetched(check, self._relation), way=Way.FETCHED)
        own = [one if isinstance(one, Measured) else values[one] for one in self._wanted[at]]
        try:
            found = self._judged(check, self._relation, own)
        except NotPlain:  # the scan's numbers don't tell it
            return self._looked(check, data)
        return found if found.way is not None else replace(found, way=Way.SCAN)

    def _fetched(self, check: FusedCheck, relation: Relation) -> CheckOutcome:
        """A fused check over data that has to be fetched for it."""
        try:
            local = relation.fetched()
            wanted = check.expressions(local)
            answers = iter(scan(local, [[one for one in wanted if isinstance(one, str)]])[0])
            values = [next(answers) if isinstance(one, str) else Measured(one) for one in wanted]
        except Exception as error:
            return unknown(check, first_line(error))
        return self._judged(check, local, values)

    def _judged(self, check: FusedCheck, relation: Relation, values: Sequence[Measured]) -> CheckOutcome:
        for measured in values:
            if measured.reason is not None:
                if isinstance(check, LookingCheck):
                    raise NotPlain(measured.reason)
                return unknown(check, measured.reason)
        plain = [measured.value for measured in values]
        try:
            outcome = check.judge(plain)
        except Exception as error:
            if isinstance(error, NotPlain) and isinstance(check, LookingCheck):
                raise
            return unknown(check, f"{type(error).__name__}: {first_line(error)}")
        if outcome.passed is True:
            return outcome
        try:
            outcome = check.closer(relation, plain, outcome)
        except Exception as error:
            if outcome.passed is None:
                return unknown(check, relation.explain(error))
            _log.info("%s: no examples were taken: %s", check.name, unquoted(relation.explain(error), ()))
        return self._with_sample(check, relation, outcome)

    def _with_sample(self, check: FusedCheck, relation: Relation, outcome: CheckOutcome) -> CheckOutcome:
        """The outcome with some of the rows that break the check, where single rows do and may be shown."""
        shows = check.shows()
        hidden = bool(self._sensitive) and (shows is None or any(self._sensitive.covers(name) for name in shows))
        if outcome.passed is not False or outcome.sample is not None or hidden or self._samples >= _MAX_SAMPLES:
            return outcome
        self._samples += 1
        try:
            condition = check.failing(relation, outcome.columns)
            return outcome if condition is None else replace(outcome, sample=self._sample(check, relation, condition))
        except Exception as error:
            _log.info("%s: no rows were taken: %s", check.name, unquoted(relation.explain(error), ()))
            return outcome

    def _sample(self, check: FusedCheck, relation: Relation, condition: str) -> FailingRows:
        there = {field.name for field in relation.fields}
        names = [name for name in dict.fromkeys((*self._key, *check.concerns())) if name in there]
        fields = [relation.field(name) for name in names if not self._sensitive.covers(name)]
        rows = relation.select([relation.shown(field) for field in fields], f"WHERE {condition} LIMIT {_MAX_ROWS}")
        return FailingRows(
            tuple(field.name for field in fields), tuple(tuple(scalar(value) for value in row) for row in rows)
        )

    def _looked(self, check: Check, data: CheckData) -> CheckOutcome:
        if not isinstance(check, LookingCheck):
            return unknown(check, f"a {type(check).__name__} is neither a FusedCheck nor a LookingCheck")
        if self._problem is not None:
            return unknown(check, self._problem)
        if check.needs_table and not data.is_table:
            return unknown(check, f"the data is no table but a {type(data.value).__name__}")
        try:
            outcome: object = check.run(data)
        except Exception as error:
            return unknown(check, data.where_it_lies().explain(error) if data.is_table else first_line(error))
        if not isinstance(outcome, CheckOutcome):
            return unknown(check, f"its run returned a {type(outcome).__name__}, not a CheckOutcome")
        return outcome if outcome.way is not None else replace(outcome, way=check.way)


def unknown(check: Check, reason: str) -> CheckOutcome:
    """The outcome of a check that could not be evaluated, and why."""
    return check.outcome(None, f"{check.name} could not be evaluated: {reason}")


def _bounded(outcome: CheckOutcome) -> CheckOutcome:
    """Keep an outcome small and plain, whatever a user's check put in."""
    observed = outcome.observed
    if observed is not None and not math.isfinite(observed):
        observed = None
    return replace(
        outcome,
        message=_short(str(outcome.message)),
        observed=observed,
        evidence=_evidence(outcome.evidence),
        sample=None if outcome.sample is None else _bounded_rows(outcome.sample),
    )


def _bounded_rows(sample: FailingRows) -> FailingRows | None:
    columns = tuple(_short(str(name), _MAX_CELL) for name in sample.columns[:_MAX_COLUMNS])
    rows = tuple(tuple(_scalar(value, _MAX_CELL) for value in row[: len(columns)]) for row in sample.rows[:_MAX_ROWS])
    return FailingRows(columns, rows) if columns and rows else None


def _evidence(evidence: Mapping[str, Scalar]) -> dict[str, Scalar]:
    return {_short(str(name)): _scalar(value) for name, value in list(evidence.items())[:_MAX_EVIDENCE]}


def _scalar(value: object, length: int = _MAX_TEXT) -> Scalar:
    item = getattr(value, "item", None)
    if callable(item) and not isinstance(value, str | int | float) and getattr(value, "ndim", 0) == 0:
        value = item()  # numpy's scalars
    if isinstance(value, bool | None):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    return _short(str(value), length)


def _short(text: str, length: int = _MAX_TEXT) -> str:
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= length else clean[: length - 1] + "…"
