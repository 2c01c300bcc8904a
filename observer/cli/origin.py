"""Whose artifacts ``tidegate ingest`` reads."""

from enum import StrEnum


class Origin(StrEnum):
    DBT = "dbt"
