"""A monitor = a metric x a detector x a severity."""

from __future__ import annotations

from dataclasses import dataclass

from observer.errors import CheckError
from observer.metrics import DEFAULT_MONITORS, METRICS, metric
from observer.model import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """Watches one metric of an asset; made by :func:`monitor`.

    ``detector=None`` takes the default of the metric's kind; ``alpha=None`` the default false-alarm rate a point.
    """

    metric: str
    column: str | None = None
    severity: Severity = Severity.WARN
    detector: str | None = None
    alpha: float | None = None

    @property
    def id(self) -> str:
        """The subject of its evaluations: ``row_count``, ``null_rate(dep_time)``."""
        return self.metric if self.column is None else f"{self.metric}({self.column})"


def monitor(
    metric_name: str,
    *,
    column: str | None = None,
    severity: Severity | str = Severity.WARN,
    detector: str | None = None,
    alpha: float | None = None,
) -> Monitor:
    """Watch a metric with a detector.

    Parameters
    ----------
    metric_name:
        A name of the catalogue, or of a number that the function adds with ``context.add_metadata``.
    column:
        The column, for a metric of columns.
    severity:
        "warn" tells people; "error" also holds the version and blocks what is downstream.
    detector:
        Its name in the registry; left out, the default for the metric's kind.
    alpha:
        The share of good points that may be flagged, 0..1.

    Raises
    ------
    CheckError
        A metric, column, severity, detector or alpha that can't be.

    >>> monitor("null_rate", column="dep_time", severity="error").id
    'null_rate(dep_time)'
    """
    metric(metric_name, column=column)
    try:
        how_bad = Severity(severity)
    except ValueError:
        raise CheckError(f"monitor({metric_name!r}): severity is 'warn' or 'error', not {severity!r}") from None
    if alpha is not None and not 0 < alpha < 1:
        raise CheckError(f"monitor({metric_name!r}): alpha is a share between 0 and 1, not {alpha!r}")
    if detector is not None:
        from detectors.registry import names

        if detector not in names():
            raise CheckError(
                f"monitor({metric_name!r}): no detector is called {detector!r}; there are {', '.join(names())}"
            )
    return Monitor(metric=metric_name, column=column, severity=how_bad, detector=detector, alpha=alpha)


def with_defaults(declared: tuple[Monitor, ...]) -> tuple[Monitor, ...]:
    """The declared monitors and the default ones that nobody declared otherwise."""
    ids = {m.id for m in declared}
    return declared + tuple(Monitor(metric=name) for name in DEFAULT_MONITORS if name in METRICS and name not in ids)
