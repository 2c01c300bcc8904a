"""Objects over a stream between this process and the one that it started; their arrays travel as they are."""

from __future__ import annotations

import pickle
import socket
import struct

_LENGTHS = struct.Struct("!QQ")
_LENGTH = struct.Struct("!Q")


Letter = tuple[bytes, list[pickle.PickleBuffer]]
"""An object ready to be sent: what it is, and its arrays where they lie."""


def packed(message: object) -> Letter:
    """An object as it is sent; raises whatever pickling it does."""
    buffers: list[pickle.PickleBuffer] = []
    return pickle.dumps(message, protocol=5, buffer_callback=buffers.append), buffers


def send(channel: socket.socket, letter: Letter) -> None:
    """Send one object whole; raises OSError where nobody listens any more."""
    body, buffers = letter
    channel.sendall(_LENGTHS.pack(len(body), len(buffers)) + body)
    for buffer in buffers:
        raw = buffer.raw()
        channel.sendall(_LENGTH.pack(raw.nbytes))
        channel.sendall(raw)


def receive(channel: socket.socket) -> object:
    """The next object.

    Raises
    ------
    EOFError: the other end is closed, also where that is in the middle of an object.
    TimeoutError: nothing came for as long as the channel waits.
    """
    length, count = _LENGTHS.unpack(_exactly(channel, _LENGTHS.size))
    body = _exactly(channel, length)
    buffers = [_exactly(channel, _LENGTH.unpack(_exactly(channel, _LENGTH.size))[0]) for _ in range(count)]
    return pickle.loads(body, buffers=buffers)


def _exactly(channel: socket.socket, length: int) -> bytearray:
    found = bytearray(length)
    view, at = memoryview(found), 0
    while at < length:
        got = channel.recv_into(view[at:])
        if not got:
            raise EOFError("the other end is closed")
        at += got
    return found
