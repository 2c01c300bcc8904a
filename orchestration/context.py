"""What a running function may ask and say: its partition, its run, its logger and its metadata."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field

from orchestration.errors import AssetError
from orchestration.hearing import logger_of
from orchestration.model import AssetKey, PartitionKey, Scalar
from orchestration.partitions import Interval


@dataclass(slots=True, kw_only=True)
class Context:
    """Handed to a function that has a parameter ``context``."""

    asset: AssetKey
    partition_key: PartitionKey
    interval: Interval | None
    run_id: str
    metadata: dict[str, Scalar] = field(default_factory=dict)
    partition_keys: tuple[str, ...] = ()
    """The partitions that this call makes, in order; more than one only where ``ob.RunPolicy(batch=)`` allows it."""
    outputs: tuple[AssetKey, ...] = ()
    """The assets that this call makes: of a multi-asset with ``subsettable=True`` perhaps not all."""

    @property
    def logger(self) -> logging.Logger:
        """The asset's own, called ``tidegate.asset.`` and its name; what it says from INFO on is kept with the step."""
        return logger_of(self.asset)

    @property
    def partition(self) -> str:
        """The key of the one partition that is to be made; raises AssetError where there are none or several."""
        if len(self.partition_keys) > 1:
            raise AssetError(
                f"{self.asset} makes {len(self.partition_keys)} partitions; ask for context.partition_keys"
            )
        if self.partition_key is None:
            raise AssetError(f"{self.asset} asked for its partition but has none; give it partitions=")
        return self.partition_key

    def add_metadata(self, **values: Scalar) -> None:
        """Keep facts with this materialization; numbers become metrics that monitors can watch.

        NaN and infinity are kept as None: they could not be measured. A call that makes several assets or partitions
        adds to each of them.
        """
        for name, value in values.items():
            item = getattr(value, "item", None)
            plain = item() if callable(item) else value  # numpy scalars
            if isinstance(plain, float) and not math.isfinite(plain):
                plain = None
            if isinstance(plain, str):
                plain = plain.replace("\0", "")  # which PostgreSQL can't keep
            if not isinstance(plain, str | int | float | bool | None):
                raise AssetError(
                    f"{self.asset}: add_metadata({name}=...) got a {type(value).__name__}; give a number, text or bool"
                )
            self.metadata[name] = plain
