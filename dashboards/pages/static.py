"""What the pages load: each file under an address that holds its content's hash, cached for good."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from fastapi import Request, Response

from dashboards import theme

_ROOT: Final = Path(__file__).parent.parent / "static"

_FILES: Final = {
    "theme.js": ("text/javascript", ("theme.js",)),
    "tidegate.js": ("text/javascript", ("live.js", "times.js", "tidegate.js", "keys.js")),
    "plots.js": ("text/javascript", ("plots.js",)),
    "monitor.js": ("text/javascript", ("monitor.js",)),
    "plotly.js": ("text/javascript", ("vendor/plotly-cartesian-4.1.1.min.js",)),
    "tidegate.css": (
        "text/css",
        (
            "base.css",
            "parts.css",
            "pages.css",
            "incidents.css",
            "runs.css",
            "graph.css",
            "asset.css",
            "live.css",
            "print.css",
        ),
    ),
    "now.css": ("text/css", ("now.css",)),
    "assets.css": ("text/css", ("assets.css",)),
    "monitor.css": ("text/css", ("monitor.css",)),
    "icon.svg": ("image/svg+xml", ("icon.svg",)),
}


@dataclass(slots=True)
class StaticFile:
    """One file as it is sent."""

    media_type: str
    body: bytes
    digest: str
    packed: bytes | None = None

    def gzipped(self) -> bytes:
        """The body compressed, once."""
        if self.packed is None:
            self.packed = gzip.compress(self.body, 9, mtime=0)
        return self.packed


class StaticFiles:
    """The files by name; ``url("plots.js")`` gives the address that a template writes."""

    @cached_property
    def files(self) -> dict[str, StaticFile]:
        """Every file, read once."""
        return {name: self._load(name) for name in _FILES}

    def _load(self, name: str) -> StaticFile:
        media_type, parts = _FILES[name]
        body = b"\n".join((_ROOT / part).read_bytes() for part in parts)
        if name == "tidegate.css":
            body = theme.stylesheet().encode() + body
        return StaticFile(f"{media_type}; charset=utf-8", body, hashlib.sha256(body).hexdigest()[:12])

    def url(self, name: str) -> str:
        """The address of a file, with the hash of its content."""
        return f"/static/{self.files[name].digest}/{name}"

    def serve(self, request: Request, digest: str, name: str) -> Response:
        """The file, to be kept for a year; 404 for a name or a hash that is not ours."""
        file = self.files.get(name)
        if file is None or file.digest != digest:
            return Response("no such file\n", status_code=404, media_type="text/plain")
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(file.gzipped(), media_type=file.media_type, headers={**headers, "Content-Encoding": "gzip"})
        return Response(file.body, media_type=file.media_type, headers=headers)
