"""Sketches of distinct values: what a version's columns leave behind, so that those of many can be counted as one."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from observer.collectors import engine

_SIZE = 1024
_FORM = 1


@dataclass(frozen=True, slots=True)
class Sketch:
    """One column's: sketches of one ``type`` that one ``hasher`` made can be merged."""

    hasher: str
    type: str
    registers: bytes


@cache
def hasher() -> str:
    """What tells DuckDB's hashes from those of a release that hashes otherwise: registers of known values."""
    connection = engine.cursor()
    try:
        (found,) = connection.execute(
            "SELECT approx_count_distinct(i) EXPORT_STATE, approx_count_distinct(i::VARCHAR) EXPORT_STATE, "
            "approx_count_distinct(i::DOUBLE) EXPORT_STATE FROM range(-200, 200) t(i)"
        ).fetchall()
    finally:
        connection.close()
    known = b"".join(bytes(each["registers"]) for each in found)
    return f"duckdb-{hashlib.sha256(known).hexdigest()[:12]}"


def packed(sketches: Mapping[str, Sketch]) -> bytes | None:
    """Those of one version by column, as they are kept: some hundred bytes a column; None of none."""
    if not sketches:
        return None
    head = [_FORM, [[name, one.hasher, one.type] for name, one in sketches.items()]]
    body = b"".join(one.registers for one in sketches.values())
    return zlib.compress(json.dumps(head, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n" + body, 1)


def unpacked(data: bytes) -> dict[str, Sketch]:
    """What ``packed`` made; nothing of a form that isn't known."""
    head, _, body = zlib.decompress(data).partition(b"\n")
    form, columns = json.loads(head.decode("utf-8", "surrogatepass"))
    if form != _FORM:
        return {}
    return {
        name: Sketch(made_by, type_, body[at * _SIZE : (at + 1) * _SIZE])
        for at, (name, made_by, type_) in enumerate(columns)
    }
