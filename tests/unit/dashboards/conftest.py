"""A shop with something held, as pages and their forms show it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dashboards.app import create_app
from observer.project import Project, open_project
from observer.settings import ServeSettings
from tests.unit.observer.shop import put_lost_names, shop


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve days of orders have run, and the last is held."""
    made = shop(tmp_path_factory.mktemp("held") / "shop")
    days = put_lost_names(made)
    work = open_project(made)
    work.run(work.plan("orders", f"{days[0]}..{days[-1]}"), trigger="test")
    work.close()
    return made


@pytest.fixture
def work(folder: Path) -> Iterator[Project]:
    project = open_project(folder)
    yield project
    project.close()


@pytest.fixture
def asking(work: Project) -> TestClient:
    """Who reads the pages of `work`, and sends its forms."""
    app = create_app(work.reads(), ServeSettings(), work)
    return TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False)
