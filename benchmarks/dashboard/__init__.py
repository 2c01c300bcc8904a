"""How fast pages are over a store that is as large as a large company's."""

from benchmarks.dashboard.compare import measure as measure
