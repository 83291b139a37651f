"""What can go wrong with the object store."""


class BlobsUnavailableError(Exception):
    """The store did not take or give the object; nothing is half-done. Try again."""
