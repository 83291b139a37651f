"""The Message-IDs this house writes, and how it knows them again: each carries a tag that nobody else can make.

Without the tag a stranger who guesses how we name our mail could write "an answer to yours", or "yours, come back".
"""

import base64
import hmac
import re

TAG_CHARACTERS = 16
"""80 bits: forging one needs our key, not patience."""

_TAGGED = re.compile(rf"(?P<name>[\x00-\x7f]*)\.(?P<tag>[a-z2-7]{{{TAG_CHARACTERS}}})@(?P<domain>[^@\x80-\U0010ffff]*)")
"""Whatever else stands before the @ is no tag, and needs no hash."""


class OwnIds:
    """Writes Message-IDs and recognises them.

    Args:
        key: secret; whoever has it can write ours.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def write(self, name: str, domain: str) -> str:
        """Return a Message-ID, without angle brackets, for the message called ``name``."""
        return f"{name}.{self._tag(name, domain)}@{domain}"

    def is_own(self, message_id: str) -> bool:
        """Tell whether we wrote this Message-ID; mail programs keep its case (RFC 5322 section 3.6.4), so do we.

        Without a key nothing is ours: anybody could write what an empty one signs.
        """
        if not self._key:
            return False
        found = _TAGGED.fullmatch(message_id)
        return found is not None and hmac.compare_digest(found["tag"], self._tag(found["name"], found["domain"]))

    def _tag(self, name: str, domain: str) -> str:
        digest = hmac.digest(self._key, f"{name}@{domain}".encode(), "sha256")
        return base64.b32encode(digest)[:TAG_CHARACTERS].decode("ascii").lower()


NO_IDS = OwnIds(b"")
"""For a house that writes none: it recognises none either."""
