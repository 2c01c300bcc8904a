"""Environment variables in settings, and which values are secret."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, unquote_plus, urlsplit

from observer.config.section import Section
from observer.errors import ProjectError
from orchestration.shown import SECRET_KEYS

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def fill(section: Section) -> tuple[Section, tuple[str, ...]]:
    """Put variables in place of ``${NAME}`` and ``${NAME:-what to take where it is not set}``.

    Returns the section and what came from variables. Raises ProjectError for a variable that is not set.
    """
    found: list[str] = []

    def one(match: re.Match[str]) -> str:
        if value := os.environ.get(match[1]):
            found.append(value)
            return value
        if match[2] is None:
            raise ProjectError(f"{section} needs the environment variable {match[1]}, which is not set")
        return match[2]

    def each(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: each(item) for key, item in value.items()}
        if isinstance(value, list):
            return [each(item) for item in value]
        return _VARIABLE.sub(one, value) if isinstance(value, str) else value

    return Section(each(dict(section.values)), section.file, section.where), tuple(found)


def written_secrets(value: object, key: str = "") -> Iterator[str]:
    """What is secret wherever it stands: a password in an address, and what is called one."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from written_secrets(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from written_secrets(item, key)
    elif isinstance(value, str):
        if value and SECRET_KEYS.search(key):
            yield value
        with suppress(ValueError):
            if password := urlsplit(value).password:
                yield password
                yield unquote(password)
            for name, _, option in (part.partition("=") for part in urlsplit(value).query.split("&")):
                if option and SECRET_KEYS.search(name):
                    yield option
                    yield unquote_plus(option)
