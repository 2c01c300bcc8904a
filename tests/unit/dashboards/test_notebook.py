"""The same figures as the pages', for a notebook."""

import pytest

from dashboards import notebook
from observer.errors import UnknownName
from tests.unit.dashboards.fake_reads import StoryReads


@pytest.mark.parametrize("dark", [False, True])
def test_a_history_is_a_plotly_figure_without_tokens(dark: bool) -> None:
    figure = notebook.history(StoryReads(), "flights", "null_rate", column="dep_time", dark=dark)
    assert "var(--" not in figure.to_json()
    assert max(y for trace in figure.data if trace.y is not None for y in trace.y if y is not None) > 0.5


def test_null_rates_are_a_heatmap() -> None:
    assert notebook.null_rates(StoryReads(), "flights").data[0].type == "heatmap"


def test_wrong_names_are_told() -> None:
    with pytest.raises(UnknownName, match="did you mean 'flights'"):
        notebook.history(StoryReads(), "flihts", "null_rate")
    with pytest.raises(UnknownName, match="null_rate"):
        notebook.history(StoryReads(), "flights", "null_rat", column="dep_time")
