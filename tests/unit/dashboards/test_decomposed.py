"""The figure of a decomposed series: panels that add up, the season's only where there is one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from dashboards.figures import decomposed
from observer.reads.decomposed import Decomposed, DecomposedPoint
from tests.unit.dashboards.golden import assert_figure


def point(day: int) -> DecomposedPoint:
    value = None if day == 5 else 1000.0 + 100 * (day % 7 == 0) + day
    level, season = 1000.0 + day, 90.0 * (day % 7 == 0)
    return DecomposedPoint(
        at=datetime(2013, 1, 1, 5, tzinfo=UTC) + timedelta(days=day), partition=f"2013-01-{day + 1:02}", value=value,
        level=level, season=season, remainder=None if value is None else value - level - season, excluded=False,
    )  # fmt: skip


ROWS = Decomposed(
    title="Rows of flights", part="", unit="rows", periods=(7,), strength=0.9, points=tuple(map(point, range(28)))
)


def test_it_is_the_golden_one() -> None:
    assert_figure("decomposed", decomposed(ROWS, timezone="America/New_York"))


def test_without_a_season_there_is_no_panel_of_it() -> None:
    figure = decomposed(replace(ROWS, periods=(), unit="rate"), timezone="UTC")
    assert [trace["name"] for trace in figure["data"]] == ["measured", "level", "remainder"]  # type: ignore[attr-defined, index]
    assert "yaxis3" not in figure["layout"]  # type: ignore[operator]
