"""The wire form of reports: a batch is three flat lists, of which the last two name what they are about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Self

from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from observer.api.texts import Name, Storable, Words
from observer.errors import ReportError
from observer.measured_late import KeptLate, Late
from observer.metrics import ARRIVAL, EFFECTS, SCHEMA
from observer.model import CheckOutcome, Column, Observation, Schema, Severity
from observer.reported import Report
from observer.reported import TakenIn as Became
from orchestration.model import AssetKey, Materialization, Scalar

_EPOCH, _END = 1970, 9000


def _instant(at: datetime) -> datetime:
    if not _EPOCH <= at.year < _END:
        raise ValueError("lies too far from today")
    return at.astimezone(UTC)


def _measurable(metric: str) -> str:
    if metric in _TOLD:
        raise ValueError("is told of what is known already, and can't be reported")
    return metric


_TOLD = EFFECTS | {ARRIVAL, SCHEMA}
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,39}$")]
Instant = Annotated[AwareDatetime, AfterValidator(_instant)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Kept = Annotated[str, Field(max_length=2000), Storable] | bool | int | float | None
_MOST_INTEGER = 2**53


class _Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=False)


class ColumnWire(_Wire):
    """A column of a version."""

    name: Name
    type: Name
    nullable: bool | None = None


class MaterializationWire(_Wire):
    """A version that others have made."""

    id: Id = Field(description="of the version; sent again, nothing is taken in twice")
    asset: Name
    partition: Name | None = None
    materialized_at: Instant | None = Field(default=None, description="now, if left out")
    rows: Count | None = None
    bytes: Count | None = None
    duration_s: float | None = Field(default=None, ge=0, le=1e9)
    data_version: Annotated[str, Field(min_length=1, max_length=80), Storable] | None = Field(
        default=None, description="equal for equal content; the id, if left out"
    )
    run_id: Id | None = Field(default=None, description="of whoever made it")
    metadata: dict[Name, Kept] = Field(default={}, max_length=100)
    columns: list[ColumnWire] | None = Field(default=None, max_length=5000, description="its schema")


class ObservationWire(_Wire):
    """A number that was measured of a version."""

    materialization: Id
    metric: Annotated[Name, AfterValidator(_measurable)]
    column: Name | None = None
    segment: Name | None = None
    value: float | None = Field(default=None, description="null: it could not be measured; missing is never zero")
    reason: Words | None = Field(default=None, description="why there is no value")


class CheckWire(_Wire):
    """What a check has said of a version."""

    materialization: Id
    name: Name
    passed: bool | None = Field(description="null: it could not be evaluated")
    severity: Severity = Field(default=Severity.ERROR, description="error also holds what is downstream")
    message: Words = ""
    observed: float | None = None
    failing_rows: Count | None = None
    column: Name | None = None


class Batch(_Wire):
    """Versions, with everything that is said of them; and what was measured of versions that were taken in before."""

    materializations: list[MaterializationWire] = Field(default=[], max_length=1000)
    observations: list[ObservationWire] = Field(default=[], max_length=50_000)
    checks: list[CheckWire] = Field(default=[], max_length=10_000)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.materializations and not self.observations and not self.checks:
            raise ValueError("has neither a version nor anything that was measured of one")
        return self


class LateWire(BaseModel):
    """What became of the numbers about a version that was taken in before."""

    id: str
    asset: str
    partition: str | None
    kept: int = Field(description="how many are new; the version is not judged again by them")
    known: int = Field(description="how many were there already, and stay as they are")


class TakenIn(BaseModel):
    """What became of a version."""

    id: str
    asset: str
    partition: str | None
    status: str = Field(
        description="published or held; superseded, if made before the one that is held; of a known one also discarded"
    )
    known: bool = Field(description="it was taken in before, and nothing was changed")
    reasons: list[str] = Field(description="why it is held, or opens nothing")


def taken_in(one: Became) -> TakenIn:
    """The wire form of what became of a report."""
    return TakenIn(
        id=one.id, asset=one.address.asset, partition=one.address.partition, status=one.status.value,
        known=one.decision is None, reasons=[] if one.decision is None else list(one.decision.reasons),
    )  # fmt: skip


def late_wire(one: KeptLate) -> LateWire:
    """The wire form of what became of late numbers."""
    return LateWire(id=one.id, asset=one.address.asset, partition=one.address.partition, kept=one.new, known=one.known)


def reports_of(batch: Batch, now: datetime) -> tuple[list[Report], Late]:
    """The reports of a batch, and what was measured of versions that aren't in it.

    Raises
    ------
    RequestValidationError
        A check is of a version that isn't in the batch: versions are judged once.
    """
    observations: dict[str, list[Observation]] = {one.id: [] for one in batch.materializations}
    outcomes: dict[str, list[CheckOutcome]] = {one.id: [] for one in batch.materializations}
    for seen in batch.observations:
        observations.setdefault(seen.materialization, []).append(
            Observation(
                metric=seen.metric, value=seen.value, column=seen.column, segment=seen.segment,
                reason=seen.reason if seen.value is None else None,
            )
        )  # fmt: skip
    for place, check in enumerate(batch.checks):
        _of(outcomes, check.materialization, place).append(
            CheckOutcome(
                check=check.name, severity=check.severity, passed=check.passed, observed=check.observed,
                message=check.message or f"{check.name} {_WORDS[check.passed]}", failing_rows=check.failing_rows,
                columns=() if check.column is None else (check.column,),
            )
        )  # fmt: skip
    reports = [
        Report(
            made=_made(one, now), timed=one.duration_s is not None, observations=tuple(observations[one.id]),
            outcomes=_each_once(one.id, outcomes[one.id]), schema=_schema(one),
        )
        for one in batch.materializations
    ]  # fmt: skip
    return reports, {id_: of_it for id_, of_it in observations.items() if id_ not in outcomes}


_WORDS = {True: "passed", False: "failed", None: "could not be evaluated"}


def _of(among: dict[str, list[CheckOutcome]], id_: str, place: int) -> list[CheckOutcome]:
    found = among.get(id_)
    if found is None:
        message = "is of a version that isn't in this batch; a version is judged once: send its checks together with it"
        where = ("body", "checks", place, "materialization")
        raise RequestValidationError([{"loc": where, "msg": message, "type": "x"}])
    return found


def _each_once(id_: str, outcomes: list[CheckOutcome]) -> tuple[CheckOutcome, ...]:
    names = {one.check for one in outcomes}
    if len(names) < len(outcomes):
        raise ReportError(f"{id_} has two results of one check; nothing was taken in; give each a name of its own")
    return tuple(outcomes)


def _schema(one: MaterializationWire) -> Schema | None:
    if one.columns is None:
        return None
    return Schema(tuple(Column(column.name, column.type, column.nullable) for column in one.columns))


def _made(one: MaterializationWire, now: datetime) -> Materialization:
    version = one.data_version or one.id
    return Materialization(
        id=one.id, asset=AssetKey(one.asset), partition=one.partition, run_id=one.run_id or "elsewhere",
        materialized_at=one.materialized_at or now, data_version=version, code_version="elsewhere",
        fingerprint=f"elsewhere {one.id}", duration_s=one.duration_s or 0.0, rows=one.rows, bytes=one.bytes,
        metadata={name: _kept(value) for name, value in one.metadata.items()},
    )  # fmt: skip


def _kept(value: Scalar) -> Scalar:
    """An integer beyond what JSON's readers keep exactly becomes a number like any other."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _MOST_INTEGER:
        return float(value)
    return value
