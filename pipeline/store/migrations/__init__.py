"""The migrations of the usage store."""
