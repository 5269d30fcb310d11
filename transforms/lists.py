"""Lists in messages: the first ones, and how many there are besides."""

from collections.abc import Sequence


def first_few(texts: Sequence[str], most: int, between: str = ", ") -> str:
    """List at most so many of these texts.

    >>> first_few(["a", "b", "c"], 2), first_few([], 2)
    ('a, b and 1 more', '')
    """
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return between.join(texts[:most]) + more
