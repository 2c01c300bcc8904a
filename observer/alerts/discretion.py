"""Keeping libraries from logging what they send and where to: addresses and keys of channels are secrets."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_quiet: ContextVar[bool] = ContextVar("tidegate_alerts_quiet", default=False)


@contextmanager
def discreetly(*loggers: str) -> Iterator[None]:
    """What these loggers say in here, in this thread or task, is not heard; elsewhere they speak as ever."""
    for name in loggers:
        logging.getLogger(name).addFilter(_HIDDEN)  # adding it again changes nothing
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


class _Hidden(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not _quiet.get()


_HIDDEN = _Hidden()
