"""Every IO manager obeys the laws that `orchestration.testing` publishes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.errors import LeaseLost
from orchestration.io.base import IOManager
from orchestration.io.files import FilesIOManager
from orchestration.io.formats import Choice
from orchestration.io.laws import OBJECT_LAWS, TABLE_LAWS
from orchestration.io.memory import MemoryIOManager
from orchestration.io.routed import RoutedIOManager
from orchestration.model import Address, AssetKey
from orchestration.testing import check_io_manager


@pytest.fixture(params=["files", "arrow", "memory", "routed"])
def io(request: pytest.FixtureRequest, tmp_path: Path) -> IOManager:
    managers: dict[str, Callable[[], IOManager]] = {
        "files": lambda: FilesIOManager(tmp_path / "data"),
        "arrow": lambda: FilesIOManager(tmp_path / "data", Choice(frames="arrow")),
        "memory": MemoryIOManager,
        "routed": lambda: RoutedIOManager(
            FilesIOManager(tmp_path / "data"),
            {AssetKey("it's"): MemoryIOManager(), AssetKey("frames"): FilesIOManager(tmp_path / "frames")},
        ),
    }
    return managers[request.param]()


@pytest.mark.parametrize("law", TABLE_LAWS + OBJECT_LAWS, ids=lambda law: law.__name__)
def test_obeys(law: Callable[[IOManager], None], io: IOManager) -> None:
    law(io)


def test_the_suite_catches_one_that_ignores_tokens(tmp_path: Path) -> None:
    class Careless(FilesIOManager):
        def publish(self, address: Address, version: str, token: int) -> None:
            try:
                super().publish(address, version, token)
            except LeaseLost:
                super().publish(address, version, token + 100)

    with pytest.raises(AssertionError, match="lower token"):
        check_io_manager(_numbered(Careless, tmp_path))


def test_the_suite_passes_ours(tmp_path: Path) -> None:
    check_io_manager(_numbered(FilesIOManager, tmp_path))


def _numbered(kind: type[FilesIOManager], folder: Path) -> Callable[[], IOManager]:
    folders = (folder / str(n) for n in range(1000))
    return lambda: kind(next(folders))
