"""``tidegate mark``: say of a version whether it is right, and whether monitors are to learn from it."""

from __future__ import annotations

from pathlib import Path

from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, opened, say, say_json
from observer.cli.user import user_name
from observer.cli.versions import key_option
from observer.errors import FeedbackError
from observer.feedback import in_force
from observer.marking import Marked, mark, said_of, undo
from observer.model import Every, Feedback, FeedbackKind
from observer.project import Project
from observer.reads.said import in_words
from orchestration.model import Address


def mark_version(
    asset: str, partition: str | None, kind: FeedbackKind | None, subject: str | None, every: Every | None, reason: str,
    preview: bool, take_back: bool, word: int | None, project: Path | None, env: str | None, output: Format,
) -> ExitCode:  # fmt: skip
    """Say it, or take the last word back; without either, list what was said."""
    if take_back and kind is not None:
        raise FeedbackError("--undo takes the last word back and says nothing new; leave --as out; nothing was changed")
    if kind is None and every is not None:
        raise FeedbackError("--every goes with --as recurring; nothing was changed")
    if word is not None and not take_back:
        raise FeedbackError("--word says which word --undo takes back; nothing was changed")
    work, by = opened(project, env), user_name()
    if take_back:
        done = undo(work, asset, partition, number=word, reason=reason, by=by, preview=preview)
    elif kind is None:
        return _list(work, asset, output)
    else:
        done = mark(work, asset, partition, kind, subject=subject, every=every, reason=reason, by=by, preview=preview)
    if output is Format.JSON:
        say_json({"preview": preview, "feedback": done.feedback, "changes": done.changes, "held": done.held})
        return ExitCode.OK
    _say(done, preview)
    return ExitCode.OK


def _list(work: Project, asset: str, output: Format) -> ExitCode:
    said = said_of(work, asset)
    counting = {one.id for one in in_force(said)}
    if output is Format.JSON:
        say_json([{"feedback": one, "counts": one.id in counting} for one in said])
        return ExitCode.OK
    for one in said:
        what = f"takes {one.undoes} back" if one.kind is None else in_words(one)
        past = "" if one.kind is None or one.id in counting else " (counts no more)"
        say(f"{one.id:<5} {one.at:%Y-%m-%d %H:%M}  {what:<14} {_about(one)}  {one.by}: {one.reason}{past}")
    if not said:
        say(f"nobody has said anything of {asset}")
    return ExitCode.OK


def _say(done: Marked, preview: bool) -> None:
    for one in done.feedback:
        if one.kind is None:
            say(f"{_about(one)}: {'would be' if preview else 'is'} as if nothing had been said")
        else:
            say(f"{_about(one)}: {'would be' if preview else 'is'} {in_words(one)}")
    for change in done.changes:
        say(f"  {change.monitor}: {change.sentence()}")
    if preview:
        say("nothing was changed")
        return
    first = done.feedback[0]
    if done.held and first.kind is not FeedbackKind.BAD_DATA:
        where = key_option(first.partition)
        say(f"it is still held; publish it: tidegate release {first.asset}{where} --reason '...'")


def _about(one: Feedback) -> str:
    what = one.subject or "all monitors"
    return f"{Address(one.asset, one.partition)} {what}"
