"""Which messages belong together: Message-IDs as keys of fixed length."""

import hashlib

from msgspec import Struct

from gatepost.ids import AccountId, EmailId, ThreadId

REFERENCES_MAX = 50
"""How many references count: the nearest ones. RFC 5322 section 3.6.4 sets no limit, and strangers write them."""


class Newcomer(Struct, frozen=True, gc=False):
    """A message that looks for its thread."""

    account: AccountId
    email: EmailId
    message_id: str
    references: tuple[str, ...]


def keys_of(message_id: str, references: tuple[str, ...]) -> list[bytes]:
    """Return SHA-256 keys, the message's own id first, then its references from the nearest to the farthest."""
    nearest = references[::-1][:REFERENCES_MAX]
    names = dict.fromkeys(name for name in (message_id, *nearest) if name)
    return [hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest() for name in names]


def new_thread(email: EmailId) -> ThreadId:
    """Return the id of the thread that ``email`` begins: the same suffix under ``th_``."""
    return ThreadId("th_" + email.removeprefix("em_"))
