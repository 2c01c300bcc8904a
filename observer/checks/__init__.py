"""Checks: what must hold of an asset's data, said in one line each or as a Python function."""

from observer.checks.accepted_values import accepted_values
from observer.checks.base import Check, CheckData, FusedCheck, LookingCheck, ensure_unique_names
from observer.checks.expectation import expect
from observer.checks.function import CheckResult, FunctionCheck, check
from observer.checks.in_range import in_range
from observer.checks.not_null import not_null
from observer.checks.row_count import row_count
from observer.checks.unique import unique

__all__ = [
    "Check",
    "CheckData",
    "CheckResult",
    "FunctionCheck",
    "FusedCheck",
    "LookingCheck",
    "accepted_values",
    "check",
    "ensure_unique_names",
    "expect",
    "in_range",
    "not_null",
    "row_count",
    "unique",
]
