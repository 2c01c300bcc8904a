"""From the project file to where each asset's versions are kept."""

from pathlib import Path

import pytest

import observer as ob
from observer.config import read
from observer.errors import ProjectError, UnknownName
from observer.io_managers import io_of, keepers_of
from orchestration.graph import Graph
from orchestration.io.files import FilesIOManager
from orchestration.io.routed import RoutedIOManager
from orchestration.model import AssetKey


def graph() -> Graph:
    @ob.asset(tags=["model"])
    def fitted() -> int:
        return 1

    @ob.asset
    def orders() -> int:
        return 1

    return Graph([fitted, orders])


def opened(folder: Path, io: str) -> object:
    (folder / "tidegate.toml").write_text(f"[env.local]\n{io}\n", encoding="utf-8")
    return io_of(read(folder, None), graph())


def test_one_is_itself(tmp_path: Path) -> None:
    found = opened(tmp_path, "")
    assert isinstance(found, FilesIOManager)
    assert found.root == tmp_path / ".tidegate/data"


def test_a_selection_says_which_assets_the_others_keep(tmp_path: Path) -> None:
    found = opened(tmp_path, "io.default.path = 'data'\nio.models = { path = 'models', assets = 'tag:model' }")
    assert isinstance(found, RoutedIOManager)
    roots = {key: getattr(found.keeper(AssetKey(key)), "root", None) for key in ("fitted", "orders", "never heard of")}
    assert roots == {"fitted": tmp_path / "models", "orders": tmp_path / "data", "never heard of": tmp_path / "data"}
    keepers = keepers_of(read(tmp_path, None), graph())
    assert {key: one.name for key, one in keepers.items()} == {"fitted": "models", "orders": "default"}


@pytest.mark.parametrize(
    ("io", "said"),
    [
        ("io.a = { path = 'a', assets = '*' }\nio.b = { path = 'b', assets = 'orders' }", "both keep orders"),
        ("io.a = { path = 'a', assets = 'oders' }", "no asset is called 'oders'; did you mean 'orders'"),
        ("io.default = { pth = 'a' }", "no option of kind 'files' is called 'pth'; did you mean 'path'"),
        ("io.default = { path = 3 }", "path is no text"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, io: str, said: str) -> None:
    with pytest.raises((ProjectError, UnknownName, OSError)) as raised:
        opened(tmp_path, io)
    assert said in str(raised.value)
