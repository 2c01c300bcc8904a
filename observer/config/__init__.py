"""The project's settings: where its code is, and what each environment keeps its data and state in."""

from observer.config.channels import ChannelConfig
from observer.config.environment import EnvironmentConfig, read
from observer.config.executor import ExecutorConfig
from observer.config.file import FILE_NAME, PYPROJECT, find_root
from observer.config.io import IOConfig

__all__ = [
    "ChannelConfig",
    "EnvironmentConfig",
    "ExecutorConfig",
    "FILE_NAME",
    "IOConfig",
    "PYPROJECT",
    "find_root",
    "read",
]
