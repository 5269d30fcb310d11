"""The shell: one file per step, in the data's order. Each reads, calls a transform, and writes."""
