"""Any address at all of a page: no server error, on either database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dashboards.app import create_app
from observer.project import open_project
from observer.settings import ServeSettings
from tests.unit.observer.shop import put, shop

PATHS = (
    "/", "/now.json", "/assets", "/assets.json", "/graph", "/graph.json", "/incidents", "/incidents.json", "/runs",
    "/runs.json", "/schedules", "/feedback", "/plan",
)  # fmt: skip
BELOW = (
    "/assets/{}", "/assets/{}.json", "/assets/orders/monitors/{}", "/assets/{}/monitors/row_count", "/incidents/{}",
    "/incidents/{}.json", "/runs/{}", "/runs/{}.json", "/static/{}/tidegate.css", "/{}",
)  # fmt: skip
FIELDS = (
    "select", "state", "status", "group", "owner", "tag", "kind", "page", "partition", "from", "to", "at", "before",
    "part", "panel", "axis", "scale", "over", "go", "since", "until", "day", "steps", "open", "groups", "asset",
    "monitor", "as", "every", "undo", "last", "upstream", "force",
)  # fmt: skip
ODD = (
    "", "\0", "orders", "report", "row_count", "null_rate(name)", "backtest", "run", "clock", "week", "json", "1", "0",
    "-1", "9" * 40, "2024-02-01", "2024-02-30", "2024-02-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31",
    "expected", "no", "yes", ".", "1.1", "status:held", "orders+", "(", "'", '"', "%", "*", "a" * 3000, "\u202e",
)  # fmt: skip
ANY = st.sampled_from(ODD) | st.text(max_size=20)


@pytest.fixture
def http(tmp_path: Path, state_url: str) -> Iterator[TestClient]:
    folder = shop(tmp_path / "shop", toml=f'[env.local]\nclock = "2024-03-01 06:00 UTC"\nstate = "{state_url}"\n')
    put(folder, "2024-02-01")
    work = open_project(folder)
    work.run(work.plan("orders", "2024-02-01"), trigger="test")
    app = create_app(work.reads(), ServeSettings(), work)
    yield TestClient(app, base_url="http://127.0.0.1:8000", headers={"accept": "text/html"}, follow_redirects=False)
    work.close()


def _encoded(text: str) -> str:
    return quote(text, safe="/", errors="surrogatepass")


def _below(where: str, name: str) -> str:
    return where.format(_encoded(name))


def test_no_address_breaks_a_page(http: TestClient) -> None:
    answered: set[int] = set()

    @settings(
        max_examples=80, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(
        path=st.sampled_from(PATHS) | st.builds(_below, st.sampled_from(BELOW), ANY),
        query=st.lists(st.tuples(st.sampled_from(FIELDS), ANY), max_size=3),
    )
    def ask(path: str, query: list[tuple[str, str]]) -> None:
        address = f"{path}?{urlencode(query, errors='surrogatepass')}"
        answer = http.get(address)
        answered.add(answer.status_code)
        assert answer.status_code < 500, address

    ask()
    assert {200, 404} <= answered


def test_what_no_database_can_be_asked_for_is_not_there(http: TestClient) -> None:
    panel = "/assets/orders/monitors/row_count?part=%00&panel=backtest"
    below = ("/assets/%00", "/assets/%00.json", "/assets/orders/monitors/%00", panel.partition("&")[0], panel)
    for address in (*below, "/runs/%00", "/incidents/%00"):
        assert http.get(address).status_code == 404, address
