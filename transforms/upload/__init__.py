"""The usage file: its columns, what a cell means, and what is wrong with a row."""
