"""What goes on beside a walk: leases are renewed, and what was judged is settled while a step takes its time."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType

from orchestration import lease
from orchestration.database import writing
from orchestration.runtime import Runtime
from orchestration.settlement import Settlement

HEARTBEAT_S = 15.0
_TICK_S = 0.05

_log = logging.getLogger("tidegate.keeper")


class Keeper:
    """A thread for the length of a ``with`` block."""

    def __init__(self, runtime: Runtime, run_id: str, settlement: Settlement) -> None:
        self._runtime, self._run_id, self._settlement = runtime, run_id, settlement
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="tidegate-keeper", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _keep(self) -> None:
        renewed = time.monotonic()
        while not self._stop.wait(_TICK_S):
            self._settlement.flush_beside()
            if time.monotonic() - renewed >= HEARTBEAT_S:
                renewed = time.monotonic()
                self._renew()

    def _renew(self) -> None:
        try:
            with writing(self._runtime.engine) as connection:
                lease.renew(connection, (self._run_id,), self._runtime.clock.wall())
        except Exception as error:  # tried again at the next beat; a lease that lapses is refused by its token
            _log.warning("the leases of run %s could not be renewed: %s", self._run_id, error)
