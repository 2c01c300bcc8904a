"""Hashes of syntax trees, kept beside the bytecode: found again, and never of another source."""

import ast
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.source_file import SourceFile

SOURCE = "def one():\n    return 1\n\n\ndef two():\n    return [lambda: 2 for _ in ()]\n"
Hashes = tuple[str | None, str | None, str]


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was parsed, in order."""
    found: list[bytes] = []
    parse: Callable[[bytes], ast.Module] = ast.parse
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    monkeypatch.setattr("orchestration.source_file.ast.parse", lambda source: (found.append(source), parse(source))[1])
    return found


def hashes(file: Path, *, keep: bool = True) -> Hashes:
    source = SourceFile(file)
    found = source.function(1, "one"), source.function(6, "<lambda>"), source.whole()
    if keep:
        source.keep()
    return found


def test_a_file_is_parsed_once(tmp_path: Path, parsed: list[bytes]) -> None:
    file = tmp_path / "code.py"
    file.write_text(SOURCE)
    first = hashes(file)
    assert None not in first
    parsed.clear()
    assert hashes(file) == first
    assert parsed == []
    assert SourceFile(file).function(1, "two") is None


def test_a_changed_file_is_parsed_again(tmp_path: Path, parsed: list[bytes]) -> None:
    file = tmp_path / "code.py"
    file.write_text(SOURCE)
    first = hashes(file)
    file.write_text(SOURCE.replace("return 1", "return 3"))
    second = hashes(file)
    assert first[0] != second[0]
    assert first[1] == second[1]
    assert first[2] != second[2]
    file.write_text(SOURCE)
    assert hashes(file) == first


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"source": 1}', b"\xff\xfe"])
def test_what_was_kept_and_damaged_counts_for_nothing(damage: bytes, tmp_path: Path, parsed: list[bytes]) -> None:
    file = tmp_path / "code.py"
    file.write_text(SOURCE)
    first = hashes(file)
    (kept,) = (tmp_path / "__pycache__").iterdir()
    kept.write_bytes(damage)
    parsed.clear()
    assert hashes(file) == first
    assert parsed != []


def test_where_nothing_can_be_kept_it_goes_on(tmp_path: Path, parsed: list[bytes]) -> None:
    file = tmp_path / "code.py"
    file.write_text(SOURCE)
    (tmp_path / "__pycache__").write_text("in the way")
    assert hashes(file) == hashes(file)
    assert SourceFile(tmp_path / "none.py").function(1, "one") is None
    with pytest.raises(OSError, match="none"):
        SourceFile(tmp_path / "none.py").whole()


def test_python_told_to_write_nothing_is_obeyed(
    tmp_path: Path, parsed: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    file = tmp_path / "code.py"
    file.write_text(SOURCE)
    hashes(file)
    assert not (tmp_path / "__pycache__").exists()
