"""A small witness that anybody can run beside somebody else's log (docs/adr/0030, C2SP tlog-witness).

Its state is a folder: its own seed, in a file for each kind of key, and for each log the newest checkpoint it cosigned.
A checkpoint is on the disk before it is cosigned, and one lock makes compare and write a single step.
"""

import asyncio
import hashlib
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatepost.blobs import BlobsUnavailableError
from gatepost.blobs.folder import Folder
from gatepost.clock import Clock, Entropy
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.note import COSIGNATURE, MLDSA44_COSIGNATURE, NOTE_MAX_OCTETS, CosigningKey, Note, VerifierKey
from gatepost.ledger.witness import AddCheckpoint, Answer, cosigned_by, judge, named

KEY_FILES = {COSIGNATURE: "witness.key", MLDSA44_COSIGNATURE: "witness.mldsa44.key"}
_SEED_OCTETS = 32


def key_of(folder: Path, name: str, entropy: Entropy, kind: int = COSIGNATURE) -> CosigningKey:
    """Return the witness's key; made on first use.

    Raises:
        LedgerError: the name cannot be a key's, or the file holds no key.
        OSError: the folder cannot be read or written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = folder / KEY_FILES[kind]
    if not place.exists():
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(entropy(_SEED_OCTETS))
            file.flush()
            os.fsync(file.fileno())
    return CosigningKey(name, place.read_bytes(), kind)


def read_logs(lines: Iterable[str]) -> dict[str, list[VerifierKey]]:
    """Return the keys of the logs to watch by origin, from lines of one verifier key each; ``#`` begins a comment.

    Raises:
        LedgerError: a line is no key.
    """
    logs: dict[str, list[VerifierKey]] = {}
    for text in dict.fromkeys(line.partition("#")[0].strip() for line in lines):
        if text:
            key = VerifierKey.parse(text)
            logs.setdefault(key.name, []).append(key)
    return logs


class Witness:
    """Cosigns the checkpoints of its logs as long as they only grow."""

    def __init__(
        self, folder: Path, key: CosigningKey, logs: Mapping[str, Collection[VerifierKey]], clock: Clock
    ) -> None:
        self._store = Folder(folder)
        self._key = key
        self._logs = logs
        self._clock = clock
        self._turn = asyncio.Lock()

    async def add(self, octets: bytes) -> Answer:
        """Answer ``add-checkpoint``; what is cosigned is durable first."""
        try:
            place = _place(named(octets))
        except LedgerError as error:
            return Answer(400, f"{error}\n".encode())
        try:
            async with self._turn:
                note = await self._store.read(place)
                held = None if note is None else Checkpoint.parse(Note.parse(note).text)
                agreed = judge(octets, self._logs, held)
                if isinstance(agreed, Answer):
                    return agreed
                await self._store.write(place, AddCheckpoint.parse(octets).note)
        except (BlobsUnavailableError, LedgerError):
            return Answer(500, b"the witness cannot read or write what it holds\n")
        return cosigned_by(self._key, agreed.checkpoint, int(self._clock().timestamp()))

    async def held(self, hashed_origin: str) -> bytes | None:
        """Return the newest checkpoint of a log, by the SHA-256 of its origin in hex."""
        known = {hashlib.sha256(origin.encode()).hexdigest() for origin in self._logs}
        return await self._store.read(f"{hashed_origin}/checkpoint") if hashed_origin in known else None


def _place(origin: str) -> str:
    return f"{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint"


def application(witness: Witness) -> Starlette:
    """Return the witness as an ASGI application."""

    async def add(request: Request) -> Response:
        octets = bytearray()
        async for chunk in request.stream():
            octets += chunk
            if len(octets) > NOTE_MAX_OCTETS:
                return Response(b"the request is longer than we read\n", 400)
        answer = await witness.add(bytes(octets))
        return Response(answer.body, answer.status, media_type=None, headers={"Content-Type": answer.media_type})

    async def show(request: Request) -> Response:
        note = await witness.held(request.path_params["origin"])
        return Response(b"", 404) if note is None else Response(note, media_type="text/plain")

    return Starlette(
        routes=[
            Route("/add-checkpoint", add, methods=["POST"]),
            Route("/{origin:str}/checkpoint", show, methods=["GET"]),
        ]
    )
