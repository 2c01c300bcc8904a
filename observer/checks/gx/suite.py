"""``expectations``: a whole suite of Great Expectations as checks."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from observer.checks.gx.declared import Declared, of_entry, of_object
from observer.checks.gx.expectation import ExpectationCheck, made
from observer.errors import CheckError, UnknownName
from observer.model import Severity

_PARAMETER = "$PARAMETER"


def expectations(
    suite: object,
    *,
    severity: Severity | str | None = None,
    keys: Sequence[str] = (),
    parameters: Mapping[str, object] | None = None,
) -> tuple[ExpectationCheck, ...]:
    """Declare every expectation of a suite of Great Expectations, as ``expect`` declares one.

    The second of two with one name is called ``... #2``, and so on in the suite's order.

    Parameters
    ----------
    suite: a suite object of the library's, the path of its JSON (counted from the folder of the file that says so), or
    what such a file holds. The entries of versions before 1.0 (``expectation_type``) are read too.
    severity: of all of them: ``error`` holds the version, ``warn`` tells people. Left out, each one's own: "critical"
    is ``error``, "warning" and "info" are ``warn``.
    keys: columns that say which rows are unexpected; left out, those of each one's ``unexpected_index_column_names``.
    parameters: values for ``{"$PARAMETER": "name"}``, beside the suite's own ``suite_parameters``.

    Raises
    ------
    CheckError: it is no suite: what about it isn't, and where.
    UnknownName: the library has no expectation of some type, or a parameter has no value.

    Examples
    --------
    >>> suite = {"name": "orders", "expectations": [{"type": "expect_column_to_exist", "kwargs": {"column": "id"}}]}
    >>> [check.name for check in expectations(suite)]
    ['ExpectColumnToExist(id)']
    """
    declared, own, where = _read(suite, _folder_of(sys._getframe(1).f_globals))
    given = {**own, **(parameters or {})}
    checks: list[ExpectationCheck] = []
    seen: dict[str, int] = {}
    for one in declared:
        arguments = {name: _filled(value, given, f"{where}: {one.title}") for name, value in one.arguments.items()}
        count = seen[one.title] = seen.get(one.title, 0) + 1
        filled = Declared(
            expectation=one.expectation, arguments=arguments, severity=one.severity, module=one.module, keys=one.keys,
            note=one.note,
        )  # fmt: skip
        name = one.title if count == 1 else f"{one.title} #{count}"
        checks.append(made(filled, severity=severity, name=name, keys=keys))
    return tuple(checks)


def _read(suite: Any, folder: Path) -> tuple[list[Declared], Mapping[str, object], str]:
    """What a suite declares, its own parameters, and what it is called."""
    if isinstance(suite, str | os.PathLike):
        file = folder / suite
        return _of_mapping(_parsed(file), f"the suite {file}")
    if isinstance(suite, Mapping) and not hasattr(suite, "suite_parameters"):
        return _of_mapping(suite, f"the suite {suite.get('name', suite.get('expectation_suite_name', ''))}".strip())
    if not hasattr(suite, "expectations") or not hasattr(suite, "suite_parameters"):
        raise CheckError(f"expectations() takes a suite, the path of its JSON, or what that holds, not {suite!r}")
    return [of_object(one) for one in suite.expectations], dict(suite.suite_parameters or {}), f"the suite {suite.name}"


def _folder_of(module: Mapping[str, object]) -> Path:
    file = module.get("__file__")
    return Path(file).resolve().parent if isinstance(file, str) else Path()


def _parsed(file: Path) -> object:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CheckError(
            f"the suite {file} can't be read: {error.strerror}; write the path of a suite's JSON"
        ) from None
    except UnicodeDecodeError as error:
        raise CheckError(f"the suite {file} is no text: byte {error.start} isn't UTF-8") from None
    except json.JSONDecodeError as error:
        raise CheckError(
            f"the suite {file} is no JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        ) from None


def _of_mapping(suite: object, where: str) -> tuple[list[Declared], Mapping[str, object], str]:
    if not isinstance(suite, Mapping):
        raise CheckError(f"{where} holds a {type(suite).__name__}; a suite is an object with a list of expectations")
    entries = suite.get("expectations")
    if not isinstance(entries, list):
        raise CheckError(f'{where} has no list of expectations; write "expectations": [...]')
    own = suite.get("suite_parameters", suite.get("evaluation_parameters")) or {}
    if not isinstance(own, Mapping):
        raise CheckError(f"{where}: suite_parameters is {own!r}; write an object of names and values")
    return [of_entry(entry, f"{where}: expectations[{at}]") for at, entry in enumerate(entries)], own, where


def _filled(value: object, given: Mapping[str, object], where: str) -> object:
    """An argument with the value of the parameter that stands for it."""
    if isinstance(value, Mapping):
        if set(value) == {_PARAMETER}:
            name = str(value[_PARAMETER])
            if name not in given:
                raise UnknownName("parameter", name, given, where=where)
            return given[name]
        return {key: _filled(one, given, where) for key, one in value.items()}
    return [_filled(one, given, where) for one in value] if isinstance(value, list) else value
