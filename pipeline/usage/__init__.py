"""Quantities to usage in the store: map, validate, diff, load; and what is changed or deleted there by hand."""
