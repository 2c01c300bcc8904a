import re
from dataclasses import replace

import pytest

from observer.alerts.when import When, parse_when
from observer.errors import ProjectError
from observer.model import Incident, Severity
from orchestration.graph import Graph
from orchestration.model import AssetKey


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("", True),
        ("severity>=warn", True),
        ("severity >= error", True),
        ("severity=error", True),
        ("severity=warn", False),
        ("asset:flights", True),
        ("asset:fl*", True),
        ("asset:weather", False),
        ("severity>=error and asset:flights", True),
        ("severity>=error  and  asset:weather*", False),
        ("owner:ana@example.com", True),
        ("owner:*@example.com and tag:pii", True),
        ("owner:bo@example.com", False),
        ("tag:pii", True),
        ("group:reports", False),
        ("group:raw and severity=error", True),
        ("(group:reports or tag:pii) and severity>=error", True),
        ("not tag:pii", False),
        ("+daily_delays", True),
        ("asset:flights and group:reports", False),
    ],
)
def test_accepts(text: str, accepted: bool, incident: Incident, graph: Graph) -> None:
    assert parse_when(text, graph).accepts(incident) is accepted


def test_an_incident_belongs_to_whom_it_was_assigned_to(incident: Incident, graph: Graph) -> None:
    given = replace(incident, assigned=("bo@example.com",))
    assert parse_when("owner:bo@example.com", graph).accepts(given)
    assert not parse_when("owner:ana@example.com", graph).accepts(given)
    assert not parse_when("owner:*", graph).accepts(replace(incident, asset=AssetKey("gone")))


def test_a_warning_is_below_error(incident: Incident, graph: Graph) -> None:
    warning = replace(incident, severity=Severity.WARN)
    assert not parse_when("severity>=error", graph).accepts(warning)
    assert parse_when("severity=warn", graph).accepts(warning)
    assert When().accepts(warning)


def test_names_are_case_sensitive_and_whole(incident: Incident, graph: Graph) -> None:
    assert not parse_when("asset:flights", graph).accepts(replace(incident, asset=AssetKey("Flights")))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("severity>=eror", "no severity is called 'eror'; did you mean 'error'?"),
        ("severty>=error", "did you mean 'severity'?"),
        ("severity>error", "can't read 'severity>error'"),
        ("severity>=error or asset:x", "one channel more"),
        ("assets:x", "did you mean 'asset'?"),
        ("severity>=error and", "can't read"),
        ("severity=warn and severity=error", "two severities at once"),
        ("asset:", "can't read"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, said: str, graph: Graph) -> None:
    with pytest.raises(ProjectError) as caught:
        parse_when(text, graph, where="tidegate.toml: env.prod.channels[0].when")
    assert str(caught.value).startswith("tidegate.toml: env.prod.channels[0].when: ")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("asset:flihgts", "no asset is called 'flihgts'; did you mean 'flights'"),
        ("tag:pi", "did you mean 'pii'"),
        ("owner:ana@example.com and (group:raws)", "did you mean 'raw'"),
        ("asset:flights, weather", "put brackets around"),
        ("(tag:pii", "can't read"),
        (")tag:pii( and severity=error", "can't be read"),
        ('severity=error and "tag:pii', "can't read"),
        ("status:held", "status"),
    ],
)
def test_what_nothing_carries_is_refused_with_the_nearest(text: str, said: str, graph: Graph) -> None:
    with pytest.raises(ProjectError, match=re.escape(said)):
        parse_when(text, graph)
