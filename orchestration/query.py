"""The template of a SQL asset: finding what it reads, and putting relations in place of names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from orchestration.errors import DefinitionError

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import SandboxedEnvironment


@cache
def _environment() -> SandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False)


def references(name: str, sql: str) -> tuple[str, ...]:
    """The assets that a template names, sorted; raises DefinitionError where it can't be parsed."""
    from jinja2 import TemplateSyntaxError, meta

    try:
        return tuple(sorted(meta.find_undeclared_variables(_environment().parse(sql))))
    except TemplateSyntaxError as error:
        raise DefinitionError(f"the SQL of {name}, line {error.lineno}: {error.message}; nothing was run") from error


def render(sql: str, relations: Mapping[str, str]) -> str:
    """The query with each reference replaced by its relation (SQL text made by an IO manager)."""
    return _template(sql).render(relations)


@cache
def _template(sql: str) -> Template:
    return _environment().from_string(sql)
