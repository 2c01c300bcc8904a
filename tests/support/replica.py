"""One replica as a process: `python -m tests.support.replica FOLDER`; everything real but what decides is the test's.

Each second of the project's own count is a due time: `due.json` says when it began and how many there are.
"""

import json
import logging
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

from observer.project import Project, open_project
from observer.service.current import Current
from observer.service.scheduler import Decided
from observer.service.service import Roles, Service
from orchestration.model import AssetKey
from orchestration.run_request import RunRequest


def due(work: Project, now: datetime) -> Decided:
    """All that has become due by now: whatever was asked for before is not asked for again."""
    told = json.loads((work.config.root / "due.json").read_text(encoding="utf-8"))
    began = datetime.fromisoformat(told["began"])
    return Decided(
        tuple(
            RunRequest(
                due_key=f"flow:{n}",
                assets=(AssetKey("flow"),),
                partitions=(f"p{n:03}",),
                reason="its time has come",
                asked_by="the test's schedule",
                due_at=began + timedelta(seconds=n),
                force=True,
            )
            for n in range(told["count"])
            if began + timedelta(seconds=n) <= now
        )
    )


def main(folder: Path) -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    with Service(Current(lambda: open_project(folder)), Roles(decide=due, runs=2)):
        print("ready", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
