"""Closes the state databases that a test opened, and waits for no disk."""

from collections.abc import Iterator

import pytest

from tests.support.core import close_states


@pytest.fixture(autouse=True, scope="session")
def no_waiting_for_the_disk() -> Iterator[None]:
    """Nothing here outlives the session; that every write is synced is tested by counting the calls."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda handle: None)
        yield


@pytest.fixture(autouse=True)
def closed_states(request: pytest.FixtureRequest) -> Iterator[None]:
    """Before the fixture of the database drops it."""
    if "state_url" in request.fixturenames:
        request.getfixturevalue("state_url")
    yield
    close_states()
