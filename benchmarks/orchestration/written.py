"""Projects as files, as both sides load them; imported by scripts of either environment, so it imports neither."""

from __future__ import annotations

import py_compile
from pathlib import Path


def write_chain(folder: Path, size: int, header: str, decorator: str) -> Path:
    """``pipeline.py`` with a chain of functions that return 1, compiled as Python leaves it after its first import."""
    lines = [header]
    for n in range(size):
        lines.append(f"\n\n{decorator}\ndef a{n}({f'a{n - 1}' if n else ''}):\n    return 1\n")
    return _written(folder, "".join(lines))


def write_fan(folder: Path, size: int, header: str, decorator: str) -> Path:
    """``pipeline.py`` with functions side by side that return 1."""
    lines = [header, *(f"\n\n{decorator}\ndef a{n}():\n    return 1\n" for n in range(size))]
    return _written(folder, "".join(lines))


def _written(folder: Path, text: str) -> Path:
    file = folder / "pipeline.py"
    file.write_text(text)
    py_compile.compile(str(file), doraise=True)
    return file
