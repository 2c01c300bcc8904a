"""What the doctor finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from orchestration.errors import TidegateError


class Health(StrEnum):
    OK = "ok"
    MENDED = "mended"  # was wrong, and is not any more
    WARNING = "warning"  # works, but somebody should look
    BROKEN = "broken"
    UNKNOWN = "unknown"  # could not be looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: what was looked at, how it is, and what to do (empty where there is nothing to do)."""

    part: str  # "settings", "project", "state", "io.default", "executor", "channel ops", "asset orders 2024-02-01" ...
    health: Health
    said: str
    remedy: str = ""


class Diagnosis:
    """Collects findings, without secrets; a part that raises is broken by what it says."""

    def __init__(self, redact: Callable[[str], str] = str) -> None:
        self.findings: list[Finding] = []
        self._redact = redact

    def say(self, part: str, health: Health, said: str, remedy: str = "") -> None:
        self.findings.append(Finding(part=part, health=health, said=self._redact(said), remedy=remedy))

    @contextmanager
    def looking_at(self, part: str) -> Iterator[None]:
        """What a block raises is a finding, and the doctor goes on."""
        try:
            yield
        except TidegateError as error:
            self.say(part, Health.BROKEN, str(error))
        except Exception as error:  # a library's: the next part is looked at all the same
            self.say(part, Health.BROKEN, f"{type(error).__name__}: {' '.join(str(error).split())}")
