"""The demo's story as read records: flights out of New York, 1 January to 8 February 2013."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from observer.model import IncidentStatus, Severity
from observer.reads.model import (
    AssetPage,
    AssetRow,
    DayCell,
    GateState,
    HourCell,
    IncidentRow,
    Neighbour,
    NowPage,
    ObserverHealth,
    RunPage,
    RunRow,
    SchemaColumn,
    State,
    StatusCell,
    StepRow,
    StripCell,
    VersionRow,
)
from tests.unit.dashboards.numbers import COLUMNS, ROWS
from tests.unit.dashboards.story_history import DAYS, LAST, NOW, OPENED, ZONE, checks, heatmap, monitors, rate

SENTENCE: Final = "dep_time null rate 50.8 %, expected 0–9.4 % (learned from 38 days); 2 assets are blocked downstream"


def incident() -> IncidentRow:
    return IncidentRow(
        id=1,
        asset="flights",
        partition="2013-02-08",
        severity=Severity.ERROR,
        status=IncidentStatus.OPEN,
        sentence=SENTENCE,
        subjects=("null_rate(dep_time)",),
        affected=("daily_delays", "delay_report"),
        owners=("ops@example.com",),
        opened_at=OPENED,
        last_good="2013-02-07",
        sparkline=tuple(rate("dep_time", i) for i in range(9, LAST + 1)),
        notified="webhook delivered 06:00",
    )


def _strip(last: State, text: str, *, storms: bool = False) -> tuple[StripCell, ...]:
    cells = []
    for index in range(LAST - 29, LAST + 1):
        state = last if index == LAST else State.HEALTHY
        if storms and DAYS[index] in {"2013-01-28", "2013-01-30", "2013-01-31"}:
            state = State.WARNED
        cells.append(
            StripCell(
                partition=DAYS[index],
                state=state,
                text=f"{DAYS[index]} {text}" if index == LAST else f"{DAYS[index]} {state.value}",
            )
        )
    return tuple(cells)


def _row(key: str, state: State, text: str, last: str | None, rows: float | None, group: str) -> AssetRow:
    spark = tuple(float(v) for v in ROWS[-30:]) if key.startswith("flights") else ()
    if key == "daily_delays":
        spark = (3.0,) * 29
    if key == "weather_raw":
        spark = tuple(71.0 + (i % 5 == 0) for i in range(30))
    strip = _strip(state, text, storms=key == "flights") if last and last.startswith("2013") else ()
    return AssetRow(
        key=key,
        kind="sql" if key == "daily_delays" else "source" if key == "planes" else "python",
        group=group,
        owners=("ops@example.com",),
        state=state,
        text=text,
        last_partition=last if strip else None,
        last_at=OPENED - timedelta(hours=24 if state in {State.HELD, State.BLOCKED} else 0),
        rows=rows,
        row_sparkline=spark,
        strip=strip,
    )


def assets() -> tuple[AssetRow, ...]:
    return (
        _row("flights", State.HELD, "2013-02-08 is held: dep_time null rate 50.8 %", "2013-02-07", 932, "core"),
        _row("daily_delays", State.BLOCKED, "2013-02-08 is blocked by flights", "2013-02-07", 3, "reports"),
        _row("delay_report", State.BLOCKED, "2013-02-08 is blocked by flights", "2013-02-07", None, "reports"),
        _row("flights_raw", State.HEALTHY, "2013-02-08 is published", "2013-02-08", 930, "raw"),
        _row("weather_raw", State.HEALTHY, "2013-02-08 is published", "2013-02-08", 72, "raw"),
        _row("planes", State.HEALTHY, "observed", None, 3322, "raw"),
        _row("delay_model", State.HEALTHY, "published with 38 of 39 days", None, None, "models"),
    )


RUN_COUNTS: Final = (("published", 3), ("observed", 1), ("held", 1), ("blocked", 2))


def run_row(index: int = LAST) -> RunRow:
    held = index == LAST
    return RunRow(
        id=f"r{index + 1:03}",
        status="held" if held else "succeeded",
        selection="*",
        partitions=DAYS[index],
        trigger="command",
        started_at=OPENED - timedelta(days=LAST - index, seconds=1),
        duration_s=1.24 if held else 1.1 + index / 100,
        counts=RUN_COUNTS if held else (("published", 6), ("observed", 1)),
    )


def now_page() -> NowPage:
    counts = {State.HELD: 1, State.BLOCKED: 2, State.HEALTHY: 4}
    return NowPage(
        at=NOW,
        project="flights",
        environment="local",
        timezone=ZONE,
        sentence="1 asset held, 2 blocked downstream, since 06:00; 4 healthy",
        since=OPENED,
        counts=tuple((state, counts.get(state, 0)) for state in State),
        incidents=(incident(),),
        unresolved=1,
        total=7,
        assets=assets(),
        runs=tuple(run_row(LAST - i) for i in range(10)),
        observer=ObserverHealth(last_event_at=OPENED, outbox_waiting=0, outbox_failing=2, given_up=2),
        monitored=5,
        hours=hours(),
        days=days(),
    )


def hours() -> tuple[HourCell, ...]:
    """Quiet until the incident was opened, in the hour that runs."""
    last = OPENED.replace(minute=0)
    return tuple(
        HourCell(
            start=last - timedelta(hours=back),
            state=State.HEALTHY if back else State.FAILING,
            open=0 if back else 1,
            opened=0 if back else 1,
        )
        for back in range(23, -1, -1)
    )


def days() -> tuple[DayCell, ...]:
    """Eleven quiet weeks, and the one of the incident."""
    today = OPENED.date()
    first = today - timedelta(days=today.weekday() + 77)
    return tuple(
        DayCell(
            day=day,
            state=State.FAILING if day == today else State.HEALTHY,
            opened=int(day == today),
        )
        for day in (first + timedelta(days=n) for n in range((today - first).days + 1))
    )


def run_page() -> RunPage:
    why = "new partition"

    def step(
        asset: str,
        status: str,
        start: float | None,
        execute: float | None,
        gate: float | None,
        **more: str | None,
    ) -> StepRow:
        total = None if start is None else round((execute or 0) + (gate or 0) + 0.02, 3)
        return StepRow(
            asset=asset,
            partition=None if asset in {"planes", "delay_model"} else "2013-02-08",
            status=status,
            reason=more.get("reason") or why,
            note=more.get("note") or "",
            error=None,
            blocked_by=more.get("blocked_by"),
            start_s=start,
            execute_s=execute,
            gate_s=gate,
            duration_s=total,
        )

    return RunPage(
        at=NOW,
        project="flights",
        environment="local",
        timezone=ZONE,
        run=run_row(),
        ended_at=OPENED,
        holder="tide-1/4026531836:4711:353976",
        sentence="3 published, 1 observed, 1 held, 2 blocked in 1.2 s",
        steps=(
            step("flights_raw", "published", 0.01, 0.21, 0.08),
            step("weather_raw", "published", 0.01, 0.06, 0.04),
            step("planes", "observed", 0.02, 0.03, 0.02, reason="a source is measured in each run"),
            step("flights", "held", 0.33, 0.14, 0.27, note="readers keep 2013-02-07 · incident #1"),
            step(
                "daily_delays",
                "blocked",
                None,
                None,
                None,
                reason="flights 2013-02-08 is held",
                blocked_by="flights",
            ),
            step(
                "delay_model",
                "published",
                0.77,
                0.39,
                0.03,
                reason="flights has new partitions",
                note="went on with 38 of 39 days; 2013-02-08 of flights is held and left out",
            ),
            step(
                "delay_report",
                "blocked",
                None,
                None,
                None,
                reason="daily_delays 2013-02-08 is blocked by flights",
                blocked_by="flights",
            ),
        ),
    )


def _versions() -> tuple[VersionRow, ...]:
    return tuple(
        VersionRow(
            id=f"v{i + 1:03}",
            partition=DAYS[i],
            status="held" if i == LAST else "published",
            materialized_at=OPENED - timedelta(days=LAST - i),
            rows=ROWS[i],
            bytes=ROWS[i] * 61 + 9000,
            duration_s=0.14,
            run_id=f"r{i + 1:03}",
            sentence="dep_time null rate 50.8 %, expected 0–9.4 %" if i == LAST else "",
        )
        for i in range(LAST, -1, -1)
    )


def asset_page() -> AssetPage:
    return AssetPage(
        at=NOW,
        project="flights",
        environment="local",
        timezone=ZONE,
        key="flights",
        kind="python",
        group="core",
        owners=("ops@example.com",),
        tags=("tier-1",),
        description="Cleaned flights out of New York with the weather at departure.",
        partitions="daily since 2013-01-01, America/New_York",
        state=State.HELD,
        text="2013-02-08 is held; readers see 2013-02-07",
        cells=(
            StatusCell(
                title="Readers see",
                state=State.HELD,
                value="2013-02-07",
                detail="published 8 Feb 06:00; 2013-02-08 is held",
            ),
            StatusCell(
                title="Checks and monitors",
                state=State.FAILING,
                value="7 of 9 passed",
                detail="null_rate(dep_time) failed, null_rate(tailnum) warned",
            ),
            StatusCell(title="Freshness", state=State.HEALTHY, value="24 h old", detail="allowed: 26 h"),
            StatusCell(title="Rows", state=State.HEALTHY, value="930", detail="expected 690–1,010"),
        ),
        gate=GateState(
            outcome="held",
            partition="2013-02-08",
            held_partitions=("2013-02-08",),
            sentence="2013-02-08 is held: dep_time null rate 50.8 %, expected 0–9.4 % (learned "
            "from 38 days). Readers keep 2013-02-07.",
            release_command='tidegate release flights --partition 2013-02-08 --reason "..."',
        ),
        incidents=(incident(),),
        monitors=monitors(),
        heatmap=heatmap(),
        checks=checks(),
        schema=tuple(
            SchemaColumn(
                name=name,
                type=kind,
                null_rate=rate(name, LAST),
                distinct=distinct,
                distinct_accuracy="approximate, to about 3.3 %",
                minimum=low,
                maximum=high,
                mean=mean,
            )
            for name, kind, distinct, low, high, mean in COLUMNS
        ),
        upstream=(
            Neighbour(key="flights_raw", state=State.HEALTHY, text="2013-02-08 is published"),
            Neighbour(key="weather_raw", state=State.HEALTHY, text="2013-02-08 is published"),
            Neighbour(key="planes", state=State.HEALTHY, text="observed at 06:00"),
        ),
        downstream=(
            Neighbour(key="daily_delays", state=State.BLOCKED, text="2013-02-08 is blocked"),
            Neighbour(key="delay_model", state=State.HEALTHY, text="went on with 38 of 39 days"),
            Neighbour(key="delay_report", state=State.BLOCKED, text="2013-02-08 is blocked"),
        ),
        versions=_versions(),
    )
