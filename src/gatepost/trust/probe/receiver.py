"""A mail server on loopback that keeps what it takes, for as long as an exercise lasts: whom a notice is handed to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from gatepost.trust.probe.server import listening

WAIT_S = 20.0
_LETTER_OCTETS_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Handed:
    """One mail, as it was handed over."""

    rcpt_to: str
    octets: bytes


@dataclass
class Receiver:
    """What came, in order."""

    port: int = 0
    taken: list[Handed] = field(default_factory=list)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Take mail on a free port."""
    made = Receiver()
    async with listening(partial(_converse, made), wait_s=WAIT_S) as made.port:
        yield made


async def _converse(made: Receiver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speak as much of RFC 5321 as a sender of one mail needs."""
    writer.write(b"220 receiver.invalid\r\n")
    rcpt_to = ""
    while line := (await reader.readuntil(b"\r\n")).decode("utf-8", "replace").strip():
        verb, _, rest = line.partition(" ")
        match verb.upper():
            case "RCPT":
                rcpt_to = rest.partition("<")[2].partition(">")[0]
                reply = "250 2.1.5 taken"
            case "DATA":
                writer.write(b"354 go on\r\n")
                made.taken.append(Handed(rcpt_to, await _letter(reader)))
                reply = "250 2.0.0 kept"
            case "QUIT":
                writer.write(b"221 2.0.0 bye\r\n")
                return
            case _:
                reply = "250 2.0.0 yes"
        writer.write(f"{reply}\r\n".encode())


async def _letter(reader: asyncio.StreamReader) -> bytes:
    lines: list[bytes] = []
    octets = 0
    while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
        octets += len(line)
        if octets > _LETTER_OCTETS_MAX:
            raise ValueError("a notice is not as long as this")
        lines.append(line.removeprefix(b"."))
    return b"".join(lines)
