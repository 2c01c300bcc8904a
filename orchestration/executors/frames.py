"""Messages over a stream: a letter that says what it is, its length, its bytes."""

from __future__ import annotations

import socket
import struct

RECIPE, READY, BROKEN = b"c", b"r", b"b"
TASK, RESULT, UNREADABLE, SAID = b"t", b"=", b"u", b"s"

_HEADER = struct.Struct("!cQ")
_CHUNK = 2**20


def send(channel: socket.socket, kind: bytes, body: bytes = b"") -> None:
    """Send a whole message; raises OSError where nobody listens any more."""
    channel.sendall(_HEADER.pack(kind, len(body)) + body)


def receive(channel: socket.socket) -> tuple[bytes, bytes] | None:
    """The next message; None at the end, also where it comes in the middle of one."""
    header = _exactly(channel, _HEADER.size)
    if header is None:
        return None
    kind, length = _HEADER.unpack(header)
    body = _exactly(channel, length)
    return None if body is None else (kind, body)


def _exactly(channel: socket.socket, length: int) -> bytes | None:
    parts: list[bytes] = []
    left = length
    while left:
        part = channel.recv(min(left, _CHUNK))
        if not part:
            return None
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
