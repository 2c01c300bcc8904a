"""What can go wrong with an executor itself.

TidegateError
└── ExecutorError (RuntimeError)       an executor can't be made; nothing was begun
"""

from __future__ import annotations

from orchestration.errors import TidegateError


class ExecutorError(TidegateError, RuntimeError):
    """An executor can't be made: a package is missing, or a cluster can't be reached. Nothing was begun."""

    code = "executor"
