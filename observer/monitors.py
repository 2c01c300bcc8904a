"""A monitor = a metric x a detector x a severity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches

from detectors.measures import Measure
from observer.errors import CheckError
from observer.history import SeriesKey
from observer.metrics import AGE, ARRIVAL, DEFAULT_MONITORS, EFFECTS, MEASURES, SCHEMA, metric
from observer.model import Severity
from observer.schema_changes import POLICIES, SchemaChangeKind

ALPHAS: Mapping[Severity, float] = {Severity.WARN: 1 / 365, Severity.ERROR: 1 / 1000}
"""The share of good points that may be flagged: a daily monitor that tells people may be wrong once a year; one that
holds data back stops others' work, so it has to be surer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """Watches one metric of an asset; made by :func:`monitor`.

    ``detector=None`` takes the default of the metric's kind; ``alpha=None`` the default of the severity.
    """

    metric: str
    column: str | None = None
    severity: Severity = Severity.WARN
    detector: str | None = None
    parameters: tuple[tuple[str, object], ...] = ()  # of the detector
    alpha: float | None = None
    segment: str | None = None  # "carrier=UA", or "carrier" for each of its values
    told_by: str | None = None  # another metric, where its own is none that is measured
    measure: Measure | None = None  # of an effect size; None: the default one

    @property
    def id(self) -> str:
        """The subject of its evaluations: ``row_count``, ``null_rate(dep_time)``, ``row_count[carrier=UA]``."""
        column = "" if self.column is None else f"({self.column})"
        return f"{self.metric}{column}" + ("" if self.segment is None else f"[{self.segment}]")

    @property
    def key(self) -> SeriesKey:
        """The series that it watches, or is told by."""
        return SeriesKey(self.told_by or self.metric, self.column, self.segment)

    @property
    def segment_column(self) -> str | None:
        """The column that its segments are values of."""
        return None if self.segment is None else column_of(self.segment)

    @property
    def label(self) -> str:
        """What it watches, as sentences and pages call it."""
        title = metric(self.metric, column=self.column).label(self.column)
        return title if self.segment is None else f"{title} where {self.segment}"

    def of_each(self, keys: Iterable[SeriesKey]) -> tuple[Monitor, ...]:
        """One for each segment among some series, where it watches all values of a column; else itself."""
        if self.segment is None or not _is_column(self.segment):
            return (self,)
        mine = {
            key.segment
            for key in keys
            if key[:2] == (self.metric, self.column)
            and key.segment is not None
            and column_of(key.segment) == self.segment
        }
        return tuple(replace(self, segment=segment) for segment in sorted(mine))

    def covers(self, name: str) -> bool:
        """Whether this is the monitor that is called ``name``, or watches each segment and that is one of them.

        >>> Monitor(metric="row_count", segment="carrier").covers("row_count[carrier=UA]")
        True
        """
        if self.segment is None or not _is_column(self.segment):
            return name == self.id
        whole = self.id.removesuffix("]")
        return name == f"{whole}{_NULL}]" or name.startswith(f"{whole}=")

    @property
    def false_alarms(self) -> float:
        """The share of good points that it may flag, 0..1."""
        return self.alpha if self.alpha is not None else ALPHAS[self.severity]


def monitor(
    metric_name: str,
    *,
    column: str | None = None,
    severity: Severity | str = Severity.WARN,
    detector: str | None = None,
    alpha: float | None = None,
    segment: str | None = None,
    measure: Measure | str | None = None,
    **parameters: object,
) -> Monitor:
    """Watch a metric with a detector.

    Parameters
    ----------
    metric_name:
        A name of the catalogue, or of a number that the function adds with ``context.add_metadata``. "distribution"
        (of numbers), "categories" (of texts and booleans) and "novelty" (of all numbers of a version together) are told
        of what is kept of the versions before.
    column:
        The column, for a metric of columns.
    severity:
        "warn" tells people; "error" also holds the version and blocks what is downstream. "arrival" only warns.
    detector:
        Its name in the registry; left out, the default for the metric's kind.
    alpha:
        The share of good points that may be flagged, above 0 and at most 0.5; if left out, 1/365 for a warning and
        1/1000 for an error.
    segment:
        What ``ob.metric(..., segment=...)`` measures by: ``"carrier=UA"``, or ``"carrier"`` for each value that a
        version has.
    measure:
        Of "distribution" and "categories", what their effect size is: "jensen-shannon" (if left out), "stability" (the
        population stability index), of numbers "wasserstein", of categories "unseen" (the share of what was never
        seen).
    parameters:
        What the detector takes, e.g. ``lower=`` and ``upper=`` of "threshold"; only beside ``detector=``. For
        "schema", how bad each kind of change is: ``removed=``, ``retyped=``, ``nullable=`` (as ``severity``, if left
        out), ``added=``, ``reordered=`` ("warn"), ``commented=`` ("ignore"), each "ignore", "warn" or "error".

    Raises
    ------
    CheckError
        A metric, column, severity, detector, alpha or measure that can't be.

    >>> monitor("null_rate", column="dep_time", severity="error").id
    'null_rate(dep_time)'
    """
    metric(metric_name, column=column)
    try:
        how_bad = Severity(severity)
    except ValueError:
        raise CheckError(f"monitor({metric_name!r}): severity is 'warn' or 'error', not {severity!r}") from None
    if alpha is not None:
        check_alpha(alpha, f"monitor({metric_name!r})")
    if segment is not None and metric_name in EFFECTS:
        raise CheckError(f"monitor({metric_name!r}): it looks at all rows; leave segment={segment!r} out")
    if detector is not None and metric_name == SCHEMA:
        raise CheckError("monitor('schema'): the schema is compared, not predicted; leave detector= out")
    if metric_name == ARRIVAL:
        _check_arrival(how_bad, segment)
    if metric_name == SCHEMA:
        _check_policy(parameters)
    elif detector is None and parameters:
        raise CheckError(f"monitor({metric_name!r}): {', '.join(parameters)} can only stand beside detector=")
    if detector is not None:
        from detectors.registry import detector as made
        from detectors.registry import names

        if detector not in names():
            near = get_close_matches(str(detector), names(), n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are {', '.join(names())}"
            raise CheckError(f"monitor({metric_name!r}): no detector is called {detector!r}; {hint}")
        try:
            made(detector, **parameters)
        except (ValueError, TypeError) as error:
            raise CheckError(f"monitor({metric_name!r}, detector={detector!r}): {error}") from error
    return Monitor(
        metric=metric_name, column=column, severity=how_bad, detector=detector,
        parameters=tuple(sorted(parameters.items())), alpha=alpha,
        segment=segment, told_by=_MADE if metric_name == ARRIVAL else None,
        measure=None if measure is None else _measure(metric_name, measure),
    )  # fmt: skip


def _measure(metric_name: str, measure: str) -> Measure:
    there = MEASURES.get(metric_name, ())
    if not there:
        known = " and ".join(map(repr, MEASURES))
        raise CheckError(f"monitor({metric_name!r}): measure= is of {known} alone; leave it out")
    if measure not in there:
        raise CheckError(
            f"monitor({metric_name!r}): measure is {', '.join(map(repr, map(str, there)))}, not {measure!r}"
        )
    return Measure(measure)


def _check_arrival(severity: Severity, segment: str | None) -> None:
    if severity is Severity.ERROR:
        raise CheckError(
            "monitor('arrival'): what comes late is not held for it, so severity= is 'warn'; how old what is read may "
            "be is said by freshness="
        )
    if segment is not None:
        raise CheckError("monitor('arrival'): a version comes as a whole; leave segment= out")


def check_alpha(alpha: object, where: str) -> None:
    """Raise CheckError unless ``alpha`` is a share of good points that may be flagged."""
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 < alpha <= 0.5:
        raise CheckError(f"{where}: alpha is a share above 0 and at most 0.5, not {alpha!r}")


def _check_policy(parameters: Mapping[str, object]) -> None:
    kinds = [kind.value for kind in SchemaChangeKind]
    for name, said in parameters.items():
        if name not in kinds:
            near = get_close_matches(name, kinds, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(kinds)}"
            raise CheckError(f"monitor('schema'): no change of a schema is called {name}; {hint}")
        if said not in POLICIES:
            raise CheckError(f"monitor('schema'): {name} is 'ignore', 'warn' or 'error', not {said!r}")


_NULL = " is null"


def column_of(segment: str) -> str:
    """The column of a segment: of ``"carrier=UA"`` and ``"carrier is null"`` it is ``carrier``."""
    return segment.partition("=")[0] if "=" in segment else segment.removesuffix(_NULL)


def _is_column(segment: str) -> bool:
    return "=" not in segment and not segment.endswith(_NULL)


def with_defaults(declared: tuple[Monitor, ...], *, ages: bool = False, arrives: bool = False) -> tuple[Monitor, ...]:
    """The declared monitors and the default ones that nobody declared otherwise.

    ``ages``: it has an age to watch, by which it comes too; ``arrives``: its coming is watched if nobody says so.
    """
    defaults = _DEFAULTS[ages, arrives]
    if not declared:
        return defaults
    if ages:
        declared = tuple(replace(one, told_by=AGE) if one.metric == ARRIVAL else one for one in declared)
    ids = {m.id for m in declared}
    return declared + tuple(monitor for monitor in defaults if monitor.metric not in ids)


_MADE = "duration"
"""Each version has one, at the instant at which it was made."""

_EACH = tuple(Monitor(metric=name) for name in DEFAULT_MONITORS)
_DEFAULTS: Mapping[tuple[bool, bool], tuple[Monitor, ...]] = {
    (ages, arrives): (
        *_EACH,
        *((Monitor(metric=AGE),) if ages else ()),
        *((Monitor(metric=ARRIVAL, told_by=AGE if ages else _MADE),) if arrives else ()),
    )
    for ages in (False, True)
    for arrives in (False, True)
}
