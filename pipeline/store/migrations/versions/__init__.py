"""One file per version, in their order."""
