"""A project's folder as one archive, for machines that don't have it."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

from orchestration.executors.errors import ExecutorError

_LARGEST_BYTES = 64 * 2**20
_LEFT_OUT = frozenset({"__pycache__", "node_modules", "venv"})


def packed(folder: Path) -> bytes:
    """What the folder holds as a zip file, hidden files and environments left out; raises ExecutorError."""
    if not folder.is_dir():
        raise ExecutorError(f"{folder} can't be shipped to the workers: it is no folder; nothing was begun")
    body, total = io.BytesIO(), 0
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED, compresslevel=1, strict_timestamps=False) as archive:
        for where, names, files in os.walk(folder):
            names[:] = sorted(name for name in names if name not in _LEFT_OUT and not name.startswith("."))
            for name in sorted(file for file in files if not file.startswith(".")):
                path = Path(where, name)
                if not path.is_file():
                    continue
                total += path.stat().st_size
                if total > _LARGEST_BYTES:
                    raise ExecutorError(
                        f"{folder} can't be shipped to the workers: it holds more than {_LARGEST_BYTES // 2**20} MiB "
                        "of files; nothing was begun; keep data outside of it, or install the code on the workers"
                    )
                archive.write(path, path.relative_to(folder))
    return body.getvalue()
