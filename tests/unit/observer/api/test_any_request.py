"""Any request at all, made by schemathesis from our own description: no server error, and answers as described."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from observer.api.app import create_api
from observer.project import Project, open_project
from observer.settings import ServeSettings
from tests.support.soak import seconds
from tests.unit.observer.shop import put, shop

PIPELINE = """
import observer as ob

days = ob.daily(start="2024-01-01")
orders = ob.external("orders")
visits = ob.external("visits", partitions=days)


@ob.asset(deps=[orders])
def report() -> int:
    return 1
"""
HOST = "http://127.0.0.1:8000"
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
ENDLESS = "/api/v1/events"


@pytest.fixture
def work(tmp_path: Path, state_url: str) -> Iterator[Project]:
    folder = shop(tmp_path, pipeline=PIPELINE, toml=f'[env.local]\nstate = "{state_url}"\n')
    put(folder, "2024-01-01")
    project = open_project(folder)
    project.run(project.plan("report", None), trigger="test")
    yield project
    project.close()


def bombard(work: Project, each: int, *, derandomize: bool) -> int:
    """Send ``each`` requests to every operation; returns how many were sent."""
    app = create_api(work.reads(), ServeSettings(), work)
    described = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers={"host": "127.0.0.1"})
    sent = 0
    for found in described.exclude(path=ENDLESS, method="GET").get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=each, deadline=None, derandomize=derandomize, database=None,
            suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate],
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def send(case: schemathesis.Case) -> None:
            nonlocal sent
            sent += 1
            if case.query and "wait" in case.query:
                case.query["wait"] = 0
            case.call_and_validate(base_url=HOST, checks=CHECKS, headers={"host": "127.0.0.1"})

        send()
    return sent


def test_no_request_breaks_the_server(work: Project) -> None:
    assert bombard(work, 8, derandomize=True) > 100


@pytest.mark.soak
def test_no_request_breaks_the_server_for_long(work: Project) -> None:
    until, sent = time.monotonic() + seconds(10) / 2, 0  # on each engine
    while time.monotonic() < until:
        sent += bombard(work, 20, derandomize=False)
    print(f"{sent} requests")
    assert sent > 1000
