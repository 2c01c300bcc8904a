"""What the command's exit codes mean, and which one wins."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from observer.errors import ChannelError, StateError
from orchestration.errors import LeaseLost, StorageError, TidegateError


class ExitCode(IntEnum):
    """The same for every verb."""

    OK = 0  # all passed, or the gate is open
    FAILED = 1  # a check or monitor failed, or the gate is held
    WRONG_USE = 2  # wrong use, or an invalid project
    UNKNOWN = 3  # could not evaluate: unknown is not a pass
    TIMED_OUT = 4  # waited too long
    INTERRUPTED = 130


_PRIORITY = (ExitCode.WRONG_USE, ExitCode.UNKNOWN, ExitCode.FAILED, ExitCode.TIMED_OUT, ExitCode.OK)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The code that wins: 2 before 3 before 1 before 4 before 0.

    >>> worst([ExitCode.OK, ExitCode.FAILED, ExitCode.UNKNOWN]).name
    'UNKNOWN'
    """
    found = set(codes)
    return next((code for code in _PRIORITY if code in found), ExitCode.OK)


def of_error(error: TidegateError) -> ExitCode:
    """What an error means to whoever called: state, storage or a receiver could not be asked, all else is wrong use."""
    unasked = isinstance(error, StateError | StorageError | LeaseLost | ChannelError)
    return ExitCode.UNKNOWN if unasked else ExitCode.WRONG_USE
