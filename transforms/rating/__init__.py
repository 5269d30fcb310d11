"""Rating: usage becomes money. One file per charge model; `rate.py` holds the order of the steps."""
