"""What a test needs and this machine lacks: a skip for a person, a failure for CI."""

import os

import pytest


def in_ci() -> bool:
    """Whether this run decides about a change: `CI=true`, as `.ci/run` sets it."""
    return os.environ.get("CI", "").lower() in {"1", "true"}


def require(what: str, reason: str | None) -> None:
    """Go on when `reason` is None; otherwise skip in one sentence, or fail when `CI=true`.

    Parameters
    ----------
    what
        The thing that the test can't do without: "PostgreSQL", "a browser".
    reason
        Why it can't be had here, without a full stop; None when it is there.
    """
    if reason is None:
        return
    if in_ci():
        pytest.fail(f"{what} can't be had: {reason}. With CI=true nothing is skipped.", pytrace=False)
    pytest.skip(f"{what} can't be had here: {reason}.")
