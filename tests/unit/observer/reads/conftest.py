"""A hand-made store on SQLite; the tests that ask for ``everywhere`` run on PostgreSQL too."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestration.assets import Asset
from tests.unit.observer.reads.made import Store, store

MakeStore = Callable[..., Store]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[MakeStore]:
    made: list[Store] = []

    def new(*assets: Asset, **more: object) -> Store:
        url = f"sqlite:///{tmp_path / f'{len(made)}.db'}"
        made.append(store(url, tmp_path, assets or None, **more))  # type: ignore[arg-type]
        return made[-1]

    yield new
    for each in made:
        each.project.engine.dispose()


@pytest.fixture
def shop(make: MakeStore) -> Store:
    return make()


@pytest.fixture
def everywhere(state_url: str, tmp_path: Path) -> Iterator[Store]:
    made = store(state_url, tmp_path)
    yield made
    made.project.engine.dispose()
