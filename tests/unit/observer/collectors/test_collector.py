"""A collector of the user's own: the guide's example, its law, and what becomes of those that break it."""

import math
from collections.abc import Iterable

import pandas as pd
import pytest

import observer as ob
from observer.checks.base import CheckData
from observer.collectors.base import Collector
from observer.model import Observation
from observer.testing import check_collector
from tests.unit.docs.pages import DOCS, blocks

FRAME = pd.DataFrame({"ordered_at": pd.date_range("2024-01-01", periods=9, freq="D"), "n": range(9)})


class Given(Collector):
    """Gives what it was made with."""

    name = "given"

    def __init__(self, *seen: object) -> None:
        self.seen = seen

    def collect(self, data: CheckData) -> Iterable[Observation]:
        return self.seen  # type: ignore[return-value]


class Raising(Collector):
    name = "raising"

    def collect(self, data: CheckData) -> Iterable[Observation]:
        yield Observation(metric="one", value=1.0)
        raise RuntimeError("no idea")


class Counting(Collector):
    name = "counting"

    def __init__(self) -> None:
        self.times = 0

    def collect(self, data: CheckData) -> Iterable[Observation]:
        self.times += 1
        return [Observation(metric="times", value=self.times)]


class Weekdays(Collector):
    """The guide's."""

    name = "weekdays"

    def collect(self, data: CheckData) -> Iterable[Observation]:
        rows = data.query("select dayname(ordered_at), count(*) from data group by 1 order by 1")
        return [Observation(metric=f"rows_on_{day.lower()}", value=n) for day, n in rows]


def test_the_guides_example_is_this_one_and_obeys_the_law() -> None:
    (text,) = [
        b.text for b in blocks(DOCS / "guide" / "checks-and-monitors.md", "python") if "class Weekdays" in b.text
    ]
    scope: dict[str, object] = {"__name__": __name__}
    exec(text, scope)
    seen = check_collector(Weekdays(), FRAME)
    assert {o.metric: o.value for o in seen}["rows_on_monday"] == 2
    asset = scope["orders"]
    assert isinstance(asset, type(ob.asset(lambda: None)))  # it declares an asset


def test_its_numbers_are_measured_and_may_be_watched() -> None:
    @ob.asset(metrics=[Weekdays(), Raising()], monitors=[ob.monitor("raising"), ob.monitor("rows_on_monday")])
    def orders() -> pd.DataFrame:
        return FRAME

    made = ob.materialize([orders])["orders"]
    seen = {o.metric: (o.value, o.reason) for o in made.observations if o.column is None}
    assert seen["rows_on_monday"] == (2.0, None)
    assert seen["raising"] == (None, "RuntimeError: no idea")
    assert "one" not in seen
    verdicts = {e.subject: e.status.value for e in made.evaluations}
    assert (verdicts["raising"], verdicts["rows_on_monday"]) == ("unknown", "learning")


@pytest.mark.parametrize(
    ("collector", "broken"),
    [
        (Raising(), "RuntimeError: no idea"),
        (Counting(), "says something else of the same data"),
        (Given(Observation(metric="a", value=1.0), Observation(metric="a", value=1.0)), "a comes twice"),
        (Given(Observation(metric="a", value=None)), "neither a value nor a reason"),
        (Given("text"), "collect gave a str"),
        (Given(*(Observation(metric=f"a{n}", value=1.0) for n in range(1001))), "more than 1000"),
    ],
)
def test_what_breaks_the_law_is_named(collector: Collector, broken: str) -> None:
    with pytest.raises(AssertionError, match=broken):
        check_collector(collector, FRAME)


def test_the_catalogue_is_not_theirs_and_infinity_is_no_number() -> None:
    given = Given(Observation(metric="row_count", value=7.0), Observation(metric="a", value=math.inf))

    @ob.asset(metrics=[given])
    def orders() -> pd.DataFrame:
        return FRAME

    seen = ob.materialize([orders])["orders"].observations
    assert [o.value for o in seen if o.metric == "row_count"] == [9.0]
    assert [(o.value, o.reason) for o in seen if o.metric == "a"] == [(None, "infinite values")]
