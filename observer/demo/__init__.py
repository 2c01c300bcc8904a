"""The demonstration: archived flights replayed day by day until the gate closes."""
