"""Who is at the command line, and why."""

import getpass

import click

why = click.option("--reason", required=True, help="Why; it is kept with who did it.")


def user() -> str:
    """Name the user, as the store keeps it with what is loaded, changed and deleted."""
    return getpass.getuser()
