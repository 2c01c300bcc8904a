"""What is loaded before the service listens: what judging takes, where it judges."""

import subprocess
import sys
from pathlib import Path

from tests.unit.observer.shop import shop

LOADED = """
import sys
from observer.project import open_project
from observer.warming import warm

for folder in sys.argv[1:]:
    work = open_project(folder)
    warm(work)
    print(*sorted({"numpy", "scipy.special", "detectors.adaptive"} & set(sys.modules)))
"""
MADE = """
import observer as ob


@ob.asset(monitors=[ob.monitor("row_count")])
def made() -> int:
    return 1
"""
REPORTED = 'import observer as ob\n\nsent = ob.external("sent", monitors=[ob.monitor("null_rate", column="c")])\n'


def test_what_judging_takes_is_loaded_where_others_report(tmp_path: Path) -> None:
    folders = [shop(tmp_path / name, pipeline=text) for name, text in (("made", MADE), ("sent", REPORTED))]
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *map(str, folders)], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.splitlines() == ["", "detectors.adaptive numpy scipy.special"]
