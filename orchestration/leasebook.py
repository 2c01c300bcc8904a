"""The leases of one run: taken a few at a time, as far ahead as steps are quick, and put in order when taken over."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from orchestration import lease
from orchestration.database import reading, writing
from orchestration.errors import LeaseHeld, LeaseLost, StorageError, TidegateError
from orchestration.lease import Taken
from orchestration.model import Address
from orchestration.recovery import above_storage, finish, unfinished
from orchestration.runtime import Runtime
from orchestration.state import Snapshot, known_versions, load_one, load_some

_FURTHEST = 64
_QUICK_S = 0.25
_WIDENS = 8
_SOURCE_WAIT_S = 30.0
_SOURCE_POLL_S = 0.05


class LeaseBook:
    """Which addresses this run may make, with the tokens that say so.

    A window of addresses is taken in one transaction: one at first, then as many as are likely to be through within a
    quarter of a second, by the pace of the last window and at most eight times as many, so that a long step doesn't
    keep others from what this run has yet to reach.
    """

    def __init__(self, runtime: Runtime, run_id: str, snapshot: Snapshot) -> None:
        self._runtime, self._run_id, self._snapshot = runtime, run_id, snapshot
        self._tokens: dict[Address, int] = {}
        self._recalled: dict[Address, object] = {}
        self._window, self._taken_at = 1, 0.0

    def take(self, address: Address, ahead: Callable[[int], Sequence[Address]], *, patient: Callable[[], bool]) -> int:
        """The token of ``address``; ``ahead(n)`` names up to n addresses that come after it.

        While ``patient()``, it waits a while for whoever holds it (observing a source harms nobody).

        Raises
        ------
        LeaseHeld
            Another run is making it.
        StorageError, LeaseLost, StateError
            What a dead holder left can't be put in order.
        """
        if (token := self._tokens.get(address)) is not None:
            return token
        until = time.monotonic() + _SOURCE_WAIT_S
        while True:
            more = [one for one in ahead(self._width() - 1) if one not in self._tokens]
            if (against := self._take([address, *more])[address]) is None:
                return self._tokens[address]
            if not isinstance(against, LeaseHeld) or not patient() or time.monotonic() >= until:
                raise against
            time.sleep(_SOURCE_POLL_S)

    def token(self, address: Address) -> int:
        """The token of an address."""
        return self._tokens[address]

    def tokens(self, addresses: Sequence[Address]) -> dict[Address, int]:
        """The tokens of some addresses."""
        return {address: self._tokens[address] for address in addresses}

    def recalled(self, address: Address) -> object:
        """What the gate has recalled of an address under its lease; None where it has not."""
        return self._recalled.get(address)

    def forget(self, addresses: Sequence[Address]) -> dict[Address, int]:
        """The tokens of addresses whose steps have ended, to be given back; without those that were never taken."""
        for address in addresses:
            self._recalled.pop(address, None)
        return {address: self._tokens.pop(address) for address in addresses if address in self._tokens}

    def _width(self) -> int:
        now = time.monotonic()
        through = self._window * _QUICK_S / max(now - self._taken_at, 1e-9)
        self._window = max(1, int(min(_FURTHEST, self._window * _WIDENS, through)))
        self._taken_at = now
        return self._window

    def _take(self, addresses: Sequence[Address]) -> dict[Address, TidegateError | None]:
        """Take leases and put their addresses in order; what stands against one of them, by address."""
        runtime = self._runtime
        with writing(runtime.engine) as connection:
            answers = lease.acquire_all(connection, addresses, self._run_id, runtime.clock.wall())
            ours = {address: taken for address, taken in answers.items() if isinstance(taken, Taken)}
            states, unfinished = load_some(connection, list(ours), runtime.clock.now()) if ours else ({}, set())
        against: dict[Address, TidegateError | None] = {
            address: answer for address, answer in answers.items() if isinstance(answer, LeaseHeld)
        }
        for address, taken in ours.items():
            try:
                token = above_storage(runtime.engine, runtime.io, address, taken.token)
                if address in unfinished or runtime.io.versions(address):
                    self._tidy(address, token)
                else:
                    self._snapshot.put(address, states[address])
            except (StorageError, LeaseLost) as error:
                against[address] = error
                with writing(runtime.engine) as connection:
                    lease.release(connection, address, taken.token)
            else:
                against[address] = None
                self._tokens[address] = token
        self._recall([address for address in ours if against[address] is None])
        return against

    def _recall(self, addresses: Sequence[Address]) -> None:
        """Let the gate read ahead: under their leases nobody else changes the past of these addresses."""
        with reading(self._runtime.engine) as connection:
            self._recalled |= self._runtime.gate.recall(connection, addresses)

    def _tidy(self, address: Address, token: int) -> None:
        """Finish the publications that were left open, and remove from storage what the log doesn't know."""
        runtime = self._runtime
        with reading(runtime.engine) as connection:
            known = known_versions(connection, address)
        for version in unfinished(known):
            finish(runtime.engine, runtime.io, runtime.clock, version, token)
        runtime.io.sweep(address, {version.id for version in known})
        with reading(runtime.engine) as connection:
            self._snapshot.put(address, load_one(connection, address, now=runtime.clock.now()))
