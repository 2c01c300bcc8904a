"""What goes on beside a walk: leases are renewed, what was judged is settled, and a request to end is noticed."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType

from orchestration import lease, runs
from orchestration.database import reading, writing
from orchestration.model import Cancellation
from orchestration.runtime import Runtime
from orchestration.settlement import Settlement

HEARTBEAT_S = 15.0
_TICK_S = 0.05
_LISTEN_EVERY_S = 0.5

_log = logging.getLogger("tidegate.keeper")


class Keeper:
    """A thread for the length of a ``with`` block. ``cancellation``: the run was asked to end."""

    def __init__(self, runtime: Runtime, run_id: str, settlement: Settlement) -> None:
        self._runtime, self._run_id, self._settlement = runtime, run_id, settlement
        self.cancellation: Cancellation | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="tidegate-keeper", daemon=True)

    def __enter__(self) -> Keeper:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _keep(self) -> None:
        renewed = listened = time.monotonic()
        while not self._stop.wait(_TICK_S):
            self._settlement.flush_beside()
            if self.cancellation is None and time.monotonic() - listened >= _LISTEN_EVERY_S:
                self._listen()
                listened = time.monotonic()
            if time.monotonic() - renewed >= HEARTBEAT_S:
                renewed = time.monotonic()
                self._renew()

    def _listen(self) -> None:
        try:
            with reading(self._runtime.engine) as connection:
                self.cancellation = runs.cancellation(connection, self._run_id)
        except Exception as error:  # asked again in a moment
            _log.warning("whether run %s is to end could not be asked: %s", self._run_id, error)

    def _renew(self) -> None:
        try:
            with writing(self._runtime.engine) as connection:
                lease.renew(connection, (self._run_id,), self._runtime.clock.wall())
        except Exception as error:  # tried again at the next beat; a lease that lapses is refused by its token
            _log.warning("the leases of run %s could not be renewed: %s", self._run_id, error)
