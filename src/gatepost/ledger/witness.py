"""The witness protocol (C2SP tlog-witness v1.0.0) without its socket: what is asked, and what a witness answers.

A witness holds one checkpoint per log. It cosigns a newer one only where a proof shows that the log has only grown, so
that a log that shows two people two histories cannot have both of them cosigned.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import EMPTY_ROOT, HASH_OCTETS, verify_consistency
from gatepost.ledger.note import (
    NOTE_MAX_OCTETS,
    STAMP_OCTETS,
    CosigningKey,
    Note,
    VerifierKey,
    decode_base64,
    encode_base64,
)

SIZE_TYPE = "text/x.tlog.size"
_TEXT_TYPE = "text/plain; charset=utf-8"
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)
_HASHES_MAX = 63


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """The body of ``add-checkpoint``: the size the log believes the witness holds, the proof from there, the note."""

    old: int
    hashes: Sequence[bytes]
    note: bytes

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Take a body apart; nothing is verified yet.

        Raises:
            LedgerError: it is none.
        """
        if len(octets) > NOTE_MAX_OCTETS:
            raise LedgerError("the request is longer than we read")
        head, gap, note = octets.partition(b"\n\n")
        try:
            first, *rest = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise LedgerError("the request's head is not ASCII") from error
        found = _OLD.fullmatch(first)
        if not gap or found is None or len(rest) > _HASHES_MAX:
            raise LedgerError("the request is an old size, at most 63 hashes, an empty line and a checkpoint")
        hashes = tuple(decode_base64(line) for line in rest)
        if any(len(each) != HASH_OCTETS for each in hashes):
            raise LedgerError("a hash is not 32 octets long")
        return cls(int(found[1]), hashes, note)

    def encode(self) -> bytes:
        """Return the body."""
        lines = [f"old {self.old}", *(encode_base64(each) for each in self.hashes), "", ""]
        return "\n".join(lines).encode() + self.note


@dataclass(frozen=True, slots=True)
class Answer:
    """What the witness says: a status of HTTP, and a body of that type."""

    status: int
    body: bytes = b""
    media_type: str = _TEXT_TYPE


@dataclass(frozen=True, slots=True)
class Agreed:
    """The witness may cosign: it must first hold ``checkpoint``, and durably."""

    checkpoint: Checkpoint


def named(octets: bytes) -> str:
    """Return the origin that a request is about, so that what is held of it can be looked up.

    Raises:
        LedgerError: the request is malformed.
    """
    return Checkpoint.parse(Note.parse(AddCheckpoint.parse(octets).note).text).origin


def judge(octets: bytes, logs: Mapping[str, Collection[VerifierKey]], held: Checkpoint | None) -> Agreed | Answer:
    """Say whether the witness may cosign what a body asks it to, given the keys of its logs and what it holds.

    A log whose key is being changed has two; a signature by either will do.
    """
    try:
        asked = AddCheckpoint.parse(octets)
        claimed = Checkpoint.parse(Note.parse(asked.note).text)
    except LedgerError as error:
        return Answer(400, f"{error}\n".encode())
    keys = logs.get(claimed.origin)
    if keys is None:
        return Answer(404, b"this witness does not know the log\n")
    try:
        Note.parse(asked.note).verify(keys)
    except LedgerError as error:
        return Answer(403, f"{error}\n".encode())
    return _compare(asked, held, claimed)


def _compare(asked: AddCheckpoint, held: Checkpoint | None, new: Checkpoint) -> Agreed | Answer:
    if asked.old > new.size:
        return Answer(400, b"the log would shrink\n")
    size = held.size if held else 0
    if asked.old != size:
        return Answer(409, f"{size}\n".encode(), SIZE_TYPE)
    try:
        _check_growth(asked, held, new)
    except LedgerError as error:
        return Answer(422, f"{error}\n".encode())
    return Agreed(new)


def _check_growth(asked: AddCheckpoint, held: Checkpoint | None, new: Checkpoint) -> None:
    if asked.old == 0:
        if asked.hashes:
            raise LedgerError("from size 0 there is nothing to prove")
        if new.size == 0 and new.root != EMPTY_ROOT:
            raise LedgerError("this is not the root of the empty tree")
        return
    verify_consistency(asked.old, new.size, asked.hashes, held.root if held else EMPTY_ROOT, new.root)


def cosigned_by(key: CosigningKey, checkpoint: Checkpoint, at_s: int) -> Answer:
    """Return the answer to a request that was agreed to, once what it asked is held."""
    return Answer(200, key.cosign(checkpoint.text, at_s))


def with_cosignature(note: bytes, line: bytes, witness: VerifierKey) -> bytes:
    """Return the note with a witness's line added, whatever else the witness said left out.

    A cosignature without a time does not say that its tree was the largest, and is none of a checkpoint's (C2SP
    tlog-witness, "add-checkpoint").

    Raises:
        LedgerError: no line of it is this witness's cosignature of this note.
    """
    opened = Note.parse(note)
    text = opened.text.encode()
    whole = Note.parse(text + b"\n" + line)
    for one, spelled in zip(whole.signatures, line.splitlines(keepends=True), strict=True):
        is_hers = (one.name, one.key_id) == (witness.name, witness.key_id) and any(one.signature[:STAMP_OCTETS])
        if is_hers and witness.verifies(text, one.signature):
            return note + spelled
    raise LedgerError("the answer holds no cosignature of the witness")
