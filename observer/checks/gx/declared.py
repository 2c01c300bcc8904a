"""An expectation as people declare it: by name, as an object of the library's, or as an entry of a suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from observer.checks.gx import names
from observer.errors import CheckError
from observer.model import Severity

_SEVERITIES = {"critical": Severity.ERROR, "warning": Severity.WARN, "info": Severity.WARN}
_NOTES = ("description", "notes", "meta")
_OURS = frozenset({*_NOTES, "severity", "result_format", "catch_exceptions", "rendered_content", "id"})
"""What an expectation holds beside its arguments, and the library doesn't have to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """An expectation: its class, and ``module`` where that is none of the library's; ``title`` is the check's name."""

    expectation: str
    arguments: Mapping[str, object]
    severity: Severity = Severity.ERROR
    module: str | None = None
    keys: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        for name in self.arguments:
            if not isinstance(name, str):
                raise CheckError(f"{self.expectation}: an argument is called {name!r}; write names of arguments")

    @property
    def columns(self) -> tuple[str, ...]:
        return columns_of_data(self.expectation, self.arguments)

    @property
    def title(self) -> str:
        return f"{self.expectation}({', '.join(self.columns)})" if self.columns else self.expectation


def of_name(name: str, arguments: Mapping[str, object]) -> Declared:
    """An expectation by the name of its class.

    Raises
    ------
    CheckError: it is no name of a class.
    UnknownName: the library has none of the name.
    """
    if not name.isidentifier() or not name.startswith(("Expect", "UnexpectedRows")):
        raise CheckError(
            f"expect({name!r}) names no expectation; write the class's name, such as 'ExpectColumnValuesToBeBetween'"
        )
    names.ensure_known(name)
    return _declared(name, arguments, arguments, f"expect({name})")


def of_object(made: object) -> Declared:
    """An expectation object, of the library's class or of one derived from it; raises CheckError for any other."""
    configuration: Any = getattr(made, "configuration", None)
    kind = type(made)
    if not hasattr(configuration, "kwargs") or not hasattr(configuration, "severity"):
        raise CheckError(
            f"expect() takes the name of an expectation or an object such as gx.expectations.ExpectColumnToExist(...), "
            f"not {made!r}"
        )
    about = {name: getattr(configuration, name, None) for name in (*_NOTES, "severity")}
    about["result_format"] = getattr(made, "result_format", None)
    module = None if kind.__module__.partition(".")[0] == "great_expectations" else kind.__module__
    return _declared(kind.__name__, configuration.kwargs, about, f"expect({kind.__name__})", module)


def of_entry(entry: object, where: str) -> Declared:
    """An entry of a suite's ``expectations``, as the library writes it.

    Raises
    ------
    CheckError: it is none, and what about it isn't.
    UnknownName: the library has no expectation of its type.
    """
    if not isinstance(entry, Mapping):
        raise CheckError(f'{where} is {entry!r}; write {{"type": "expect_...", "kwargs": {{...}}}}')
    type_ = entry.get("type", entry.get("expectation_type"))
    if not isinstance(type_, str) or not type_:
        raise CheckError(f'{where} has no type; write "type": "expect_column_values_to_not_be_null", or the like')
    arguments = entry.get("kwargs", {})
    if not isinstance(arguments, Mapping):
        raise CheckError(f"{where} ({type_}): kwargs is {arguments!r}; write an object of arguments")
    return _declared(names.class_of(type_, where), arguments, {**arguments, **entry}, f"{where} ({type_})")


def _declared(
    expectation: str,
    arguments: Mapping[str, object],
    about: Mapping[str, object],
    where: str,
    module: str | None = None,
) -> Declared:
    return Declared(
        expectation=expectation,
        arguments={name: value for name, value in arguments.items() if name not in _OURS},
        severity=_severity(about.get("severity"), where),
        module=module,
        keys=_keys(about.get("result_format")),
        note=" · ".join(dict.fromkeys(note for name in _NOTES for note in _notes(about.get(name)))),
    )


def _severity(given: object, where: str) -> Severity:
    if given is None:
        return Severity.ERROR
    word = str(getattr(given, "value", given))
    if word not in _SEVERITIES:
        raise CheckError(f"{where}: severity is {word!r}; the library has 'critical', 'warning' and 'info'")
    return _SEVERITIES[word]


def _keys(result_format: object) -> tuple[str, ...]:
    found = result_format.get("unexpected_index_column_names") if isinstance(result_format, Mapping) else None
    return tuple(map(str, found)) if isinstance(found, list | tuple) else ()


def _notes(given: object) -> list[str]:
    """What people have written: a text, some of them, or what older suites keep under ``notes`` and ``content``."""
    if isinstance(given, str):
        return [" ".join(given.split())] if given.strip() else []
    if isinstance(given, list | tuple):
        return [note for one in given for note in _notes(one)]
    if isinstance(given, Mapping):
        return _notes(given.get("notes", given.get("content")))
    return []


def columns_of_data(expectation: str, arguments: Mapping[str, object]) -> tuple[str, ...]:
    """The columns whose values an expectation is about, whatever the order of its arguments."""
    if expectation.startswith("ExpectTable"):
        return ()
    named = [arguments.get(one) for one in ("column", "column_A", "column_B")]
    several = arguments.get("column_list")
    named += several if isinstance(several, list | tuple) else ()
    return tuple(dict.fromkeys(column for column in named if isinstance(column, str)))
