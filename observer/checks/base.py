"""The port of a check: read this file and you can write one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from observer.checks.data import CheckData
from observer.collectors.relation import Relation
from observer.errors import CheckError
from observer.model import CheckOutcome, FailingRows, Severity, Way
from orchestration.model import AssetKey, Scalar

__all__ = [
    "Check",
    "CheckData",
    "FusedCheck",
    "LookingCheck",
    "columns_of",
    "ensure_unique_names",
    "name_of",
    "others_of",
]


@dataclass(frozen=True, kw_only=True)
class Check(ABC):
    """Something that must hold of one version of an asset; either a ``FusedCheck`` or a ``LookingCheck``.

    The law:

    1. *Pure.* It looks and changes nothing; the same data gives the same outcome. It may be shared between
       threads and pickles, since versions may be audited in another process.
    2. *Three answers.* ``passed`` is True, False, or None where it could not be told; an exception counts
       as None, with its message, and never as a pass or a failure. One check's exception leaves the others
       alone.
    3. *No rows, no complaint.* On a table without rows a check of values passes and says so: whether a
       table may be empty is asked by ``row_count``.
    4. *One sentence.* ``message`` is read by a person at night: what, how many of how many, one example.
    5. *Bounded.* Evidence is a few scalars, never rows without end.

    Parameters
    ----------
    name: unique on its asset and stable, since history goes by it; it holds no thresholds.
    severity: ``warn`` tells people, ``error`` also holds the version.
    """

    name: str
    severity: Severity

    def shows(self) -> tuple[str, ...] | None:
        """Return the columns whose values its message and evidence may show; None: it may show any."""
        return None

    def concerns(self) -> tuple[str, ...]:
        """Return the columns that a fault it finds lies in; none: the whole table's, or it can't be told."""
        return ()

    @property
    def needs_observations(self) -> bool:
        """Whether it judges what was measured, so that the version has to be measured for it."""
        return False

    def compares(self) -> tuple[AssetKey, ...]:
        """Return the other assets that it compares the data with, beside the asset's own."""
        return ()

    def on(self, asset: AssetKey) -> Check:
        """Return the check as one of an asset."""
        return self

    def as_of(self, since: datetime | None, until: datetime) -> Check:
        """Return the check for one version: of data from ``since`` (its partition's start; None: no time) to ``until``.

        ``until`` is when the version was made, or its partition's end where that is earlier.
        """
        return self

    def outcome(
        self,
        passed: bool | None,
        message: str,
        *,
        severity: Severity | None = None,
        observed: float | None = None,
        failing_rows: int | None = None,
        evidence: Mapping[str, Scalar] | None = None,
        sample: FailingRows | None = None,
    ) -> CheckOutcome:
        """Return what this check saw; ``severity``: how bad that is, where it isn't as bad as can be."""
        return CheckOutcome(
            check=self.name,
            severity=severity or self.severity,
            passed=passed,
            message=message,
            observed=observed,
            failing_rows=failing_rows,
            evidence=dict(evidence or {}),
            columns=self.concerns(),
            sample=sample,
        )


@dataclass(frozen=True, kw_only=True)
class FusedCheck(Check):
    """A check whose numbers come from the collector's own scan, at next to no cost.

    One that is a ``LookingCheck`` too is run as such where ``expressions`` or ``judge`` raises NotPlain.
    """

    is_portable: ClassVar[bool] = False
    """Whether ``expressions`` are spelled by ``relation.dialect``, so that they can run in whichever database the data
    lies in. Those of any other check are DuckDB's, and the data is fetched for them."""

    is_dear: ClassVar[bool] = False
    """Whether a look at a text costs so much that the different ones are found first. Such checks are asked before
    others, which use what was found for them."""

    @abstractmethod
    def expressions(self, relation: Relation) -> Sequence[str | int]:
        """Return the SQL aggregates that it needs, over the aliases ``relation.field(name).sql``.

        A number stands for itself: what ``relation`` knows needs no asking.

        Raises
        ------
        LookupError (UnknownName): a column isn't there; the check's outcome is then unknown.
        NotPlain: this engine can't tell it exactly; the data is fetched, and DuckDB asked.
        """

    @abstractmethod
    def judge(self, values: Sequence[Scalar]) -> CheckOutcome:
        """Return the outcome from the values of ``expressions``, in their order; all of them have one."""

    def closer(self, relation: Relation, values: Sequence[Scalar], outcome: CheckOutcome) -> CheckOutcome:
        """Return what a second look says, which is taken only where ``judge`` found it broken.

        Examples are asked for here, so that what passes costs nothing but its count. It may also find that nothing
        is broken, where the scan only told that something may be.
        """
        return outcome

    def failing(self, relation: Relation, columns: Sequence[str] = ()) -> str | None:
        """Return the SQL condition of the rows that break it, over the aliases; None where no single row does.

        ``columns``: those of its outcome, of a check of several that only some of them break.
        """
        return None


@dataclass(frozen=True, kw_only=True)
class LookingCheck(Check):
    """A check that looks at the data itself."""

    way: ClassVar[Way] = Way.SQL
    """How it runs."""

    needs_table: ClassVar[bool] = True
    """Whether data without rows and columns (a model, a text) makes it unknown without being run."""

    @abstractmethod
    def run(self, data: CheckData) -> CheckOutcome:
        """Look and tell; whatever it raises becomes unknown."""


def columns_of(columns: Sequence[object], where: str) -> tuple[str, ...]:
    """Return declared column names.

    Raises
    ------
    CheckError: there are none, one is no text, or one is there twice.
    """
    if not columns:
        raise CheckError(f"{where} names no column; write {where}('a_column')")
    for column in columns:
        if not isinstance(column, str) or not column:
            raise CheckError(f"{where}: {column!r} is no column name; write each as a text, {where}('a', 'b')")
    if len(set(columns)) < len(columns):
        raise CheckError(f"{where}({', '.join(map(str, columns))}) names a column twice; write each once")
    return tuple(map(str, columns))


def name_of(given: str | None, default: str) -> str:
    """Return the name of a check.

    Raises
    ------
    CheckError: the one that is given is no text, or empty.
    """
    if given is None:
        return default
    if not isinstance(given, str) or not given.strip():
        raise CheckError(f"{default}: name is {given!r}; write a text, or leave it out")
    return given


def ensure_unique_names(checks: Iterable[Check], where: str) -> None:
    """Refuse two checks of one name on one asset, since their histories could not be told apart.

    Raises
    ------
    CheckError: two have one name.
    """
    seen: set[str] = set()
    for one in checks:
        if one.name in seen:
            raise CheckError(f"{where} has two checks called {one.name!r}; give one of them a name='...' of its own")
        seen.add(one.name)


def others_of(checks: Iterable[Check]) -> tuple[AssetKey, ...]:
    """The other assets that checks compare the data with, each once."""
    return tuple(dict.fromkeys(other for one in checks for other in one.compares()))
