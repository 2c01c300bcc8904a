"""Lengths of time as people type them."""

from __future__ import annotations

import re

from observer.errors import ProjectError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str, option: str) -> float:
    """``90s``, ``10m``, ``2h``, ``3d`` in seconds; raises ProjectError, which names the option.

    >>> seconds("10m", "--wait")
    600.0
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if not match:
        raise ProjectError(f"{option} {text!r} isn't a length of time; write 90s, 10m, 2h or 3d")
    return float(match[1]) * _UNITS[match[2]]
