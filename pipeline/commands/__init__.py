"""The command line's commands beside the steps, by what they are about."""
