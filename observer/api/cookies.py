"""The cookies of a browser: its session, or else one that only ties forms to it; and the proof that a form shows."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers

SESSION = "tidegate_session"
VISIT = "tidegate_visit"
_DRAWN = re.compile(r"[A-Za-z0-9_-]{43}")


def drawn() -> str:
    """A new value of a cookie, 256 random bits."""
    return secrets.token_urlsafe(32)


def cookie(headers: Headers, name: str) -> str | None:
    """The value of one of our cookies; None where it is none that we could have set."""
    read: SimpleCookie = SimpleCookie()
    try:
        for line in headers.getlist("cookie"):
            read.load(line)
    except CookieError:
        return None
    value = read[name].value if name in read else ""
    return value if _DRAWN.fullmatch(value) else None


def set_cookie(name: str, value: str, *, max_age_s: int, secure: bool) -> str:
    """The header that sets a cookie that no script reads and no other site's request carries."""
    return f"{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{'; Secure' if secure else ''}"


def proof(value: str) -> str:
    """What a form of the browser with this cookie must carry: another site can neither read nor compute it."""
    return hmac.new(value.encode(), b"tidegate form", hashlib.sha256).hexdigest()


def proves(shown: str, value: str | None) -> bool:
    """Whether a form carries the proof of the cookie that came with it."""
    return value is not None and secrets.compare_digest(shown.encode(), proof(value).encode())
