"""What the store holds, as files: usage, rated items and invoices, each with count and control total."""
