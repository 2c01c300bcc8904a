import re

import pytest

import observer as ob
from observer.assets import quality_of
from observer.errors import CheckError
from observer.metrics import DEFAULT_MONITORS
from observer.monitors import ALPHAS, Monitor, monitor, with_defaults


def test_its_id_is_what_people_read() -> None:
    assert monitor("row_count").id == "row_count"
    assert monitor("null_rate", column="dep_time").id == "null_rate(dep_time)"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"metric_name": "row_count", "severity": "eror"}, "severity is 'warn' or 'error', not 'eror'"),
        ({"metric_name": "row_count", "alpha": 0}, "above 0 and at most 0.5, not 0"),
        ({"metric_name": "row_count", "alpha": 0.6}, "at most 0.5, not 0.6"),
        ({"metric_name": "row_count", "alpha": True}, "not True"),
        ({"metric_name": "row_count", "alpha": "0.1"}, "not '0.1'"),
        ({"metric_name": "row_count", "detector": "adaptiv"}, "no detector is called 'adaptiv'; did you mean"),
        ({"metric_name": "schema", "detector": "threshold"}, "the schema is compared, not predicted"),
        ({"metric_name": "null_rate"}, "write column="),
        ({"metric_name": "null_rat", "column": "a"}, "did you mean 'null_rate'"),
        ({"metric_name": ""}, "write a name"),
    ],
)
def test_what_cannot_be_watched_is_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(CheckError) as raised:
        monitor(**arguments)  # type: ignore[arg-type]
    assert said in str(raised.value)


def test_a_monitor_that_holds_is_surer_than_one_that_tells() -> None:
    assert monitor("row_count").false_alarms == ALPHAS[ob.Severity.WARN] > ALPHAS[ob.Severity.ERROR]
    assert monitor("row_count", alpha=0.25).false_alarms == 0.25


@pytest.mark.parametrize(
    ("metric", "column", "measure", "words"),
    [
        ("distribution", "x", "unseen", "measure is 'jensen-shannon', 'stability', 'wasserstein', not 'unseen'"),
        ("categories", "x", "psi", "measure is 'jensen-shannon', 'stability', 'unseen', not 'psi'"),
        ("row_count", None, "stability", "measure= is of 'distribution' and 'categories' alone; leave it out"),
    ],
)
def test_a_measure_is_one_that_the_metric_has(metric: str, column: str | None, measure: str, words: str) -> None:
    with pytest.raises(CheckError, match=re.escape(words)):
        monitor(metric, column=column, measure=measure)


def test_declared_ones_take_the_place_of_the_defaults() -> None:
    mine = monitor("row_count", severity="error")
    both = with_defaults((mine,))
    assert both[0] is mine
    assert [m.id for m in both].count("row_count") == 1
    assert {m.id for m in both} == set(DEFAULT_MONITORS)


def test_an_asset_refuses_what_is_no_check_monitor_or_policy() -> None:
    with pytest.raises(CheckError, match=r"monitors= takes ob\.monitor"):
        ob.asset(monitors=["row_count"])  # type: ignore[list-item]
    with pytest.raises(CheckError, match="checks= takes checks"):
        ob.asset(checks=[monitor("row_count")])  # type: ignore[list-item]
    with pytest.raises(
        CheckError, match=r"monitors= takes a list, such as monitors=\[ob.monitor\('row_count'\)\], not"
    ):
        ob.asset(monitors=monitor("row_count"))  # type: ignore[arg-type]
    with pytest.raises(CheckError, match=r"checks= takes a list, such as checks=\[ob.unique\('id'\)\], not"):
        ob.asset(checks=ob.unique("id"))  # type: ignore[arg-type]
    with pytest.raises(CheckError, match=r"metrics= takes a list, such as .*, not 'rows'"):
        ob.asset(metrics="rows")  # type: ignore[arg-type]
    with pytest.raises(CheckError, match="declared twice"):
        ob.asset(monitors=[monitor("row_count"), monitor("row_count")])
    with pytest.raises(CheckError, match=r"gate= takes ob\.GatePolicy"):
        ob.asset(gate=ob.GatePolicy(on_unknown="hodl"))  # type: ignore[arg-type]
    with pytest.raises(CheckError, match=r"gate= takes ob\.GatePolicy"):
        ob.asset(gate="open")  # type: ignore[call-overload]


def test_what_an_asset_carries_is_found_again() -> None:
    @ob.asset(monitors=[monitor("row_count")], gate=ob.GatePolicy(on_learning="hold"))
    def orders() -> None: ...

    assert quality_of(orders).monitors == (Monitor(metric="row_count"),)
    assert quality_of(orders).gate.on_learning == "hold"
