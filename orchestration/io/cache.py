"""Local copies of version files that lie elsewhere: by content hash, so that a copy is never stale."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from orchestration.errors import CorruptData

_GRACE_S = 3600.0
_LEFT_S = 24 * 3600.0
_WORKING = ".writing-"
LIMIT_BYTES = 20 * 2**30


class FileCache:
    """A folder of files named by their SHA-256, which any number of processes share.

    The least recently used go once they take more than ``limit`` bytes together; what was used within the last hour
    stays, for somebody may be reading it.
    """

    def __init__(self, folder: Path, limit: int = LIMIT_BYTES) -> None:
        self.folder = folder
        self._limit = limit

    def working(self) -> tempfile.TemporaryDirectory[str]:
        """A folder on the cache's own disk, for a file that ``keep`` will take."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix=_WORKING, dir=self.folder, ignore_cleanup_errors=True)

    def keep(self, file: Path, sha256: str) -> Path:
        """Move a whole file in; returns where it lies now."""
        final = self._place(sha256, file.suffix)
        os.replace(file, final)
        self._make_room(final)
        return final

    def fetch(self, sha256: str, suffix: str, download: Callable[[BinaryIO], None]) -> Path:
        """The file of a content hash; ``download`` writes it, once, where it isn't there.

        Raises
        ------
        CorruptData
            What was downloaded hashes to something else.
        """
        final = self._place(sha256, suffix)
        try:
            os.utime(final)
            return final
        except FileNotFoundError:
            pass
        with self.working() as folder:
            working = Path(folder, final.name)
            with open(working, "xb") as stream:
                download(stream)
            with open(working, "rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
            if found != sha256:
                raise CorruptData("it isn't what was written (its hash differs)")
            return self.keep(working, sha256)

    def _place(self, sha256: str, suffix: str) -> Path:
        return self.folder / f"{sha256}{suffix}"

    def _make_room(self, newest: Path) -> None:
        before = time.time() - _GRACE_S
        there = []
        for entry in os.scandir(self.folder):
            if entry.name.startswith(_WORKING):
                _remove_if_left(Path(entry.path))
            elif entry.is_file():
                try:
                    there.append((entry.stat().st_mtime, entry.stat().st_size, entry.path))
                except FileNotFoundError:
                    continue  # another process has just made room
        over = sum(size for _, size, _ in there) - self._limit
        for used_at, size, path in sorted(there):
            if over <= 0 or used_at > before:
                return
            if path != str(newest):
                Path(path).unlink(missing_ok=True)
                over -= size


def _remove_if_left(folder: Path) -> None:
    """Remove what a process that died was writing: nobody writes one file for a day."""
    with suppress(FileNotFoundError):
        if folder.stat().st_mtime < time.time() - _LEFT_S:
            shutil.rmtree(folder, ignore_errors=True)
