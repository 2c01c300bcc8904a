"""A screenshot as a PNG of at most 256 colours: a page has few, and is a third as large by them."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from playwright.sync_api import Page

MOST, FREQUENT = 256, 128
_PIXELS = """async (picture) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
    const { width, height } = bitmap;
    const canvas = new OffscreenCanvas(width, height);
    const brush = canvas.getContext("2d");
    brush.drawImage(bitmap, 0, 0);
    const url = new FileReader();
    const read = new Promise((done) => (url.onload = done));
    url.readAsDataURL(new Blob([brush.getImageData(0, 0, width, height).data]));
    await read;
    return { width, height, pixels: url.result.split(",")[1] };
}"""


def of_few_colours(blank: Page, picture: bytes) -> bytes:
    """The PNG ``picture`` by its most frequent colours; ``blank``, an empty page, decodes it."""
    found = blank.evaluate(_PIXELS, base64.b64encode(picture).decode())
    width, height = found["width"], found["height"]
    pixels = np.frombuffer(base64.b64decode(found["pixels"]), np.uint8).reshape(-1, 4)[:, :3].astype(np.int32)
    colours, which, often = np.unique(
        pixels[:, 0] << 16 | pixels[:, 1] << 8 | pixels[:, 2], return_inverse=True, return_counts=True
    )
    kept = _kept(_channels(colours), np.argsort(often)[::-1][:FREQUENT])
    index = _nearest(_channels(colours), kept)[which].astype(np.uint8)
    return _png(index.reshape(height, width), kept.astype(np.uint8))


def _kept(colours: NDArray[np.int32], frequent: NDArray[np.intp]) -> NDArray[np.int32]:
    """The frequent ones, then whichever is furthest from all kept: one small mark in amber counts too."""
    kept = list(frequent)
    apart = ((colours[:, None, :] - colours[kept][None, :, :]) ** 2).sum(axis=2).min(axis=1)
    while len(kept) < min(MOST, len(colours)):
        kept.append(int(apart.argmax()))
        apart = np.minimum(apart, ((colours - colours[kept[-1]]) ** 2).sum(axis=1))
    return colours[kept]


def _channels(colours: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.stack([colours >> 16 & 255, colours >> 8 & 255, colours & 255], axis=1)


def _nearest(colours: NDArray[np.int32], kept: NDArray[np.int32]) -> NDArray[np.intp]:
    return np.concatenate(
        [
            ((part[:, None, :] - kept[None, :, :]) ** 2).sum(axis=2).argmin(axis=1)
            for part in np.array_split(colours, len(colours) // 1000 + 1)
        ]
    )


def _png(index: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    height, width = index.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), index], axis=1)  # each begins with its filter: none
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
