from collections.abc import Mapping
from dataclasses import replace

import pytest

from observer.alerts.base import Channel, Terms
from observer.alerts.notify import Event, hearing
from observer.alerts.routing import DELIVERY, channel_in, place_of, routes, some, unrouted, wanting
from observer.alerts.webhook import WebhookChannel
from observer.alerts.when import parse_when
from observer.model import Incident, Severity
from orchestration.graph import Graph
from orchestration.model import AssetKey


def made(graph: Graph, conditions: Mapping[str, str], *fallbacks: str) -> list[Channel]:
    return [
        WebhookChannel(
            name, "http://127.0.0.1:1", "s", parse_when(when, graph), terms=Terms(fallback=name in fallbacks)
        )
        for name, when in conditions.items()
    ]


def test_what_nobody_else_hears_of_goes_to_the_fallback(graph: Graph, incident: Incident) -> None:
    channels = made(graph, {"pii": "tag:pii", "rest": "", "night": "severity>=error"}, "rest", "night")
    assert wanting(incident, channels) == ("pii",)
    assert wanting(replace(incident, asset=AssetKey("weather")), channels) == ("rest", "night")
    warning = replace(incident, asset=AssetKey("weather"), severity=Severity.WARN)
    assert wanting(warning, channels) == ("rest",)
    assert hearing(Event.OPENED, warning, "prod", channels, ()) == {"prod": ("rest",)}


def test_of_an_asset_that_has_left_the_project_hears_who_asks_for_none(graph: Graph, incident: Incident) -> None:
    channels = made(graph, {"pii": "tag:pii", "all": ""})
    assert wanting(replace(incident, asset=AssetKey("gone")), channels) == ("all",)


def test_of_a_channel_that_fails_all_others_hear(graph: Graph, incident: Incident) -> None:
    channels = made(graph, {"ops": "", "pii": "tag:pii and severity=warn"})
    sick = replace(incident, asset=place_of("ops"), subjects=(DELIVERY,))
    assert channel_in(sick) == "ops"
    assert wanting(sick, channels) == ("pii",)
    assert channel_in(incident) is None


def test_routes_and_what_nobody_would_hear_of(graph: Graph) -> None:
    channels = made(graph, {"pii": "tag:pii", "bo": "owner:bo@example.com and severity>=error"})
    assert routes(graph, channels, Severity.ERROR) == {"flights": ("pii",), "daily_delays": ("bo",), "weather": ()}
    assert routes(graph, channels, Severity.WARN)[AssetKey("daily_delays")] == ()
    assert unrouted(graph, channels) == ("weather",)
    assert unrouted(graph, made(graph, {"all": ""})) == ()
    assert unrouted(graph, ()) == tuple(graph.order)


@pytest.mark.parametrize(
    ("count", "said"), [(1, "a0"), (5, "a0, a1, a2, a3, a4"), (7, "a0, a1, a2, a3, a4 and 2 more assets")]
)
def test_some(count: int, said: str) -> None:
    assert some([AssetKey(f"a{n}") for n in range(count)]) == said
