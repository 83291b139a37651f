"""Where a message's octets are kept while they come in. Hashed on the way, so that nobody reads them twice."""

import hashlib

from gatepost.ids import BlobId


class Spool:
    """One message's content; in memory for now, and the only place that knows it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._sha256 = hashlib.sha256()

    def add(self, octets: bytes) -> None:
        """Keep the next octets."""
        self._pieces.append(octets)
        self._sha256.update(octets)

    def discard(self) -> None:
        """Forget what was kept."""
        self._pieces = []
        self._sha256 = hashlib.sha256()

    def take(self) -> tuple[bytes, BlobId]:
        """Hand the whole message out with its digest, and begin anew."""
        raw, blob = b"".join(self._pieces), BlobId(self._sha256.hexdigest())
        self.discard()
        return raw, blob
