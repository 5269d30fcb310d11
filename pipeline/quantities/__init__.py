"""Readings to quantities: one per charge and billing period, exact, and a place for every reading."""
