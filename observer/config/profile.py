"""``profile`` and ``private``: how columns are measured where their asset says nothing."""

from __future__ import annotations

from observer.accuracy import SAMPLES, is_sample
from observer.config.section import Section
from observer.errors import ProjectError
from observer.model import ProfilePolicy
from observer.privacy import EVERY


def profile(section: Section) -> ProfilePolicy:
    """What counts for every asset; raises ProjectError, UnknownName."""
    given = section.table("profile")
    given.only(("exact", "max_seconds", "sample", "distributions", "sketches"))
    limit = given.values.get("max_seconds")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int | float) or not limit > 0):
        raise ProjectError(f"{given}: max_seconds is a number above 0, not {limit!r}")
    exact, sample = given.switch("exact"), given.values.get("sample")
    if sample is not None and not is_sample(sample):
        raise ProjectError(f"{given}: sample is {SAMPLES}, not {sample!r}")
    if sample is not None and exact:
        raise ProjectError(f"{given}: exact = true measures all rows and sample some of them; leave one of them out")
    return ProfilePolicy(
        exact=exact, sensitive=(EVERY,) if section.switch("private") else (),
        max_seconds=None if limit is None else float(limit), sample=sample,
        distributions=_choice(given, "distributions"), sketches=_choice(given, "sketches"),
    )  # fmt: skip


def _choice(given: Section, key: str) -> bool | None:
    return given.switch(key) if key in given.values else None
