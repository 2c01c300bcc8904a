"""A monitor as a person declares it: what is written into the project's file."""

from __future__ import annotations

from observer.model import Severity
from observer.monitors import Monitor


def declaration(monitor: Monitor, *, alpha: float | None = None) -> str:
    """The monitor as Python, with another ``alpha`` if one is given; what is as by default is left out.

    >>> from observer.monitors import monitor
    >>> declaration(monitor("null_rate", column="dep_time", severity="error"), alpha=0.0005)
    'ob.monitor("null_rate", column="dep_time", severity="error", alpha=0.0005)'
    """
    named: dict[str, object] = {
        "column": monitor.column, "segment": monitor.segment,
        "severity": None if monitor.severity is Severity.WARN else monitor.severity.value,
        "detector": monitor.detector, "measure": None if monitor.measure is None else str(monitor.measure),
        "alpha": monitor.alpha if alpha is None else float(f"{alpha:.3g}"), **dict(monitor.parameters),
    }  # fmt: skip
    said = [f"{name}={_written(value)}" for name, value in named.items() if value is not None]
    return f"ob.monitor({', '.join([_written(monitor.metric), *said])})"


def _written(value: object) -> str:
    """A literal, with the quotes that the documentation uses."""
    if isinstance(value, str):
        quoted = repr(value)
        return '"' + quoted[1:-1] + '"' if quoted[0] == "'" and '"' not in value else quoted
    return repr(value)
