"""How the service writes what it says: lines for people, or a JSON object a line for whatever collects them."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum


class LogFormat(StrEnum):
    """Of what goes to stderr."""

    TEXT = "text"
    JSON = "json"


_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class JsonLines(logging.Formatter):
    """A record as one line of JSON.

    Parameters
    ----------
    fixed: fields of every line, such as the run whose process this is.
    """

    def __init__(self, fixed: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._fixed = dict(fixed or {})

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **self._fixed,
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)


def log_to_stderr(form: LogFormat, fixed: Mapping[str, str] | None = None) -> None:
    """Write what this process logs to stderr: warnings and worse, of everybody, and what the service announces."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(fixed) if form is LogFormat.JSON else logging.Formatter(_TEXT))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    if form is LogFormat.JSON:
        logging.captureWarnings(True)  # or they would stand between the lines as they are


def announce(form: LogFormat, text: str) -> bool:
    """Log a line of narration where there is to be nothing but JSON; whether that was so."""
    if form is LogFormat.JSON:
        log = logging.getLogger("tidegate.service")
        log.setLevel(logging.INFO)
        log.info("%s", text)
    return form is LogFormat.JSON
