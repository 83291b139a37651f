"""Asking witnesses (C2SP tlog-witness v1.0.0): a checkpoint is shown once enough of them have seen it only grow.

A witness that holds more than we have signed, or another head of the same size, has seen a history that we have not:
that is a fork, and nothing is shown until an operator has looked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus

from gatepost.blobs import Blobs
from gatepost.ids import TenantId
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import consistency_ranges, hash_range
from gatepost.ledger.note import WITNESS_KINDS, VerifierKey
from gatepost.ledger.tiles import needed, reader
from gatepost.ledger.witness import AddCheckpoint, Answer, with_cosignature
from gatepost.record import files
from gatepost.record.errors import ForkError, UnwitnessedError

_TRIES = 3  # a witness that others ask, too, may have moved on between two questions

Ask = Callable[[str, bytes], Awaitable[Answer]]
"""Posts a body to a URL; an answer with status 0 says in its body why there was none."""


@dataclass(frozen=True, slots=True)
class Witness:
    """One who is asked: ``url`` is the prefix before ``add-checkpoint``."""

    url: str
    key: VerifierKey

    @classmethod
    def parse(cls, text: str) -> "Witness":
        """Read ``URL verifier-key``.

        Raises:
            LedgerError: it is not.
        """
        url, _, key = text.strip().partition(" ")
        return cls(url.rstrip("/"), VerifierKey.parse(key.strip(), kinds=WITNESS_KINDS))


class Witnesses:
    """Those who are asked, and how many of them must cosign.

    Args:
        named: the witnesses; whoever is named twice, or has two keys, is one.
        quorum: how many must cosign; 0 where there are none.
        ask: how a body gets there.
    """

    def __init__(self, named: Iterable[Witness], quorum: int, ask: Ask) -> None:
        self._named = tuple(named)
        self.quorum = quorum
        self._ask = ask
        self._held: dict[tuple[TenantId, str], int] = {}

    async def cosign(self, blobs: Blobs, tenant: TenantId, head: Checkpoint, note: bytes) -> bytes:
        """Return the lines that a quorum's cosignatures add to a checkpoint's note; empty where none is needed.

        Raises:
            ForkError: a witness holds what contradicts the checkpoint.
            LedgerError: a tile that the proof needs is missing or damaged.
            UnwitnessedError: too few cosigned.
        """
        if not self.quorum:
            return b""
        answers = await asyncio.gather(*(self._one(blobs, tenant, each, head, note) for each in self._named))
        asked = list(zip(self._named, answers, strict=True))
        cosigners = {each.key.name for each, answer in asked if isinstance(answer, bytes)}
        if len(cosigners) < self.quorum:
            others = [f"{each.key.name}: {answer}" for each, answer in asked if isinstance(answer, str)]
            raise UnwitnessedError(f"{len(cosigners)} of {self.quorum} cosigned; " + "; ".join(others))
        return b"".join(dict.fromkeys(answer for answer in answers if isinstance(answer, bytes)))

    async def _one(
        self, blobs: Blobs, tenant: TenantId, witness: Witness, head: Checkpoint, note: bytes
    ) -> bytes | str:
        """Return a witness's line, or why there is none."""
        held = (tenant, witness.key.name)
        for _ in range(_TRIES):
            old = self._held.get(held, 0)
            body = AddCheckpoint(old, await _growth(blobs, tenant, old, head.size), note).encode()
            answer = await self._ask(f"{witness.url}/add-checkpoint", body)
            match answer.status:
                case HTTPStatus.OK:
                    try:
                        whole = with_cosignature(note, answer.body, witness.key)
                    except LedgerError as error:
                        return str(error)
                    self._held[held] = head.size
                    return whole.removeprefix(note)
                case HTTPStatus.CONFLICT:
                    self._held[held] = _size(answer.body, old, head, witness)
                case HTTPStatus.UNPROCESSABLE_ENTITY:
                    raise _other_history(witness, old)
                case 0:
                    return answer.body.decode()
                case status:
                    return f"it answered {status}"
        return "it holds another size each time"


async def _nobody(_: str, __: bytes) -> Answer:
    return Answer(0)


NO_WITNESSES = Witnesses((), 0, _nobody)
"""Nobody is asked, and checkpoints are shown as they are signed."""


def _other_history(witness: Witness, size: int) -> ForkError:
    return ForkError(f"{witness.key.name} holds a head of size {size} that the log did not grow from")


def _size(body: bytes, old: int, head: Checkpoint, witness: Witness) -> int:
    """Return the size that a witness, told ``old``, says it holds; a wrong answer counts as 0.

    A conflict that names no other size, where nothing has grown, is about the root: witnesses of before version 1.0.0
    of the protocol answer so where later ones answer 422, and those of transparency-dev still do.
    """
    text = body.strip()
    size = int(text) if text.isdigit() and len(text) < 20 else None  # noqa: PLR2004  # digits of 2^63
    if old == head.size and size in {None, old}:
        raise _other_history(witness, old)
    if size is not None and size > head.size:
        raise ForkError(f"{witness.key.name} has cosigned size {size}, and the newest checkpoint has {head.size}")
    return size or 0


async def _growth(blobs: Blobs, tenant: TenantId, old: int, new: int) -> tuple[bytes, ...]:
    """Return the proof that the log of size ``new`` begins with the one of size ``old``."""
    if old in (0, new):
        return ()
    ranges = consistency_ranges(old, new)
    read = reader(new, await files.read_tiles(blobs, tenant, needed(ranges, new)))
    return tuple(hash_range(leaves, read) for leaves in ranges)
