"""Checks: what must hold of an asset's data, said in one line each or as a Python function."""

from observer.checks.accepted_values import accepted_values
from observer.checks.answers import CheckResult
from observer.checks.base import Check, CheckData, FusedCheck, LookingCheck, ensure_unique_names
from observer.checks.fresh import fresh
from observer.checks.function import FunctionCheck, check
from observer.checks.gx.expectation import expect
from observer.checks.gx.suite import expectations
from observer.checks.has_schema import has_schema
from observer.checks.in_range import in_range
from observer.checks.increasing import increasing
from observer.checks.matches import matches
from observer.checks.no_gaps import no_gaps
from observer.checks.not_null import not_null
from observer.checks.observed import Observations
from observer.checks.reconciles import reconciles
from observer.checks.references import references
from observer.checks.row_count import row_count
from observer.checks.sql_check import sql_check
from observer.checks.text_length import text_length
from observer.checks.unique import unique

__all__ = [
    "Check",
    "CheckData",
    "CheckResult",
    "FunctionCheck",
    "FusedCheck",
    "LookingCheck",
    "Observations",
    "accepted_values",
    "check",
    "ensure_unique_names",
    "expect",
    "expectations",
    "fresh",
    "has_schema",
    "in_range",
    "increasing",
    "matches",
    "no_gaps",
    "not_null",
    "reconciles",
    "references",
    "row_count",
    "sql_check",
    "text_length",
    "unique",
]
