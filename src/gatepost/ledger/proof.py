"""The ``.tlog-proof`` file (C2SP tlog-proof): one entry's inclusion under a signed checkpoint, checkable offline."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import HASH_OCTETS, leaf_hash, verify_inclusion
from gatepost.ledger.note import NOTE_MAX_OCTETS, VerifierKey, decode_base64, encode_base64

_MAGIC = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)
_HASHES_MAX = 63


@dataclass(frozen=True, slots=True)
class Proof:
    """Entry ``index`` is in the tree of ``checkpoint`` (a whole signed note); ``extra`` is not authenticated."""

    index: int
    hashes: Sequence[bytes]
    checkpoint: bytes
    extra: bytes | None = None

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Take the file apart; nothing is verified yet.

        Raises:
            LedgerError: it is no such file.
        """
        if len(octets) > NOTE_MAX_OCTETS:
            raise LedgerError("the proof is longer than we read")
        head, empty_line, checkpoint = octets.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise LedgerError("the proof's head is not ASCII") from error
        if not empty_line or lines.pop(0) != _MAGIC:
            raise LedgerError(f"the file does not begin with {_MAGIC}")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode_base64(lines.pop(0).removeprefix("extra "))
        found = _INDEX.fullmatch(lines.pop(0)) if lines else None
        if found is None:
            raise LedgerError("the proof names no index")
        if len(lines) > _HASHES_MAX:
            raise LedgerError("the proof is longer than any tree is high")
        hashes = tuple(decode_base64(line) for line in lines)
        if any(len(each) != HASH_OCTETS for each in hashes):
            raise LedgerError("a hash is not 32 octets long")
        return cls(int(found[1]), hashes, checkpoint, extra)

    def encode(self) -> bytes:
        """Return the file."""
        lines = [_MAGIC]
        if self.extra is not None:
            lines.append(f"extra {encode_base64(self.extra)}")
        lines.append(f"index {self.index}")
        lines += [encode_base64(each) for each in self.hashes]
        return "\n".join([*lines, "", ""]).encode() + self.checkpoint

    def verify(self, entry: bytes, key: VerifierKey) -> Checkpoint:
        """Return the checkpoint under which ``entry`` is proven to stand, signed by ``key``.

        Raises:
            LedgerError: it is not proven.
        """
        checkpoint = Checkpoint.open(self.checkpoint, key)
        verify_inclusion(self.index, checkpoint.size, leaf_hash(entry), self.hashes, checkpoint.root)
        return checkpoint
