"""The base of every error that is expected: its message is for a person, and says what, where and what to do."""


class MeterbridgeError(Exception):
    """Something that the user can put right."""
