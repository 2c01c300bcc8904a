"""Every setting that comes from the environment, in one table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """Where the service listens and who may ask.

    Without ``token`` it listens on loopback only. ``token`` never appears in a representation.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = field(default=None, repr=False)

    @property
    def is_loopback(self) -> bool:
        return self.host in {"127.0.0.1", "::1", "localhost"} or self.host.startswith("127.")

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


ENVIRONMENT_VARIABLES: Mapping[str, str] = {
    "TIDEGATE_PROJECT": "the folder of the project; --project says it on the command line",
    "TIDEGATE_ENV": "the environment of tidegate.toml to use; --env says it on the command line",
    "TIDEGATE_URL": "where people reach the dashboard, for links in alerts and in the command's output",
    "TIDEGATE_LOG_FORMAT": "how the service logs, text or json; --log-format says it on the command line",
    "TIDEGATE_TOKEN": "a token of the service, of the role admin, beside those that `tidegate token` makes",
}
"""The variables that the command reads; a test keeps docs and table equal."""


def variable(name: str) -> str | None:
    """The value of one of ``ENVIRONMENT_VARIABLES``, None where it is unset or empty."""
    assert name in ENVIRONMENT_VARIABLES, name
    return os.environ.get(name) or None
