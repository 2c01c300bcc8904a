"""A project whose data lies in an object store: published, held, examined, and made in worker processes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from observer.doctor.examine import examine
from observer.doctor.model import Health
from observer.project import open_project
from tests.support import s3
from tests.unit.observer.shop import TOML, put, shop

DAY = "2024-02-01"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with s3.running_server() as address:
        yield address


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["inline", "processes"])
def test_a_project_in_an_object_store(server: str, tmp_path: Path, executor: str) -> None:
    folder = shop(tmp_path / "shop")
    storage = ", ".join(f"{name} = {json.dumps(value)}" for name, value in s3.storage(server).items())
    io = f'io.default = {{ kind = "files", path = "s3://{s3.bucket(server)}/data", storage = {{ {storage} }} }}\n'
    (folder / "tidegate.toml").write_text(f'{TOML}{io}executor = {{ kind = "{executor}" }}\n')
    put(folder, DAY, ["good"] * 60)
    work = open_project(folder)
    try:
        assert work.run(work.plan("orders", DAY), trigger="test").steps[-1].status == "published"
        put(folder, DAY, ["bad"] * 60)
        assert work.run(work.plan("orders", DAY, force=True), trigger="test").steps[-1].status == "held"
        published = work.load("orders", DAY, wants="pd.DataFrame")
        assert isinstance(published, pd.DataFrame)
        assert set(published["name"]) == {"good"}
    finally:
        work.close()
    assert not (folder / ".tidegate" / "data").exists()
    findings = examine(folder, None, fix=False, deep=True, send=False)
    assert [found for found in findings if found.health not in (Health.OK, Health.WARNING)] == []
