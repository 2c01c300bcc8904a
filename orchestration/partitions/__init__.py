"""Partitions: the named slices of an asset, and the interval of data time that each covers."""

from orchestration.partitions.base import Interval, KeysOf, Partitions
from orchestration.partitions.cron import CronPartitions, cron
from orchestration.partitions.daily import DailyPartitions, daily
from orchestration.partitions.dynamic import DynamicPartitions, dynamic
from orchestration.partitions.hourly import HourlyPartitions, hourly
from orchestration.partitions.monthly import MonthlyPartitions, monthly
from orchestration.partitions.multi import MultiPartitions, multi
from orchestration.partitions.static import StaticPartitions, static
from orchestration.partitions.weekly import WeeklyPartitions, weekly

__all__ = [
    "CronPartitions",
    "DailyPartitions",
    "DynamicPartitions",
    "HourlyPartitions",
    "Interval",
    "KeysOf",
    "MonthlyPartitions",
    "MultiPartitions",
    "Partitions",
    "StaticPartitions",
    "WeeklyPartitions",
    "cron",
    "daily",
    "dynamic",
    "hourly",
    "monthly",
    "multi",
    "static",
    "weekly",
]
