"""What a log may hold of an error that nobody foresaw."""

from __future__ import annotations

import traceback
from pathlib import Path

from observer.errors import TidegateError

_FRAMES = 4


def said(error: BaseException) -> str:
    """Our own error's text; of another its kind and where it rose, innermost first: its text may hold anything.

    >>> try:
    ...     int("a secret")
    ... except ValueError as error:
    ...     said(error).startswith("ValueError at ")
    True
    """
    if isinstance(error, TidegateError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    places = [f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in reversed(frames)]
    return f"{type(error).__name__} at {', from '.join(places)}" if places else type(error).__name__
