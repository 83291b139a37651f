"""What can go wrong with a blob."""


class BlobsUnavailableError(Exception):
    """The store did not take or give the object; nothing is half-done. Try again."""


class BlobDamagedError(BlobsUnavailableError):
    """The store gave octets that do not hash to their name; they were thrown away."""


class BlobMissingError(LookupError):
    """There is no such object."""
