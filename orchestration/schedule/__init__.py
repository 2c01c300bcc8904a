"""Schedules: what makes an asset due, and the conditions under which that is acted on."""

from orchestration.schedule.arrivals import OnFile, OnRow, on_file, on_row
from orchestration.schedule.base import Condition, Trigger
from orchestration.schedule.conditions import held, running, stale, within
from orchestration.schedule.cron import CatchUp, Cron
from orchestration.schedule.declared import schedule_of
from orchestration.schedule.signals import OnEvent, on_event
from orchestration.schedule.updates import Updated, all_upstreams_updated, any_upstream_updated, on_update

__all__ = [
    "CatchUp",
    "Condition",
    "Cron",
    "OnEvent",
    "OnFile",
    "OnRow",
    "Trigger",
    "Updated",
    "all_upstreams_updated",
    "any_upstream_updated",
    "held",
    "on_event",
    "on_file",
    "on_row",
    "on_update",
    "running",
    "schedule_of",
    "stale",
    "within",
]
