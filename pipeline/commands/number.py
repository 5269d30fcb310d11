"""Numbers that the store gives, as arguments of commands."""

import click

NUMBER = click.IntRange(1, 10**18 - 1)  # what is larger the store would refuse in words of its own
