"""A stranger's SMTP client: plain sockets, so that it may be wrong on purpose and may choose its own 127.x address."""

import asyncio
import contextlib
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from typing_extensions import override

ANSWER_WAIT_S = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message and how to hand it over.

    Attributes:
        source: the 127.0.0.0/8 address to connect from; SPF judges it.
        raw: the octets after DATA, CRLF lines; dot-stuffed on the way out.
        verbatim: send ``raw`` exactly as it is, for what no decent client would send.
    """

    source: str
    helo: str
    mail_from: str
    rcpt_to: str
    raw: bytes
    verbatim: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply: ``code`` 550, ``enhanced`` 5.7.1 (empty where there is none), and the text of each line."""

    code: int
    enhanced: str
    lines: tuple[str, ...]

    @override
    def __str__(self) -> str:
        return f"{self.code} {self.enhanced}".strip()


class Conversation:
    """One SMTP connection; use it as an async context manager."""

    def __init__(self, host: str, port: int, source: str) -> None:
        self._host = host
        self._port = port
        self._source = source

    async def __aenter__(self) -> Self:
        """Connect and hear the greeting."""
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port, local_addr=(self._source, 0))
        self.greeting = await self.hear()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    async def hear(self) -> Answer:
        """Read one reply, of one line or several (RFC 5321 section 4.2)."""
        lines: list[str] = []
        async with asyncio.timeout(ANSWER_WAIT_S):
            while not lines or lines[-1][3:4] == "-":
                lines.append((await self._reader.readuntil(b"\r\n")).decode("utf-8", "replace").rstrip())
        enhanced = lines[-1][4:].partition(" ")[0]
        if enhanced.count(".") != 2 or not enhanced.replace(".", "").isdigit():
            enhanced = ""
        return Answer(int(lines[-1][:3]), enhanced, tuple(line[4:] for line in lines))

    async def say(self, line: str) -> Answer:
        """Send one command and hear the answer."""
        self._writer.write(line.encode() + b"\r\n")
        return await self.hear()

    async def pour(self, octets: bytes) -> Answer:
        """Send the message's octets and the final dot; the server may answer before it has heard all."""
        with contextlib.suppress(ConnectionError):
            self._writer.write(octets + b".\r\n")
            await self._writer.drain()
        return await self.hear()


def stuffed(raw: bytes) -> bytes:
    """Double each leading dot (RFC 5321 section 4.5.2); end the last line if its author forgot."""
    ended = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    doubled = ended.replace(b"\r\n.", b"\r\n..")
    return b"." + doubled if doubled.startswith(b".") else doubled


async def send(letter: Letter, host: str, port: int) -> Answer:
    """Hand the letter over; return the first refusal, or the answer to the message itself."""
    async with Conversation(host, port, letter.source) as talk:
        for line in (f"EHLO {letter.helo}", f"MAIL FROM:<{letter.mail_from}>", f"RCPT TO:<{letter.rcpt_to}>", "DATA"):
            answer = await talk.say(line)
            if answer.code >= 400:
                return answer
        answer = await talk.pour(letter.raw if letter.verbatim else stuffed(letter.raw))
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await talk.say("QUIT")
        return answer


async def announced_size(host: str, port: int) -> int:
    """Return the SIZE the server announces (RFC 1870)."""
    async with Conversation(host, port, host) as talk:
        answer = await talk.say("EHLO curious.example")
        sizes = [int(line.split()[1]) for line in answer.lines if line.upper().startswith("SIZE ")]
        return sizes[0]
