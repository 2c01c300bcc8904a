"""The syntax trees of one Python file as hashes, kept beside its bytecode so that the file is parsed once."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

Place = tuple[int, str]
"""Where a function stands: its first line, which is that of its first decorator, and its name."""

_WHOLE: Place = (0, "")
_FORMAT = 1
"""Changes when the hash of an unchanged tree does."""


class SourceFile:
    """Hashes of a file's functions, without comments, docstrings, layout and decorators.

    What was found is kept in a file of Python's cache folder (``__pycache__``), under the hash of the source, as far as
    Python may write there; without it the source is parsed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._source: bytes | None = path.read_bytes()
        except OSError:
            self._source = None
        self._name = f"{_FORMAT}.{hashlib.sha256(self._source or b'').hexdigest()}"
        self._hashes = self._kept()
        self._is_new = False
        self._tree: ast.Module | None = None
        self._outer: dict[Place, ast.AST] = {}
        self._inner: dict[Place, str] | None = None

    def function(self, first_line: int, name: str) -> str | None:
        """The hash of a function's syntax tree; None where the file holds no such function."""
        return self._hash((first_line, name), lambda: self._function((first_line, name)))

    def whole(self) -> str:
        """The hash of the whole file's syntax tree; raises SyntaxError, or OSError where there is no file."""
        if self._source is None:
            return hashlib.sha256(_text(ast.parse(self._path.read_bytes())).encode()).hexdigest()
        return self._hash(_WHOLE, lambda: _text(ast.parse(self._source or b""))) or ""

    def keep(self) -> None:
        """Keep what was found for the next process; where that can't be, it parses again."""
        if not self._is_new or sys.dont_write_bytecode:
            return
        file = self._cache()
        body = {"source": self._name, "hashes": [[*place, found] for place, found in self._hashes.items()]}
        staged = file.with_name(f"{file.name}.{os.getpid()}")
        with suppress(OSError):
            file.parent.mkdir(exist_ok=True)
            staged.write_text(json.dumps(body), encoding="utf-8")
            staged.replace(file)
            self._is_new = False

    def _hash(self, place: Place, text_of: Callable[[], str | None]) -> str | None:
        if (found := self._hashes.get(place)) is None:
            if (text := text_of()) is None:
                return None
            found = self._hashes[place] = hashlib.sha256(text.encode()).hexdigest()
            self._is_new = True
        return found

    def _function(self, place: Place) -> str | None:
        if self._tree is None:
            try:
                self._tree = ast.parse(self._source or b"")
            except (SyntaxError, ValueError):
                self._tree = ast.Module([], [])
            functions = ast.FunctionDef | ast.AsyncFunctionDef
            self._outer = {(_first_line(n), n.name): n for n in self._tree.body if isinstance(n, functions)}
        if (outer := self._outer.get(place)) is not None:  # most are, and need no walk through the whole file
            return _text(outer)
        if self._inner is None:
            self._inner = _functions(self._tree)
        return self._inner.get(place)

    def _kept(self) -> dict[Place, str]:
        try:
            body = json.loads(self._cache().read_bytes())
            if body["source"] == self._name:
                return {(line, name): found for line, name, found in body["hashes"]}
        except (OSError, ValueError, KeyError, TypeError):
            pass  # there is none, or none of ours
        return {}

    def _cache(self) -> Path:
        return Path(importlib.util.cache_from_source(str(self._path), optimization="tidegate")).with_suffix(".json")


def _functions(tree: ast.AST) -> dict[Place, str]:
    """Every function in a tree. Those that share name and line, such as two lambdas, are taken together."""
    found: dict[Place, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda):
            place = node.lineno, "<lambda>"
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            place = _first_line(node), node.name
        else:
            continue
        found[place] = found.get(place, "") + _text(node)
    return found


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])


def _text(node: ast.AST) -> str:
    """A syntax tree without docstrings and decorators; as ``ast.dump``, in a third of its time."""
    words: list[str] = []
    _write(node, words.append)
    return " ".join(words)


def _write(node: ast.AST, add: Callable[[str], None]) -> None:
    add(type(node).__name__)
    for name in node._fields:
        value = getattr(node, name, None)
        if value is None or type(value) is str:
            add(repr(value))
        elif type(value) is list:
            if value and name != "decorator_list":
                _write_all(value[1:] if name == "body" and _has_docstring(value) else value, add)
            add("]")
        elif isinstance(value, ast.AST):
            _write(value, add)
        else:
            add(repr(value))


def _write_all(items: list[object], add: Callable[[str], None]) -> None:
    for item in items:
        if isinstance(item, ast.AST):
            _write(item, add)
        else:  # a name after global, or a key that ** leaves out
            add(repr(item))


def _has_docstring(body: list[ast.stmt]) -> bool:
    first = body[0] if len(body) > 1 else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
