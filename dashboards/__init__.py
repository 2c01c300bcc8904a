"""The pages and figures of Tidegate: read records in, HTML and Plotly figures out; no SQL, no numerics."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dashboards.app import add_pages, create_app

__all__ = ["add_pages", "create_app"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'dashboards' has no attribute {name!r}")
    return getattr(import_module("dashboards.app"), name)
