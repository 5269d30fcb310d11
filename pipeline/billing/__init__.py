"""Usage to rated items and invoices: what a bill run finds, rates, draws, settles and posts."""
