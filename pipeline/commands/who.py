"""Who is at the command line."""

import getpass


def user() -> str:
    """Name the user, as the store keeps it with what is loaded, changed and deleted."""
    return getpass.getuser()
