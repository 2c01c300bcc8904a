"""What an asset costs the orchestration core, beside Dagster on the same machine in the same run."""

from benchmarks.orchestration.compare import measure

__all__ = ["measure"]
