"""What was measured of the parts of some data, put together to what measuring all of it would have given."""

from observer.merging.numbers import MERGEABLE, merged
from observer.merging.part import Part
from observer.merging.spread import MergedDistribution, merged_distribution

__all__ = ["MERGEABLE", "MergedDistribution", "Part", "merged", "merged_distribution"]
