"""Expectations of Great Expectations: told from the collector's scan, or by the library in a process of its own."""
