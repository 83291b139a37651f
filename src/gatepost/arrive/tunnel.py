"""TLS as octets in and octets out, for the server's half of a connection whose socket somebody else reads and writes.

An event loop's own TLS keeps 256 KiB and more a connection, once a client has sent that much in one go, for as long as
the connection stands: a thousand clients that wait in the middle of a message would hold a gigabyte. Here ciphertext
passes in small pieces, each decrypted before the next is given, and what OpenSSL keeps is one record at most.
"""

import ssl
from contextlib import suppress

from gatepost.arrive.paper import Tls

PIECE_OCTETS = 8192
"""Of ciphertext, given to OpenSSL at once: its buffer for it grows to that and never shrinks."""
RECORD_OCTETS = 16_384
"""The longest plaintext of one record (RFC 8446 section 5.1)."""


class Tunnel:
    """One client's TLS.

    Attributes:
        tls: what both sides agreed upon; None while they have not.
        has_ended: the client has said that it will say no more (RFC 8446 section 6.1).
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._ends = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.tls: Tls | None = None
        self.has_ended = False

    def receive(self, octets: bytes) -> bytes:
        """Take what came from the socket; return what the client says by it.

        Raises:
            ssl.SSLError: this is no TLS, or none that we speak; ``unsent`` may hold the alert that says so.
        """
        said: list[bytes] = []
        with memoryview(octets) as view:
            for at in range(0, len(octets), PIECE_OCTETS):
                self._incoming.write(view[at : at + PIECE_OCTETS])
                with suppress(ssl.SSLWantReadError):
                    self._read_into(said)
        return b"".join(said)

    def seal(self, octets: bytes) -> bytes:
        """Return what to write to the socket so that the client hears ``octets``."""
        left = memoryview(octets)
        while left:
            left = left[self._ends.write(left) :]
        return self.unsent()

    def end(self) -> bytes:
        """Return what to write to the socket before it is closed."""
        with suppress(ssl.SSLError):  # the client's own end is not waited for; before the handshake there is none
            self._ends.unwrap()
        return self.unsent()

    def unsent(self) -> bytes:
        """Return what TLS itself has to say: its handshake, its keys' renewal, its alerts."""
        return self._outgoing.read()

    def _read_into(self, said: list[bytes]) -> None:
        if self.tls is None:
            self._ends.do_handshake()
            cipher = self._ends.cipher()
            self.tls = Tls(self._ends.version() or "", cipher[0] if cipher else "")
        # OpenSSL takes no more than the record it is at. Where nothing is left, another read would only raise, which
        # takes as long as to decrypt a line.
        while not self.has_ended and (self._incoming.pending or self._ends.pending()):
            if piece := self._ends.read(RECORD_OCTETS):
                said.append(piece)
            else:
                self.has_ended = True
