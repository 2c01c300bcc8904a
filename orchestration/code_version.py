"""The code version of an asset: what the function, and the project's own code that it uses, say.

It is a hash of syntax trees, without comments, docstrings, layout and decorators, so that a changed check or
a reformatted file makes nothing again, while a changed helper does.
"""

from __future__ import annotations

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
from orchestration.source_file import SourceFile

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
        self._files: dict[str, SourceFile] = {}
        self._ours: dict[str, bool] = {}

    def of_all(self, assets: Iterable[Asset]) -> dict[AssetKey, str]:
        """The code version of each asset."""
        with uncollected():
            found = {asset.key: self.of(asset) for asset in assets}
            for name, file in self._files.items():
                if self._is_ours(name):
                    file.keep()
        return found

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
        add(self._source(code))
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
        add(self._file(file).whole().encode())
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

    def _source(self, code: CodeType) -> bytes:
        """The hash of the function's syntax tree; its bytecode where the source can't be read."""
        found = self._file(code.co_filename).function(code.co_firstlineno, code.co_name)
        return (found if found is not None else _bytecode(code)).encode()

    def _file(self, name: str) -> SourceFile:
        if (file := self._files.get(name)) is None:
            file = self._files[name] = SourceFile(Path(name))
        return file


def _bytecode(code: CodeType) -> str:
    """Bytecode with its constants and names, the same in each process."""
    constants = [_bytecode(c) if isinstance(c, CodeType) else _constant(c) for c in code.co_consts]
    return f"{code.co_code.hex()}{constants!r}{code.co_names!r}"


def _constant(value: object) -> str:
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


def _names(code: CodeType) -> set[str]:
    """The global names that a function and the functions inside it use."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant)
    return names
