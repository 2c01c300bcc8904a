"""The same figures as the pages', for a notebook."""

from dataclasses import replace

import pytest

import observer as ob
from dashboards import notebook
from observer.errors import ProjectError, UnknownName
from observer.reads.monitor_model import MonitorPage
from tests.unit.dashboards.fake_reads import StoryReads


@pytest.mark.parametrize("dark", [False, True])
def test_a_history_is_a_plotly_figure_without_tokens(dark: bool) -> None:
    figure = ob.figures.history("flights", "null_rate", column="dep_time", project=StoryReads(), dark=dark)
    assert type(figure).__module__ == "plotly.graph_objs._figure"
    assert "var(--" not in figure.to_json()
    assert max(y for trace in figure.data if trace.y is not None for y in trace.y if y is not None) > 0.5
    assert {"run", "code", "schema"} <= {trace.name for trace in figure.data}


def test_the_other_figures_are_there_too() -> None:
    of = {"column": "dep_time", "project": StoryReads()}
    assert ob.figures.null_rates("flights", project=StoryReads()).data[0].type == "heatmap"
    assert ob.figures.decomposition("flights", "null_rate", **of).data[0].name == "measured"  # type: ignore[arg-type]
    assert ob.figures.distribution("flights", "null_rate", **of).data[1].name == "now"  # type: ignore[arg-type]
    assert len(ob.figures.sensitivities("flights", "null_rate", **of).data) == 10  # type: ignore[arg-type]
    assert ob.figures.run("r039", project=StoryReads()).data[0].type == "bar"
    assert ob.figures.history("flights", "row_count", project=StoryReads(), log=True).layout.yaxis.type == "log"


def test_wrong_names_are_told() -> None:
    with pytest.raises(UnknownName, match="did you mean 'flights'"):
        notebook.history("flihts", "null_rate", project=StoryReads())
    with pytest.raises(UnknownName, match="null_rate"):
        notebook.history("flights", "null_rat", column="dep_time", project=StoryReads())
    with pytest.raises(UnknownName, match="EU"):
        notebook.history("flights", "row_count", part="EU", project=StoryReads())
    with pytest.raises(UnknownName, match="distribution"):
        notebook.distribution("flights", "row_count", project=StoryReads())
    with pytest.raises(UnknownName, match="r0399"):
        notebook.run("r0399", project=StoryReads())


def test_what_can_not_be_taken_apart_says_why() -> None:
    class Lost(StoryReads):
        def monitor(self, *args: object, **more: object) -> MonitorPage | None:
            found = super().monitor("flights", "row_count")
            return None if found is None else replace(found, decomposed=None)

    with pytest.raises(UnknownName, match="too few points"):
        notebook.decomposition("flights", "row_count", project=Lost())


def test_a_folder_without_a_project_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ProjectError):
        notebook.history("flights", "row_count", project=str(tmp_path_factory.mktemp("nothing")))
