"""What OpenLineage's clients send (Airflow, Spark, Flink, dbt): run events, whose datasets are assets that others make.

The names are those of the specification (openlineage.io/spec/2-0-2); what it may hold beyond them is not read.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from observer.api.texts import Storable
from observer.model import CheckOutcome, Column, Observation, Schema, Severity

_EPOCH, _END = 1970, 9000
_MOST = 5000
_QUANTILES = {0.25: "q25", 0.5: "median", 0.75: "q75"}


def _instant(at: datetime) -> datetime:
    if not _EPOCH <= at.year < _END:
        raise ValueError("lies too far from today")
    return at.astimezone(UTC)


Text = Annotated[str, Field(max_length=1000), Storable]
Instant = Annotated[AwareDatetime, AfterValidator(_instant)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=2**53)]


class EventType(StrEnum):
    START = "START"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    ABORT = "ABORT"
    FAIL = "FAIL"
    OTHER = "OTHER"


class ColumnMetrics(BaseModel):
    nullCount: Count | None = None
    distinctCount: Count | None = None
    sum: Number | None = None
    count: Number | None = None
    min: Number | None = None
    max: Number | None = None
    quantiles: dict[Text, Number] | None = Field(default=None, max_length=_MOST)


class QualityMetrics(BaseModel):
    rowCount: Count | None = None
    bytes: Count | None = None
    columnMetrics: dict[Text, ColumnMetrics] = Field(default={}, max_length=_MOST)


class Assertion(BaseModel):
    assertion: Text
    success: bool
    column: Text | None = None
    severity: Text | None = None


class Assertions(BaseModel):
    assertions: list[Assertion] = Field(default=[], max_length=_MOST)


class SchemaField(BaseModel):
    name: Text
    type: Text | None = None


class SchemaFacet(BaseModel):
    fields: list[SchemaField] = Field(default=[], max_length=_MOST)


class OutputStatistics(BaseModel):
    rowCount: Count | None = None
    size: Count | None = None


class Facets(BaseModel):
    schema_: SchemaFacet | None = Field(default=None, alias="schema")
    dataQualityMetrics: QualityMetrics | None = None
    dataQualityAssertions: Assertions | None = None
    outputStatistics: OutputStatistics | None = None


_NO_FACETS = Facets()


class Dataset(BaseModel):
    namespace: Text
    name: Text
    facets: Facets = _NO_FACETS
    inputFacets: Facets = _NO_FACETS
    outputFacets: Facets = _NO_FACETS

    @property
    def names(self) -> tuple[str, str]:
        """By which an asset may be called."""
        return f"{self.namespace}/{self.name}", self.name

    def _facets(self) -> tuple[Facets, ...]:
        return self.outputFacets, self.inputFacets, self.facets

    @property
    def quality(self) -> QualityMetrics | None:
        return next((f.dataQualityMetrics for f in self._facets() if f.dataQualityMetrics is not None), None)

    @property
    def assertions(self) -> tuple[Assertion, ...]:
        found = next((f.dataQualityAssertions for f in self._facets() if f.dataQualityAssertions is not None), None)
        return () if found is None else tuple(found.assertions)

    @property
    def is_measured(self) -> bool:
        return self.quality is not None or bool(self.assertions)

    @property
    def rows(self) -> int | None:
        written, quality = self.outputFacets.outputStatistics, self.quality
        if written is not None and written.rowCount is not None:
            return written.rowCount
        return None if quality is None else quality.rowCount

    @property
    def bytes(self) -> int | None:
        written, quality = self.outputFacets.outputStatistics, self.quality
        if written is not None and written.size is not None:
            return written.size
        return None if quality is None else quality.bytes


class NominalTime(BaseModel):
    nominalStartTime: Instant | None = None


class ErrorMessage(BaseModel):
    message: str = ""


class RunFacets(BaseModel):
    nominalTime: NominalTime | None = None
    errorMessage: ErrorMessage | None = None


_NO_RUN_FACETS = RunFacets()


class Run(BaseModel):
    runId: Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,36}$")]
    facets: RunFacets = _NO_RUN_FACETS


class Job(BaseModel):
    namespace: Text
    name: Text


class RunEvent(BaseModel):
    """An event of a run; what the specification has beyond it is taken and not read."""

    eventType: EventType | None = None
    eventTime: Instant
    run: Run
    job: Job
    inputs: list[Dataset] = Field(default=[], max_length=_MOST)
    outputs: list[Dataset] = Field(default=[], max_length=_MOST)

    @property
    def job_name(self) -> str:
        return f"{self.job.namespace}/{self.job.name}"[:2000]

    @property
    def why(self) -> str:
        """What it says of its failure, as it may be kept."""
        said = self.run.facets.errorMessage
        return "" if said is None else said.message.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def version_id(run_id: str, dataset: Dataset) -> str:
    """The id of the version that a run made of a dataset, or saw of it: the same however often it is told."""
    digest = hashlib.sha256("\0".join((run_id, dataset.namespace, dataset.name)).encode()).hexdigest()
    return f"ol-{digest[:32]}"


def observations(dataset: Dataset) -> tuple[Observation, ...]:
    """What was measured of a dataset's columns, in the words of our catalogue."""
    quality = dataset.quality
    if quality is None:
        return ()
    rows = dataset.rows
    return tuple(
        Observation(metric=metric, column=column, value=value)
        for column, measured in quality.columnMetrics.items()
        for metric, value in _of_column(measured, rows)
        if math.isfinite(value)
    )


def _of_column(measured: ColumnMetrics, rows: int | None) -> Iterator[tuple[str, float]]:
    if measured.nullCount is not None and rows:
        yield "null_rate", measured.nullCount / rows
    if measured.distinctCount is not None:
        yield "distinct_count", float(measured.distinctCount)
    if measured.sum is not None and measured.count:
        yield "mean", measured.sum / measured.count
    for name, value in (("min", measured.min), ("max", measured.max)):
        if value is not None:
            yield name, value
    for rank, value in (measured.quantiles or {}).items():
        name_of_rank = _QUANTILES.get(_float(rank))
        if name_of_rank is not None:
            yield name_of_rank, value


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def outcomes(dataset: Dataset) -> tuple[CheckOutcome, ...]:
    """The assertions as checks, named ``assertion(column)``; one that failed once has failed."""
    found: dict[str, CheckOutcome] = {}
    for one in dataset.assertions:
        name = one.assertion if one.column is None else f"{one.assertion}({one.column})"
        severity = Severity.WARN if (one.severity or "").lower().startswith("warn") else Severity.ERROR
        outcome = CheckOutcome(
            check=name, severity=severity, passed=one.success, columns=() if one.column is None else (one.column,),
            message=f"{name} {'passed' if one.success else 'failed'}",
        )  # fmt: skip
        if name not in found or found[name].passed:
            found[name] = outcome
    return tuple(found.values())


def schema(dataset: Dataset) -> Schema | None:
    """The columns of a dataset, where it says them."""
    said = dataset.facets.schema_
    if said is None or not said.fields:
        return None
    return Schema(tuple(Column(field.name, field.type or "") for field in said.fields))


def description() -> Mapping[str, Any]:
    """The event as OpenAPI describes it."""
    return RunEvent.model_json_schema()
