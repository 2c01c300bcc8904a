"""Copies of the state: one file of SQLite's, from either engine, into either engine."""

from observer.backups.backup import Backup, back_up
from observer.backups.restore import restore

__all__ = ["Backup", "back_up", "restore"]
