"""What a PostgreSQL server of this machine has cost, for its CPU isn't in its client's."""

from __future__ import annotations

import os
from pathlib import Path

POSTMASTER = "SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)"
"""Asks a server for the number of its first process."""


def cpu_s(postmaster: str) -> float:
    """User and system seconds of the server's processes so far: those that live, and those that have ended."""
    ticks = 0
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            numbers = place.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if place.parent.name == postmaster:
            ticks += sum(int(one) for one in numbers[11:15])
        elif numbers[1] == postmaster:
            ticks += sum(int(one) for one in numbers[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")
