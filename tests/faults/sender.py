"""A client that sends mails one after the other and writes down what it was told of each."""

import asyncio
import base64
import itertools
import json
import random
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Self

BOSS = "you@example.com"  # whom the sandbox's policy lets in
STRANGER = "stranger@example.net"  # whom it does not
LINE = b"Q" * 76 + b"\r\n"
BLOCK_LINES = 800
LINE_OCTETS = 57  # of what becomes a line of base64
WORDS = ("we", "will", "meet", "the", "others", "on", "Monday", "and", "bring", "what", "is", "left", "o\u2019clock")
OCTETS, PLAIN, HTML = "application/octet-stream", "text/plain; charset=utf-8", "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail; ``token`` is its Message-ID, and no other's. ``kind`` is the type of what makes up its size."""

    token: str
    sender: str = BOSS
    size_octets: int = 0
    kind: str = OCTETS

    @property
    def octets(self) -> bytes:
        return b"".join(self.pieces())

    def pieces(self) -> Iterator[bytes]:
        """A few words, and where a size is asked for, an attachment or a text that makes up for it."""
        head = (
            f"From: {self.sender}\r\nTo: agent@sandbox.test\r\nSubject: {self.token}\r\n"
            f"Message-ID: <{self.token}@faults.example>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/mixed; boundary=part\r\n\r\n--part\r\n\r\nSee below.\r\n--part\r\n"
            f"Content-Type: {self.kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        ).encode()
        blocks, lines = divmod(max(0, self.size_octets - len(head)) // len(LINE), BLOCK_LINES)
        block = _block(self.kind)
        yield head
        yield from itertools.repeat(block, blocks)
        yield block[: lines * len(LINE)] + b"--part--\r\n"


@cache
def _block(kind: str) -> bytes:
    """Return lines of base64 that hold words, as people write them or as a newsletter does; or no words at all."""
    if kind == OCTETS:
        return LINE * BLOCK_LINES
    drawn, text = random.Random(1), ""  # no secret
    while len(text.encode()) < LINE_OCTETS * BLOCK_LINES:
        words = " ".join(drawn.choices(WORDS, k=12))
        cell = f'<table width="100%" style="border:0"><tr><td style="font-size:14px"><p>{words}</p></td></tr></table>'
        text += f"{cell}\r\n" if kind == HTML else f"{words}\r\n"
    octets = text.encode()[: LINE_OCTETS * BLOCK_LINES].decode(errors="ignore").encode()
    return base64.encodebytes(octets.ljust(LINE_OCTETS * BLOCK_LINES)).replace(b"\n", b"\r\n")


@dataclass
class Book:
    """What the clients were told, by token: nothing, where the connection ended before the answer."""

    answers: dict[str, str | None] = field(default_factory=dict)

    def told(self, code: str) -> dict[str, str]:
        """Return token to answer, of those with that code."""
        return {token: said for token, said in self.answers.items() if said is not None and said.startswith(code)}

    def untold(self) -> set[str]:
        return {token for token, said in self.answers.items() if said is None}


class Client:
    """One SMTP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    @asynccontextmanager
    async def connected(cls, port: int, *, source: str = "127.0.0.1") -> AsyncIterator[Self]:
        """Connect and say EHLO.

        Raises:
            OSError: nobody is there, or not any more.
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
        try:
            client = cls(reader, writer)
            await client.reply()
            await client.say("EHLO client.example")
            yield client
        finally:
            writer.close()

    async def reply(self) -> str:
        """Return the last line of one reply; raise ``ConnectionError`` where the house hung up."""
        while True:
            line = await self.reader.readline()
            if not line.endswith(b"\n"):
                raise ConnectionError("the house hung up")
            if line[3:4] != b"-":
                return line.decode("ascii").strip()

    async def say(self, *lines: str) -> list[str]:
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        return [await self.reply() for _ in lines]

    async def send(self, mail: Mail, recipient: str, *, by_chunks: bool = False) -> str:
        """Send one mail and return what was said to it, or to the first command that was not granted."""
        envelope = (f"MAIL FROM:<{mail.sender}>", f"RCPT TO:<{recipient}>")
        for said in await self.say(*envelope, *(() if by_chunks else ("DATA",))):
            if said[0] not in "23":
                await self.say("RSET")
                return said
        if by_chunks:
            self.writer.write(f"BDAT {sum(map(len, mail.pieces()))} LAST\r\n".encode())
        for piece in mail.pieces():
            self.writer.write(piece)
            await self.writer.drain()
        if not by_chunks:
            self.writer.write(b".\r\n")
        return await self.reply()


async def send_all(port: int, recipient: str, mails: Iterable[Mail], book: Book, *, connections: int) -> None:
    """Send the mails over so many connections until they are sent or the house is gone; each is tried once."""
    waiting = iter(mails)
    async with asyncio.TaskGroup() as group:
        for number in range(connections):
            group.create_task(_work(port, recipient, waiting, book, by_chunks=bool(number % 2)))


async def _work(port: int, recipient: str, waiting: Iterator[Mail], book: Book, *, by_chunks: bool) -> None:
    try:
        async with Client.connected(port) as client:
            for mail in waiting:
                book.answers[mail.token] = None
                book.answers[mail.token] = await client.send(mail, recipient, by_chunks=by_chunks)
    except OSError:
        return


async def send_from_another_process(
    port: int, recipient: str, *, count: int, size_octets: int, kind: str = OCTETS
) -> Book:
    """Send large mails at once, each over its own connection, without taking time from the process that watches."""
    sending = await asyncio.create_subprocess_exec(
        *(sys.executable, __file__, str(port), recipient, str(count), str(size_octets), kind),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await sending.communicate()
    return Book(json.loads(said))


def main(port: str, recipient: str, count: str, size_octets: str, kind: str) -> None:
    book = Book()
    called = kind.partition(";")[0].replace("/", "-")
    mails = [Mail(f"{called}-{number}", size_octets=int(size_octets), kind=kind) for number in range(int(count))]
    asyncio.run(send_all(int(port), recipient, mails, book, connections=len(mails)))
    sys.stdout.write(json.dumps(book.answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
