"""What can go wrong in the observer.

    TidegateError (orchestration.errors)
    └── ObserverError
        ├── ProjectError (ValueError)     the project's files don't say something that can be used
        │   └── UnknownName (LookupError) a name that nothing carries; says the nearest ones
        ├── CheckError (ValueError)       a check or monitor is declared wrongly
        ├── ExpectationError (RuntimeError) Great Expectations gave no result, and why
        ├── StateError (RuntimeError)     the state database can't be read or written
        ├── ReleaseError (ValueError)     a release that can't be done, and why
        ├── FeedbackError (ValueError)    a word on a version that can't be, and why
        ├── UnknownIncident (UnknownName) a number that no incident has
        ├── IncidentError (ValueError)    what can't be done to an incident as it is, and why
        │   └── IncidentChanged           it isn't what the caller has seen any more
        ├── OverrideError (ValueError)    an override of a check or monitor that can't be, and why
        ├── ReportError (ValueError)      a report of others that can't be taken in, and why
        ├── TokenError (ValueError)       a token that can't be made
        ├── NotAllowed (PermissionError)  a caller whose role or assets don't cover what was asked
        ├── BackupError (ValueError)      a copy of the state that can't be kept or put back, and why
        ├── RequestConflict (ValueError)  a key of one run, sent with another
        ├── OutputError (OSError)         a file that was asked for can't be written
        ├── ServeError (RuntimeError)     the service can't listen as asked
        └── ChannelError (RuntimeError)   a message could not be handed over

Each says what and where, what was left as it was, and what to do. ``code`` is stable; the API and the command
share it. No text ever holds a secret.
"""

from __future__ import annotations

from collections.abc import Callable

from orchestration.errors import StateError, TidegateError, UnknownName

__all__ = [
    "BackupError",
    "ChannelError",
    "CheckError",
    "ExpectationError",
    "FeedbackError",
    "IncidentChanged",
    "IncidentError",
    "NotAllowed",
    "ObserverError",
    "OutputError",
    "OverrideError",
    "ProjectError",
    "ReleaseError",
    "RequestConflict",
    "ServeError",
    "ReportError",
    "StateError",
    "TidegateError",
    "TokenError",
    "UnknownIncident",
    "UnknownName",
]


class ObserverError(TidegateError):
    """Root of what the observer raises itself."""

    code = "observer"


class ProjectError(ObserverError, ValueError):
    """The project's files don't say something that can be used."""

    code = "invalid-project"


class CheckError(ObserverError, ValueError):
    """A check or monitor is declared wrongly."""

    code = "invalid-check"


class ExpectationError(ObserverError, RuntimeError):
    """Great Expectations, which runs in a process of its own, gave no result."""

    code = "expectation"


class ReleaseError(ObserverError, ValueError):
    """A release that can't be done."""

    code = "cannot-release"


class FeedbackError(ObserverError, ValueError):
    """A word on a version that can't be."""

    code = "cannot-mark"


class UnknownIncident(ObserverError, UnknownName):
    """A number that no incident has."""

    code = UnknownName.code

    def __init__(self, number: int) -> None:
        self.kind, self.name, self.nearest = "incident", str(number), ()
        TidegateError.__init__(
            self,
            f"no incident has the number {number}; nothing was changed; those that are open: tidegate incidents; "
            "resolved ones go where the environment says so: records = { incident_days = ... }",
        )

    def told_to(self, sees: Callable[[str], bool]) -> UnknownIncident:
        """The same: it names no asset."""
        return self


class IncidentError(ObserverError, ValueError):
    """What can't be done to an incident, or a maintenance window, as it is."""

    code = "cannot-change-incident"


class IncidentChanged(IncidentError):
    """An incident isn't what the caller has seen any more."""

    code = "incident-changed"


class OverrideError(ObserverError, ValueError):
    """An override of a check or monitor that can't be."""

    code = "cannot-override"


class ReportError(ObserverError, ValueError):
    """A report of others that can't be taken in."""

    code = "cannot-take-in"


class TokenError(ObserverError, ValueError):
    """A token that can't be made."""

    code = "cannot-make-token"


class NotAllowed(ObserverError, PermissionError):
    """A caller whose role or assets don't cover what was asked."""

    code = "not-allowed"


class BackupError(ObserverError, ValueError):
    """A copy of the state that can't be kept or put back."""

    code = "cannot-back-up"


class RequestConflict(ObserverError, ValueError):
    """A key of one run, sent with another."""

    code = "request-conflict"


class OutputError(ObserverError, OSError):
    """A file that was asked for can't be written."""

    code = "cannot-write"


class ServeError(ObserverError, RuntimeError):
    """The service can't listen as asked."""

    code = "cannot-serve"


class ChannelError(ObserverError, RuntimeError):
    """A message could not be handed over."""

    code = "channel"
