"""What makes two calls the same call."""

import hashlib
import json

from gatepost.reply.paper import Letter, Said


def identity_of(said: Said) -> str:
    """Return a digest: the message answered, the voice, and the caller's own key, or else the text.

    Bound to the message and the voice, a key used twice by mistake cannot swallow an answer to somebody else.
    """
    own = ["key", said.idempotency_key] if said.idempotency_key else ["text", digest_of(said)]
    canonical = json.dumps([said.parent, said.voice.value, *own])
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def digest_of(said: Said) -> str:
    """Return a digest of what was said: a caller's key stands for one text, not for two."""
    return hashlib.sha256(said.text.encode("utf-8", "replace")).hexdigest()


def letter_identity_of(letter: Letter) -> str:
    """Return the same for a message that answers nothing: the caller's own key, or else all that it says to whom."""
    own = ["key", letter.idempotency_key] if letter.idempotency_key else ["text", letter_digest_of(letter)]
    return hashlib.sha256(json.dumps(["letter", *own]).encode("ascii")).hexdigest()


def letter_digest_of(letter: Letter) -> str:
    """Return a digest of what is said, and to whom."""
    said = json.dumps([sorted({each.key for each in letter.to}), letter.subject, letter.text])
    return hashlib.sha256(said.encode("ascii")).hexdigest()
