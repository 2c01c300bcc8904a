"""The code version of an asset: what the function, and the project's own code that it uses, say.

It is a hash of syntax trees, without comments, docstrings, layout and decorators, so that a changed check or
a reformatted file makes nothing again, while a changed helper does.
"""

from __future__ import annotations

import ast
import hashlib
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from functools import partial
from pathlib import Path, PurePath
from types import CodeType, FunctionType, MethodType, ModuleType

from orchestration.assets import Asset
from orchestration.garbage import uncollected
from orchestration.model import AssetKey
from orchestration.multi_assets import MultiAsset

_PLAIN = (
    str, bytes, int, float, complex, bool, type(None), date, time, timedelta, tzinfo, Decimal, PurePath,
    range, re.Pattern,
)  # fmt: skip


class CodeVersions:
    """Derives code versions; one object a loaded project, because it keeps the parsed files.

    Parameters
    ----------
    root:
        The folder whose Python files are the project's own code; other modules are taken as they are.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._files: dict[str, _File] = {}
        self._modules: dict[str, bytes] = {}
        self._ours: dict[str, bool] = {}

    def of_all(self, assets: Iterable[Asset]) -> dict[AssetKey, str]:
        """The code version of each asset."""
        with uncollected():
            return {asset.key: self.of(asset) for asset in assets}

    def of(self, asset: Asset) -> str:
        """The explicit code version, else the hash of query or function; 16 hexadecimal digits."""
        if asset.code_version is not None:
            return asset.code_version
        digest = hashlib.sha256()
        if asset.sql is not None:
            digest.update(asset.sql.encode())
        if asset.function is not None:
            self._function(asset.function, digest.update, set())
        return digest.hexdigest()[:16]

    def _function(self, function: object, add: Callable[[bytes], None], seen: set[int]) -> None:
        if isinstance(function, partial):
            self._value([function.args, function.keywords], add, seen)
            return self._function(function.func, add, seen)
        if isinstance(function, MethodType):
            self._value(function.__self__, add, seen)
            return self._function(function.__func__, add, seen)
        if id(function) in seen:
            return None
        code = getattr(function, "__code__", None)
        if not isinstance(code, CodeType):  # an object that can be called
            return self._value(type(function), add, seen)
        seen.add(id(function))
        add(self._source(code).encode())
        self._value(getattr(function, "__defaults__", None), add, seen)
        self._value(getattr(function, "__kwdefaults__", None), add, seen)
        for cell in getattr(function, "__closure__", None) or ():
            try:
                self._value(cell.cell_contents, add, seen)
            except ValueError:  # a name that was never bound
                continue
        scope = getattr(function, "__globals__", {})
        for name in sorted(_names(code)):
            if name in scope:
                add(name.encode())
                self._value(scope[name], add, seen)
        return None

    def _value(self, value: object, add: Callable[[bytes], None], seen: set[int]) -> None:
        if isinstance(value, Enum):
            add(f"{type(value).__qualname__}.{value.name}={value.value!r}\0".encode())
        elif isinstance(value, _PLAIN):
            add(f"{value!r}\0".encode())
        elif isinstance(value, set | frozenset):
            add(f"{sorted(map(repr, value))!r}\0".encode())
        elif isinstance(value, list | tuple | dict):
            self._container(value, add, seen)
        elif isinstance(value, Asset | MultiAsset):
            return  # another asset's code is that asset's business
        elif isinstance(value, FunctionType):
            if self._is_ours(value.__code__.co_filename):
                self._function(value, add, seen)
        elif isinstance(value, partial | MethodType):
            self._function(value, add, seen)
        elif isinstance(value, ModuleType):
            self._module(value, add, seen)
        elif isinstance(value, type):
            self._module(sys.modules.get(value.__module__), add, seen)
        elif is_dataclass(value):  # a project's settings
            add(type(value).__qualname__.encode())
            self._container({f.name: getattr(value, f.name, None) for f in fields(value)}, add, seen)

    def _container(
        self,
        value: list[object] | tuple[object, ...] | dict[str, object],
        add: Callable[[bytes], None],
        seen: set[int],
    ) -> None:
        if isinstance(value, list | dict):
            if id(value) in seen:  # it may hold itself
                return
            seen.add(id(value))
        add(f"{type(value).__name__}{len(value)}\0".encode())
        for item in value.items() if isinstance(value, dict) else value:
            self._value(item, add, seen)

    def _module(self, module: ModuleType | None, add: Callable[[bytes], None], seen: set[int]) -> None:
        file = getattr(module, "__file__", None)
        if module is None or id(module) in seen or file is None or not self._is_ours(file):
            return
        seen.add(id(module))
        if (text := self._modules.get(file)) is None:
            text = self._modules[file] = _text(ast.parse(Path(file).read_bytes())).encode()
        add(text)
        for value in list(vars(module).values()):  # what it imports of ours, whole modules or names
            if isinstance(value, ModuleType):
                self._module(value, add, seen)
            elif isinstance(value, type | FunctionType):
                self._module(sys.modules.get(value.__module__), add, seen)

    def _is_ours(self, file: str) -> bool:
        found = self._ours.get(file)
        if found is None:
            path = Path(file).resolve()
            found = self._ours[file] = self._root in path.parents and "site-packages" not in path.parts
        return found

    def _source(self, code: CodeType) -> str:
        """The function's syntax tree as text; its bytecode where the source can't be read."""
        file = self._files.get(code.co_filename)
        if file is None:
            file = self._files[code.co_filename] = _File(Path(code.co_filename))
        found = file.function(code.co_firstlineno, code.co_name)
        return found if found is not None else _bytecode(code)


class _File:
    """The functions of one file by their name and first line, which is that of their first decorator."""

    def __init__(self, path: Path) -> None:
        try:
            self._tree = ast.parse(path.read_bytes())
        except (OSError, SyntaxError, ValueError):
            self._tree = ast.Module([], [])
        functions = ast.FunctionDef | ast.AsyncFunctionDef
        self._outer = {(_first_line(n), n.name): n for n in self._tree.body if isinstance(n, functions)}
        self._texts: dict[tuple[int, str], str] = {}
        self._inner: dict[tuple[int, str], str] | None = None

    def function(self, first_line: int, name: str) -> str | None:
        """The syntax tree of a function as text; None where the file holds no such function."""
        place = first_line, name
        if (text := self._texts.get(place)) is not None:
            return text
        if (outer := self._outer.get(place)) is not None:  # most are, and need no walk through the whole file
            text = self._texts[place] = _text(outer)
            return text
        if self._inner is None:
            self._inner = _functions(self._tree)
        return self._inner.get(place)


def _functions(tree: ast.AST) -> dict[tuple[int, str], str]:
    """Every function in a tree. Those that share name and line, such as two lambdas, are taken together."""
    found: dict[tuple[int, str], str] = {}
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


def _bytecode(code: CodeType) -> str:
    """Bytecode with its constants and names, the same in each process."""
    constants = [_bytecode(c) if isinstance(c, CodeType) else _constant(c) for c in code.co_consts]
    return f"{code.co_code.hex()}{constants!r}{code.co_names!r}"


def _constant(value: object) -> str:
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


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


def _names(code: CodeType) -> set[str]:
    """The global names that a function and the functions inside it use."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant)
    return names
