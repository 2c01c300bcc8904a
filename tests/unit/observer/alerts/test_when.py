from dataclasses import replace

import pytest

from observer.alerts.when import When, parse_when
from observer.errors import ProjectError
from observer.model import Incident, Severity
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
        ("asset:orders", False),
        ("severity>=error and asset:flights", True),
        ("severity>=error  and  asset:weather*", False),
    ],
)
def test_accepts(text: str, accepted: bool, incident: Incident) -> None:
    assert parse_when(text).accepts(incident) is accepted


def test_a_warning_is_below_error(incident: Incident) -> None:
    warning = replace(incident, severity=Severity.WARN)
    assert not parse_when("severity>=error").accepts(warning)
    assert parse_when("severity=warn").accepts(warning)
    assert When().accepts(warning)


def test_names_are_case_sensitive_and_whole(incident: Incident) -> None:
    assert not parse_when("asset:flight").accepts(incident)
    assert not parse_when("asset:flights").accepts(replace(incident, asset=AssetKey("Flights")))


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
def test_what_cannot_be_read_is_said(text: str, said: str) -> None:
    with pytest.raises(ProjectError) as caught:
        parse_when(text, where="tidegate.toml: env.prod.channels[0].when")
    assert str(caught.value).startswith("tidegate.toml: env.prod.channels[0].when: ")
    assert said in str(caught.value)


def test_an_unknown_asset_names_the_nearest() -> None:
    with pytest.raises(ProjectError, match="no asset is called 'flihgts'; did you mean 'flights'"):
        parse_when("asset:flihgts", assets=["flights", "weather"])
    assert parse_when("asset:fl*", assets=["flights"]).assets == ("fl*",)
