"""Quantities to usage records, whether their samples suffice, and what loading them would change."""
