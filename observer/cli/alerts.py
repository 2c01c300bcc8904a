"""``tidegate alerts routes``, ``dead``, ``replay`` and ``test``: who is told, and what could not be delivered."""

from __future__ import annotations

from pathlib import Path

from observer.alerts.routing import Names, routes
from observer.alerts.trial import trial
from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, note, opened, say, say_json
from observer.errors import IncidentError, UnknownName
from observer.model import Notification, Severity
from observer.project import Project
from observer.quantities import count
from observer.reads.dead_letters import letters
from observer.replaying import replay
from observer.store import channel_states, dead_letters
from orchestration.database import reading


def show_routes(selection: str, project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Who would hear of what; 1 where nobody would hear of an error."""
    work = opened(project, env)
    keys = work.select(selection)
    found = {severity: routes(work.graph, work.observer.channels, severity) for severity in Severity}
    with reading(work.engine) as connection:
        states = channel_states.load_all(connection, work.config.name)
    unheard = [key for key in keys if not found[Severity.ERROR][key]]
    code = ExitCode.FAILED if unheard else ExitCode.OK
    if output is Format.JSON:
        say_json({
            "channels": [{"name": one.name, "state": states.get(one.name)} for one in work.observer.channels],
            "routes": {key: {severity.value: found[severity][key] for severity in Severity} for key in keys},
        })  # fmt: skip
        return code
    for channel in work.observer.channels:
        state = states.get(channel.name)
        fares = "" if state is None or state.failing_since is None else (
            f", failing since {state.failing_since:%Y-%m-%d %H:%M} UTC: {state.last_error}"
        )  # fmt: skip
        say(f"{channel!r}{fares}")
    for key in keys:
        errors, warnings = found[Severity.ERROR][key], found[Severity.WARN][key]
        same = "" if errors == warnings else f"; of warnings {_said(warnings)}"
        say(f"{key}: {_said(errors)}{same}")
    if unheard:
        note(f"of errors of {count(len(unheard), 'asset')} nobody would hear; write fallback = true in a channel")
    return code


def _said(names: Names) -> str:
    return ", ".join(names) or "nobody"


def list_dead(project: Path | None, env: str | None, output: Format) -> ExitCode:
    """What was given up, and why; 1 if there is anything."""
    work = opened(project, env)
    with reading(work.engine) as connection:
        dead = dead_letters.dead(connection, work.config.name)
        found = letters(connection, dead)
    if output is Format.JSON:
        say_json([{"message": one, "holds": letter.holds} for one, letter in zip(dead, found, strict=True)])
    for letter in found if output is Format.TEXT else ():
        held = letter.incident_id is None
        what = f"{count(letter.holds, 'message')} in one" if held else f"incident #{letter.incident_id}"
        event = letter.event.removeprefix("incident.")
        say(f"{letter.id}  {letter.written_at:%Y-%m-%d %H:%M}  {letter.channel}: {event} of {what}; {letter.why}")
    if found and output is Format.TEXT:
        note("once the reason is mended: tidegate alerts replay --all")
    elif output is Format.TEXT:
        say("every message was delivered, or is still tried")
    return ExitCode.FAILED if found else ExitCode.OK


def try_again(message: str | None, everything: bool, project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Deliver what was given up; 1 where some of it could not be delivered right now."""
    if (message is None) is not everything:
        raise IncidentError("say which message, or --all: tidegate alerts replay ID; see: tidegate alerts dead")
    work = opened(project, env)
    chosen = replay(work, None if message is None else (message,))
    work.deliver()
    left = _undelivered(work, chosen)
    if output is Format.JSON:
        say_json({"replayed": chosen, "delivered": sorted(set(chosen) - {one.id for one in left}), "left": left})
        return ExitCode.FAILED if left else ExitCode.OK
    for one in left:
        say(f"{one.id} waits for another try: {one.last_error}")
    say(f"{count(len(chosen) - len(left), 'message')} of {len(chosen)} delivered")
    return ExitCode.FAILED if left else ExitCode.OK


def _undelivered(work: Project, ids: tuple[str, ...]) -> tuple[Notification, ...]:
    with reading(work.engine) as connection:
        return dead_letters.undelivered(connection, ids)


def send_test(channel: str, project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Send a test message, outside of the outbox; raises ChannelError where it was not taken."""
    work = opened(project, env)
    names = {one.name: one for one in work.observer.channels}
    if channel not in names:
        raise UnknownName("channel", channel, names)
    message = trial(channel, work.clock.wall())
    names[channel].send(message)
    if output is Format.JSON:
        say_json({"channel": channel, "id": message.id})
    else:
        say(f"{names[channel]!r} took test message {message.id}")
    return ExitCode.OK
