"""What every implementation of a port must do, as code: ours and yours run the same laws.

>>> from pathlib import Path
>>> from tempfile import mkdtemp
>>> from orchestration.io.files import FilesIOManager
>>> check_io_manager(lambda: FilesIOManager(Path(mkdtemp())))
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestration.executors.base import Executor, WorkerRecipe
from orchestration.executors.laws import EXECUTOR_LAWS, hold, says_why_there_is_no_worker
from orchestration.io.base import IOManager
from orchestration.io.every_type import every_type
from orchestration.io.laws import OBJECT_LAWS, TABLE_LAWS, TABLES_ONLY_LAWS

__all__ = ["check_executor", "check_io_manager", "every_type"]


def check_io_manager(make: Callable[[], IOManager], *, objects: bool = True) -> None:
    """Hold an IO manager to its contract; raises AssertionError with the sentence that it broke.

    Parameters
    ----------
    make:
        Gives an empty IO manager, a new one at each call.
    objects:
        Whether it keeps any object, such as a model or a text; one that keeps tables only must refuse the others.
    """
    for law in TABLE_LAWS + (OBJECT_LAWS if objects else TABLES_ONLY_LAWS):
        law(make())


def check_executor(make: Callable[[WorkerRecipe], Executor], *, folder: Path | None = None) -> None:
    """Hold an executor to its contract; raises AssertionError with the sentence that it broke. Takes about 20 s.

    Parameters
    ----------
    make:
        Gives a new executor that makes its workers by the recipe that it is given; each is closed.
    folder:
        Where the laws' data and traces lie, the same for every worker; a temporary one, if None.
    """
    with ExitStack() as stack:
        root = folder or Path(stack.enter_context(TemporaryDirectory(ignore_cleanup_errors=True)))
        for law in EXECUTOR_LAWS:
            own = root / law.__name__
            own.mkdir()
            hold(law, make, own)
    says_why_there_is_no_worker(make)
