"""Collectors: a version and its data -> observations.

``frame.py`` collects all that is said of one version. Its data is opened by ``opening.py`` (or ``pushed.py``, where it
lies in a database) as a ``Relation``; ``compiled.py`` decides what is asked of it, ``profile.py`` asks,
of all rows or, by ``part.py``, of some.
"""

from observer.collectors.field import Field
from observer.collectors.frame import Collected, collect
from observer.collectors.opening import opened
from observer.collectors.relation import Relation

__all__ = ["Collected", "Field", "Relation", "collect", "opened"]
