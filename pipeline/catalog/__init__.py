"""The catalog, read and checked as a whole; accounts and units that the store adds to it."""
