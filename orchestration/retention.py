"""Which earlier versions stay: a pure rule over what the log knows of one address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What is promised of earlier versions: the newest ``keep`` stay, and every one that is younger than ``age``."""

    keep: int
    age: timedelta
