"""``tidegate gate``: the circuit breaker for any orchestrator."""

from __future__ import annotations

import time
from pathlib import Path

from observer.cli.duration import seconds
from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, opened, plain, say, say_json
from observer.reads.base import GateAnswer

_POLL_S = 1.0


def ask_gate(
    asset: str, partition: str | None, wait: str | None, project: Path | None, env: str | None, output: Format
) -> ExitCode:
    """Print the gate's answer; with ``wait``, ask again until it is open or the time is over."""
    patience_s = seconds(wait, "--wait") if wait else 0.0
    work = opened(project, env)
    work.graph.asset(asset)
    if partition is not None:
        work.address(asset, partition)
    reads, until = work.reads(), time.monotonic() + patience_s
    answer = reads.gate(asset, partition)
    while not _is_open(answer) and time.monotonic() < until:
        time.sleep(min(_POLL_S, max(0.0, until - time.monotonic())))
        answer = reads.gate(asset, partition)
    assert answer is not None
    if output is Format.JSON:
        say_json({"open": _is_open(answer), **plain(answer)})
    else:
        name = answer.asset if answer.partition is None else f"{answer.asset} {answer.partition}"
        say(answer.sentence if answer.sentence.startswith(f"{name} ") else f"{name}: {answer.sentence}")
    if wait and not _is_open(answer):
        return ExitCode.TIMED_OUT
    return code_of(answer)


def code_of(answer: GateAnswer) -> ExitCode:
    """Open is 0, held is 1, and what nobody could judge is 3."""
    if _is_open(answer):
        return ExitCode.OK
    return ExitCode.UNKNOWN if answer.unknown or answer.outcome == "none" else ExitCode.FAILED


def _is_open(answer: GateAnswer | None) -> bool:
    return answer is not None and answer.outcome in {"open", "open_by_override"}
