"""The bar on top of every page: its links in their order. A page that has come to stand adds its line here."""

from __future__ import annotations

from typing import Final

LINKS: Final = (
    ("Now", "/"),
    ("Assets", "/assets"),
    ("Graph", "/graph"),
    ("Incidents", "/incidents"),
    ("Runs", "/runs"),
)
"""Word and address; the template of a page says ``{% set section = "/incidents" %}`` where it stands below one."""
