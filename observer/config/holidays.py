"""``holidays``: the days on which data may differ, by country, exchange or date."""

from __future__ import annotations

from observer.config.section import Section
from observer.errors import ProjectError

KEY = "holidays"


def holidays(section: Section) -> tuple[str, ...]:
    """What a section names; raises ProjectError."""
    value = section.values.get(KEY, ())
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) and name.strip() for name in names):
        raise ProjectError(
            f"{section}: {KEY} is the code of a country ('US', 'US-NY') or an exchange ('XNYS'), a day ('2024-11-29'), "
            f"or a list of such, not {value!r}"
        )
    return tuple(name.strip() for name in names)
