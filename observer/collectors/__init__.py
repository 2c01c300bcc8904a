"""Collectors: a version and its data -> observations.

``frame.py`` collects from anything in memory and from Parquet files; ``relation.py`` is the data as DuckDB
sees it.
"""

from observer.collectors.frame import Collected, collect
from observer.collectors.relation import Field, Relation, opened

__all__ = ["Collected", "Field", "Relation", "collect", "opened"]
