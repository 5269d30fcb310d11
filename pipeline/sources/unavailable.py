"""Why nothing could be fetched: said with the connection and its host, and never with what it shows to be let in."""

from transforms.errors import MeterbridgeError


class SourceUnavailableError(MeterbridgeError):
    """A database or an API did not give what it was asked for; nothing of it was kept, and it can be asked again."""


class AnswerError(Exception):
    """An answer came, and cannot be taken; whoever asked says where from."""
