"""What can go wrong with the object store."""


class BlobsUnavailableError(Exception):
    """The store did not take or give the object; nothing is half-done. Try again.

    ``reason``: its code in the record, in jobs and in the house's own lines.
    """

    reason = "blobs.away"
