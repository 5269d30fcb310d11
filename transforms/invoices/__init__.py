"""Invoices, as values, pages and plain text; and a chart of what was billed."""
