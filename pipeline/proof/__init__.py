"""Every figure made again: explained back to the raw row, traced forward, sealed and verified."""
