"""What a data engineer declares: meters and their sources, charges and their prices, units; frozen, and strict."""
