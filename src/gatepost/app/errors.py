"""The house's own end: apart from ``serve``, so that a command can name it without importing the server."""


class HouseEndedError(Exception):
    """The house cannot go on; the text says why and what to do."""
