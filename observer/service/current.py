"""The project as it is now: opened once, and again when its files have changed and can be used."""

from __future__ import annotations

import importlib
import linecache
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

from observer.config import FILE_NAME, PYPROJECT
from observer.errors import TidegateError
from observer.project import Project

_log = logging.getLogger("tidegate.project")
_NOT_OURS = frozenset({"site-packages", "dist-packages"})


class Current:
    """``work`` is the last project that could be opened, ``problem`` why the files as they are now can't be used.

    Parameters
    ----------
    opening: opens the project as its files are.
    """

    def __init__(self, opening: Callable[[], Project]) -> None:
        self._opening = opening
        self.work = opening()
        self.problem: str | None = None
        self._seen = self._stamps()

    def follow(self) -> bool:
        """Open the project anew where one of its files has changed; whether it is another one now."""
        if (now := self._stamps()) == self._seen:
            return False
        self._seen = now
        before = self._forget()
        try:
            work = self._opening()
        except TidegateError as error:
            self._restore(before)
            self.problem = str(error)
            _log.error("the project's files can't be used, the last good ones stay: %s", error)
            return False
        finally:
            self._seen = {path: now.get(path, stamp) for path, stamp in self._stamps().items()}
        if self.problem is not None:
            _log.warning("the project's files can be used again")
        self.work, last = work, self.work
        self.problem = None
        last.engine.dispose()  # what is being asked of it still is answered
        return True

    def _stamps(self) -> Mapping[Path, tuple[int, int]]:
        """When each file that the project is made of was written, and how long it is."""
        found: dict[Path, tuple[int, int]] = {}
        root = self.work.config.root
        for path in {root / FILE_NAME, root / PYPROJECT, self.work.config.project, *self._files()}:
            try:
                stat = path.stat()
            except OSError:  # gone, or not there yet
                continue
            found[path] = (stat.st_mtime_ns, stat.st_size)
        return found

    def _files(self) -> Iterator[Path]:
        return (path for _, path in self._modules())

    def _modules(self) -> Iterator[tuple[str, Path]]:
        """The imported modules that lie in the project's folder, installed libraries left out."""
        root = self.work.config.root
        for name, module in tuple(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if file is None or name == "__main__":
                continue
            path = Path(file)
            if path.is_relative_to(root) and not _NOT_OURS & set(path.relative_to(root).parts):
                yield name, path

    def _forget(self) -> Mapping[str, ModuleType]:
        """Let the project's modules be imported anew."""
        before = {name: sys.modules.pop(name) for name, _ in tuple(self._modules())}
        importlib.invalidate_caches()
        linecache.checkcache()
        return before

    def _restore(self, before: Mapping[str, ModuleType]) -> None:
        for name, _ in tuple(self._modules()):
            sys.modules.pop(name, None)
        sys.modules.update(before)
