"""Processes that are forks of one that has loaded the libraries: they begin in a moment, not in three seconds.

That one begins before most tests, so what a test has set in ``os.environ`` has to be handed on.
"""

import multiprocessing

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(
    ["tests.support.readers", "tests.support.backends", "tests.support.databases", "observer.doctor.examine", "duckdb"]
)
