"""The endpoints, one file per kind of thing they are about."""
