"""What a package hands on is exactly what it says, in order."""

import importlib
from pathlib import Path

import pytest

from tests.support.repository import PACKAGES, ROOT, sources


def faces() -> list[str]:
    """The four packages and those of their sub-packages that name an `__all__`."""
    inner = [path.parent for path in sources() if path.name == "__init__.py" and "__all__" in path.read_text()]
    return sorted({*PACKAGES, *(dotted(folder) for folder in inner)})


def dotted(folder: Path) -> str:
    return ".".join(folder.relative_to(ROOT).parts)


@pytest.mark.parametrize("name", faces())
def test_all_is_sorted_and_importable(name: str) -> None:
    module = importlib.import_module(name)
    exported = list(module.__all__)
    assert exported == sorted(exported), f"{name}.__all__ is not in alphabetical order (capitals first)"
    assert len(exported) == len(set(exported)), f"{name}.__all__ names something twice"
    missing = [item for item in exported if not hasattr(module, item)]
    assert not missing, f"{name}.__all__ promises what can't be imported: {missing}"


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_is_typed(name: str) -> None:
    assert (ROOT / name / "py.typed").is_file()
