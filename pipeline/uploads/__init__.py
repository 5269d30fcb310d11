"""Usage files: taken, read, checked, loaded; atomic for each file."""
