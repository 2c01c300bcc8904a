"""``holidays``: the days on which data may differ, by country, exchange or date; of some assets others."""

from __future__ import annotations

from collections.abc import Mapping

from observer.config.section import Section
from observer.errors import ProjectError

KEY = "holidays"
_EVERYTHING = "*"


def holidays(section: Section) -> Mapping[str, tuple[str, ...]]:
    """What a section names, by which assets; of those that several selections name the last counts.

    Raises
    ------
    ProjectError
        A name is no text.
    """
    value = section.values.get(KEY, ())
    if not isinstance(value, dict):
        return {_EVERYTHING: _names(section, KEY, value)} if value else {}
    there = section.table(KEY)
    return {selection: _names(there, f"{selection!r}", names) for selection, names in there.values.items()}


def _names(section: Section, key: str, value: object) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) and name.strip() for name in names):
        raise ProjectError(
            f"{section}: {key} is the code of a country ('US', 'US-NY') or an exchange ('XNYS'), a day ('2024-11-29'), "
            f"or a list of such, not {value!r}"
        )
    return tuple(name.strip() for name in names)
