"""``profile`` and ``private``: how columns are measured where their asset says nothing."""

from __future__ import annotations

from observer.config.section import Section
from observer.errors import ProjectError
from observer.model import ProfilePolicy
from observer.privacy import EVERY


def profile(section: Section) -> ProfilePolicy:
    """What counts for every asset; raises ProjectError, UnknownName."""
    given = section.table("profile")
    given.only(("exact", "max_seconds", "distributions", "sketches"))
    limit = given.values.get("max_seconds")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int | float) or not limit > 0):
        raise ProjectError(f"{given}: max_seconds is a number above 0, not {limit!r}")
    return ProfilePolicy(
        exact=given.switch("exact"), sensitive=(EVERY,) if section.switch("private") else (),
        max_seconds=None if limit is None else float(limit),
        distributions=_choice(given, "distributions"), sketches=_choice(given, "sketches"),
    )  # fmt: skip


def _choice(given: Section, key: str) -> bool | None:
    return given.switch(key) if key in given.values else None
