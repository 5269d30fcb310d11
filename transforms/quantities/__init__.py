"""Readings to quantities: whose each reading is, which of its repeats holds, and one tally of all fates."""
