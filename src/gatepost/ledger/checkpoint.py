"""Checkpoints (C2SP tlog-checkpoint v1.0.0): a log's name, size and root, signed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import HASH_OCTETS
from gatepost.ledger.note import Note, SigningKey, VerifierKey, decode_base64, encode_base64

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_LINES_MIN = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree of ``origin`` when it had ``size`` entries."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a note's text as a checkpoint.

        Raises:
            LedgerError: it is none.
        """
        if not text.endswith("\n"):
            raise LedgerError("a checkpoint ends with a line feed")
        lines = text[:-1].split("\n")
        if len(lines) < _LINES_MIN or not all(lines):
            raise LedgerError("a checkpoint has an origin, a size and a root, and no empty lines")
        origin, size, root_base64, *extensions = lines
        if not _SIZE.fullmatch(size):
            raise LedgerError("a checkpoint's size is a decimal number")
        root = decode_base64(root_base64)
        if len(root) != HASH_OCTETS:
            raise LedgerError("a checkpoint's root is 32 octets long")
        return cls(origin, int(size), root, tuple(extensions))

    @classmethod
    def open(cls, note: bytes, key: VerifierKey, *, others: Iterable[VerifierKey] = ()) -> Self:
        """Read a signed checkpoint of the log that signs with ``key`` and is named as the key is.

        Raises:
            LedgerError: malformed, of another log, or not signed by ``key``.
        """
        opened = Note.parse(note)
        if key not in opened.verify((key, *others)):
            raise LedgerError("the log's own key did not sign the checkpoint")
        checkpoint = cls.parse(opened.text)
        if checkpoint.origin != key.name:
            raise LedgerError("the checkpoint is of another log")
        return checkpoint

    @property
    def text(self) -> str:
        """The note's text."""
        return "".join(
            f"{line}\n" for line in (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        )

    def signed(self, key: SigningKey) -> bytes:
        """Return the checkpoint as a note under the log's key."""
        return key.sign(self.text)
