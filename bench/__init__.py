"""Benchmarks, each beside the floor that it is held against; ratios of one run, never a time that a test waits for."""
