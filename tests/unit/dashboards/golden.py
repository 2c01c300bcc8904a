"""Figures as files that people can read: compare, or write anew with ``UPDATE_GOLDEN=1``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import plotly.graph_objects as go

_FOLDER = Path(__file__).parents[2] / "golden" / "figures"


def assert_figure(name: str, figure: object) -> None:
    """The figure is one that Plotly accepts and equals ``tests/golden/figures/<name>.json``."""
    go.Figure(figure)
    text = json.dumps(figure, indent=1, ensure_ascii=False) + "\n"
    path = _FOLDER / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path} is missing; write it with UPDATE_GOLDEN=1"
    assert path.read_text(encoding="utf-8") == text, f"{path} differs; look, then UPDATE_GOLDEN=1"
