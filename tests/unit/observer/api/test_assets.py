"""Reading over HTTP, against a real project with a past."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from observer.access import Role
from observer.api.app import create_api
from observer.project import Project, open_project
from observer.settings import ServeSettings
from observer.tokens import make_token
from tests.unit.observer.shop import put, shop

DAYS = [f"2024-01-0{day}" for day in range(1, 8)]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder: Path = shop(tmp_path_factory.mktemp("shop"))
    for day in DAYS:
        put(folder, day, ["ada", "bob"] if day != DAYS[-1] else ["bad", "bad"])
    project = open_project(folder)
    for day in DAYS:
        project.run(project.plan("report", day), trigger="test")
    yield project
    project.close()


@pytest.fixture
def asking(work: Project) -> TestClient:
    return TestClient(create_api(work.reads(), ServeSettings(), work), base_url="http://127.0.0.1:8000")


def every(asking: TestClient, path: str, by: str = "cursor", **query: Any) -> list[Any]:
    """All items, page by page."""
    found: list[Any] = []
    following: str | None = None
    while True:
        page = asking.get(path, params={**query, **({} if following is None else {by: following})})
        assert page.status_code == 200, page.text
        found += page.json()["items"]
        following = page.json()["next"]
        if following is None:
            return found


def test_assets_by_selection_and_state(asking: TestClient) -> None:
    assert [one["key"] for one in every(asking, "/api/v1/assets", limit=1)] == ["orders", "whole", "report"]
    assert [one["key"] for one in every(asking, "/api/v1/assets", select="orders+")] == ["orders", "report"]
    assert [one["key"] for one in every(asking, "/api/v1/assets", select="status:held")] == ["orders"]
    assert [one["key"] for one in every(asking, "/api/v1/assets", state="never")] == ["whole"]
    assert asking.get("/api/v1/assets?select=ordres").status_code == 404
    assert asking.get("/api/v1/assets?cursor=nothing").status_code == 404
    assert asking.get("/api/v1/assets?limit=501").status_code == 422
    one = asking.get("/api/v1/assets/orders").json()
    assert (one["state"], one["last_partition"], one["partitions"]) == ("held", DAYS[-2], "daily since 2024-01-01, UTC")


def test_what_is_around_an_asset(asking: TestClient) -> None:
    assert asking.get("/api/v1/assets/orders/lineage").json() == {
        "asset": "orders", "upstream": [], "downstream": ["report"], "ancestors": [], "descendants": ["report"],
    }  # fmt: skip


def test_a_metric_as_a_series_page_by_page(asking: TestClient) -> None:
    path = "/api/v1/assets/orders/metrics"
    assert {"metric": "null_rate", "column": "name", "segment": None} in asking.get(path).json()
    pages = [asking.get(f"{path}/row_count", params={"limit": 3}).json()]
    while pages[-1]["next"] is not None:
        pages.append(asking.get(f"{path}/row_count", params={"limit": 3, "before": pages[-1]["next"]}).json())
    found = [point["partition"] for page in reversed(pages) for point in page["items"]]
    assert found == DAYS
    assert pages[0]["items"][-1] | {"run_id": ""} == {
        "at": "2024-01-07T00:00:00Z", "partition": DAYS[-1], "value": 2.0, "accuracy": 0.0, "status": "held",
        "run_id": "",
    }  # fmt: skip
    answer = asking.get(f"{path}/row_cuont")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-name")
    assert asking.get(f"{path}/row_count?before=0001-01-01T00:00:00%2B14:00").status_code == 422


def test_evaluations_page_by_page(asking: TestClient) -> None:
    path = "/api/v1/assets/orders/evaluations"
    found = every(asking, path, limit=7)
    assert [one["id"] for one in found] == sorted((one["id"] for one in found), reverse=True)
    assert len(found) == len(every(asking, path, limit=500))
    (failed,) = every(asking, path, status="failed")
    assert (failed["subject"], failed["partition"]) == ("known", DAYS[-1])
    assert {one["partition"] for one in every(asking, path, partition=DAYS[0])} == {DAYS[0]}
    assert {one["subject"] for one in every(asking, path, subject="unique(id)")} == {"unique(id)"}


def test_runs_page_by_page(asking: TestClient) -> None:
    found = every(asking, "/api/v1/runs", limit=3)
    assert [one["partitions"] for one in found] == list(reversed(DAYS))
    assert found[0]["counts"] == {"held": 1, "blocked": 1}
    assert asking.get("/api/v1/runs?cursor=nothing").status_code == 404


def test_a_token_for_some_assets_reads_those(work: Project, asking: TestClient) -> None:
    _, secret = make_token(work, "x", Role.VIEWER, assets=["orders"], by="ana")
    headers = {"authorization": f"Bearer {secret}"}
    page = asking.get("/api/v1/assets", headers=headers).json()
    assert [one["key"] for one in page["items"]] == ["orders"]
    assert asking.get("/api/v1/assets/orders/lineage", headers=headers).json()["descendants"] == []
    for path in ("whole", "whole/lineage", "whole/metrics", "whole/metrics/row_count", "whole/evaluations"):
        assert asking.get(f"/api/v1/assets/{path}", headers=headers).status_code == 403
    assert asking.get("/api/v1/runs", headers=headers).status_code == 403
