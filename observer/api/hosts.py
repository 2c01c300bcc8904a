"""Under which name a server was asked, and whether another site's page asked it."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers


def host_name(host: str) -> str | None:
    """The lower-case name of a Host header without its port; None where it is not one."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname if parts.netloc == host and "@" not in host else None


def is_loopback(name: str) -> bool:
    """Whether a name is one of this machine's own."""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def is_foreign(headers: Headers, host: str) -> bool:
    """Whether a browser says that another site's page sent this; clients that are no browser say nothing."""
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = headers.get("origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc.lower() != host.lower()
    except ValueError:
        return True
