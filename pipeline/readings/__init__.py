"""Raw files to readings: land what is new, once; keep what its days repeat and add up to."""
