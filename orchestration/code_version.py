"""The code version of an asset: what the function, and the project's own code that it uses, say.

It is a hash of syntax trees, without comments, docstrings, layout and decorators, so that a changed check or a
reformatted file makes nothing again, while a changed helper does.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from orchestration.assets import Asset

_PLAIN = (str, bytes, int, float, complex, bool, type(None))


class CodeVersions:
    """Derives code versions; one object a loaded project, because it keeps the parsed files.

    Parameters
    ----------
    root:
        The folder whose Python files are the project's own code; other modules are taken as they are.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._trees: dict[str, dict[int, str]] = {}

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
        code = getattr(function, "__code__", None)
        if id(function) in seen or not isinstance(code, CodeType):
            return
        seen.add(id(function))
        add(self._source(code).encode())
        for default in getattr(function, "__defaults__", None) or ():
            self._value(default, add, seen)
        for cell in getattr(function, "__closure__", None) or ():
            self._value(cell.cell_contents, add, seen)
        scope = getattr(function, "__globals__", {})
        for name in sorted(_names(code)):
            if name in scope:
                add(name.encode())
                self._value(scope[name], add, seen)

    def _value(self, value: object, add: Callable[[bytes], None], seen: set[int]) -> None:
        if isinstance(value, _PLAIN):
            add(repr(value).encode())
        elif isinstance(value, list | tuple):
            for item in value:
                self._value(item, add, seen)
        elif isinstance(value, set | frozenset):
            add(repr(sorted(map(repr, value))).encode())
        elif isinstance(value, dict):
            for key, item in value.items():
                add(repr(key).encode())
                self._value(item, add, seen)
        elif isinstance(value, Asset):
            return  # another asset's code is that asset's business
        elif isinstance(value, FunctionType) and self._is_ours(value.__module__):
            self._function(value, add, seen)
        elif isinstance(value, type) and self._is_ours(value.__module__):
            self._module(sys.modules[value.__module__], add, seen)
        elif isinstance(value, ModuleType) and self._is_ours(value.__name__):
            self._module(value, add, seen)

    def _module(self, module: ModuleType, add: Callable[[bytes], None], seen: set[int]) -> None:
        if id(module) in seen or module.__file__ is None:
            return
        seen.add(id(module))
        add(ast.dump(_plain(ast.parse(Path(module.__file__).read_bytes()))).encode())
        for value in vars(module).values():
            if isinstance(value, ModuleType) and self._is_ours(value.__name__):
                self._module(value, add, seen)

    def _is_ours(self, module: str) -> bool:
        file = getattr(sys.modules.get(module), "__file__", None)
        return file is not None and self._root in Path(file).resolve().parents and "site-packages" not in file

    def _source(self, code: CodeType) -> str:
        """The function's syntax tree as text; its bytecode where the source can't be read."""
        trees = self._trees.get(code.co_filename)
        if trees is None:
            trees = self._trees[code.co_filename] = _functions(Path(code.co_filename))
        found = trees.get(code.co_firstlineno)
        return found if found is not None else f"{code.co_code.hex()}{code.co_consts!r}"


def _functions(file: Path) -> dict[int, str]:
    """Each function of a file by the line on which Python says that it begins (its first decorator's)."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError):
        return {}
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            decorators = getattr(node, "decorator_list", [])
            line = min([node.lineno, *(d.lineno for d in decorators)])
            found.setdefault(line, ast.dump(_plain(node)))
    return found


def _plain(tree: ast.AST) -> ast.AST:
    """The tree without docstrings and decorators, in place."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            node.decorator_list = []
        body = getattr(node, "body", None)
        if isinstance(body, list) and len(body) > 1 and isinstance(body[0], ast.Expr):
            constant = body[0].value
            if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                del body[0]
    return tree


def _names(code: CodeType) -> set[str]:
    """The global names that a function and the functions inside it use."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant)
    return names
