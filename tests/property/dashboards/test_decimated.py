"""However a history looks: what is left out of a plot lies between what stays, and nothing that matters is left out."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.figures.decimated import decimated
from observer.model import EvaluationStatus, FeedbackKind
from observer.reads.model import SeriesPoint

STATUSES = [EvaluationStatus.PASSED] * 40 + [EvaluationStatus.WARNED, EvaluationStatus.FAILED, None]
ALARMS = {EvaluationStatus.WARNED, EvaluationStatus.FAILED}


@st.composite
def histories(draw: st.DrawFn) -> list[SeriesPoint]:
    """Stretches of points, some without a value or a range."""
    points: list[SeriesPoint] = []
    for _ in range(draw(st.integers(1, 6))):
        missing, judged, excluded = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
        size, spread = draw(st.integers(1, 60)), draw(st.floats(0, 1e6))
        seed = draw(st.integers(0, 1000))
        for number in range(size):
            value = None if missing else spread * ((seed + number * 7919) % 101) / 101
            middle = spread * ((seed + number * 104_729) % 97) / 97
            points.append(
                SeriesPoint(
                    at=datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=len(points)), partition=None, value=value,
                    lower=middle - 1 if judged else None, expected=middle if judged else None,
                    upper=middle + 1 if judged else None, status=STATUSES[(seed + number) % len(STATUSES)],
                    direction="high", excluded=excluded, p_value=None, sentence="", run_id="r",
                    held=(seed + number) % 53 == 0,
                    mark=FeedbackKind.EXPECTED if (seed + number) % 59 == 0 else None,
                )
            )  # fmt: skip
    return points


@given(histories(), st.integers(8, 400))
@settings(deadline=None, max_examples=40)
def test_nothing_that_matters_is_lost(points: list[SeriesPoint], most: int) -> None:
    kept = decimated(points, most)
    there = {point.at for point in kept}
    assert [point for point in points if point.at in there] == list(kept), "in their order, unchanged"
    assert {points[0].at, points[-1].at} <= there
    for point in points:
        if point.status in ALARMS or point.held or point.mark is not None:
            assert point.at in there
    for before, after in pairwise(points):
        edges = [(p.value is None, p.lower is None, p.excluded) for p in (before, after)]
        if edges[0] != edges[1]:
            assert {before.at, after.at} <= there, "both sides of an edge"


@given(histories(), st.integers(8, 400))
@settings(deadline=None, max_examples=40)
def test_what_goes_lies_between_what_stays_nearby(points: list[SeriesPoint], most: int) -> None:
    kept = decimated(points, most)
    must = len(decimated(points, 0))
    if len(points) <= most:
        assert kept == tuple(points)
        return
    assert len(kept) <= max(most, must)
    buckets = (most - must) // 4
    if buckets < 1:
        return
    near = timedelta(hours=-(-len(points) // buckets))
    for point in points:
        around = [one for one in kept if abs(one.at - point.at) <= near]
        if point.value is not None:
            assert min(one.value for one in around if one.value is not None) <= point.value
            assert max(one.value for one in around if one.value is not None) >= point.value
        if point.lower is not None and point.upper is not None:
            assert min(one.lower for one in around if one.lower is not None) <= point.lower
            assert max(one.upper for one in around if one.upper is not None) >= point.upper


def test_a_short_history_stays_whole() -> None:
    points = [
        SeriesPoint(
            at=datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=n), partition=None, value=1.0, lower=None,
            expected=None, upper=None, status=None, direction="none", excluded=False, p_value=None, sentence="",
            run_id="r",
        )
        for n in range(900)
    ]  # fmt: skip
    assert decimated(points) == tuple(points)
    assert len(decimated(points, 100)) <= 100
