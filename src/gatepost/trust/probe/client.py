"""The prober's connections: each over egress, each with a deadline, each answer bounded."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache

from gatepost.clock import Entropy
from gatepost.egress import Egress, EgressRefusedError, Errand, Purpose, UnreachableError, is_address
from gatepost.trust.probe.hello import (
    RANDOM_OCTETS,
    RECORD_HEAD_OCTETS,
    Answer,
    Heard,
    Version,
    client_hello,
    is_warning,
    offers,
    read_answer,
    record_octets,
)

TIMEOUT_S = 10.0
LINE_OCTETS_MAX = 2048
LINES_MAX = 64
WARNINGS_MAX = 4
ANSWER_OCTETS_MAX = 4_000_000
_ERRAND = Errand(Purpose.PROBE)


class ProbeError(Exception):
    """Nobody answered, or not in the protocol asked for."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An SMTP reply: its code and its lines, without the code."""

    code: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What HTTP answered."""

    status: int
    content_type: str
    body: bytes


class Line:
    """A connection that is spoken by the line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def reply(self) -> Reply:
        """Return the next SMTP reply (RFC 5321 section 4.2).

        Raises:
            ProbeError: it is none.
        """
        lines: list[str] = []
        while len(lines) < LINES_MAX:
            try:
                line = (await self.reader.readuntil(b"\n")).decode("utf-8", "replace").rstrip("\r\n")
            except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError) as error:
                raise ProbeError("no SMTP reply") from error
            if not (line[:3].isascii() and line[:3].isdigit()):
                raise ProbeError("no SMTP reply")
            lines.append(line[4:])
            if line[3:4] != "-":
                return Reply(int(line[:3]), tuple(lines))
        raise ProbeError("an SMTP reply without end")

    async def say(self, text: str) -> Reply:
        """Send one line and return the reply."""
        self.writer.write(text.encode() + b"\r\n")
        return await self.reply()


class Prober:
    """Connects to one host.

    Args:
        egress: opens the sockets; its register says which hosts may be probed.
        entropy: for hellos.
        timeout_s: of each question.
    """

    def __init__(self, egress: Egress, entropy: Entropy, *, timeout_s: float = TIMEOUT_S) -> None:
        self._egress = egress
        self._entropy = entropy
        self._timeout_s = timeout_s

    @asynccontextmanager
    async def open(self, host: str, port: int) -> AsyncIterator[Line]:
        """Connect, and hang up at the end.

        Raises:
            ProbeError: nobody answers there, or the register forbids it.
        """
        try:
            connected = await self._egress.connect(_ERRAND, host, port, timeout_s=self._timeout_s)
        except (EgressRefusedError, UnreachableError) as error:
            raise ProbeError(f"nobody to ask: {error}") from error
        reader, writer = await asyncio.open_connection(sock=connected.socket, limit=LINE_OCTETS_MAX)
        try:
            async with asyncio.timeout(self._timeout_s):
                yield Line(reader, writer)
        except TimeoutError as error:
            raise ProbeError("no answer in time") from error
        finally:
            writer.close()
            with suppress(OSError, ssl.SSLError, TimeoutError):
                async with asyncio.timeout(1):
                    await writer.wait_closed()

    async def offer(self, host: str, port: int, version: Version, *, starttls: bool, name: str = "") -> Heard:
        """Offer one version, with one set of suites after the other, and return what the server does with it.

        Args:
            host: whom to ask.
            port: of TCP.
            version: the one.
            starttls: whether the door speaks SMTP first.
            name: to ask for (RFC 6066 section 3); empty: the host's own, where it is no address.

        Raises:
            ProbeError: it could not be asked.
        """
        heard = Heard(Answer.UNCLEAR)
        for suites in offers(version):
            heard = await self.hello(host, port, version, suites, starttls=starttls, name=name)
            if heard.answer is not Answer.REFUSED or heard.is_about_the_version:
                break
        return heard

    async def hello(
        self, host: str, port: int, version: Version, suites: Sequence[int], *, starttls: bool, name: str = ""
    ) -> Heard:
        """Say one hello, likewise."""
        hello = client_hello(version, name or _name(host), self._entropy(RANDOM_OCTETS), suites)
        async with self.open(host, port) as line:
            if starttls:
                await _upgrade(line)
            line.writer.write(hello)
            for _ in range(WARNINGS_MAX):
                try:
                    head = await line.reader.readexactly(RECORD_HEAD_OCTETS)
                    length = record_octets(head)
                    body = await line.reader.readexactly(length)
                except (asyncio.IncompleteReadError, ConnectionError):
                    return Heard(Answer.REFUSED)  # it hung up: nobody will speak this version here
                if not length:
                    break
                if not is_warning(head[0], body):
                    return read_answer(head[0], body, version)
        return Heard(Answer.UNCLEAR)

    async def is_trusted(self, host: str, port: int, *, starttls: bool, name: str = "") -> bool:
        """Tell whether a client that trusts this machine's authorities would talk to the door under this name.

        Raises:
            ProbeError: nobody answers, or with no handshake at all.
        """
        async with self.open(host, port) as line:
            if starttls:
                await _upgrade(line)
            wanted = name or _name(host)
            try:
                await line.writer.start_tls(_checked(has_name=bool(wanted)), server_hostname=wanted or None)
            except ssl.SSLCertVerificationError:
                return False
            except (OSError, ssl.SSLError) as error:
                raise ProbeError("no handshake") from error
        return True

    async def certificate(self, host: str, port: int, *, starttls: bool, name: str = "") -> bytes:
        """Return the certificate shown to who asks for ``name``, in DER; nobody has checked it.

        Raises:
            ProbeError: there is no handshake with it.
        """
        async with self.open(host, port) as line:
            if starttls:
                await _upgrade(line)
            try:
                await line.writer.start_tls(unchecked(), server_hostname=name or _name(host) or None)
            except (OSError, ssl.SSLError) as error:
                raise ProbeError("no handshake") from error
            shown = line.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        if not shown:
            raise ProbeError("no certificate")
        return bytes(shown)

    async def fetch(self, host: str, port: int, path: str, *, tls: bool, cookie: str = "") -> Fetched:
        """Return what HTTP answers to a GET of ``path``; a redirect is an answer like any other.

        Args:
            host: whom to ask.
            port: of TCP.
            path: of the page.
            tls: whether the door speaks TLS from the first octet.
            cookie: as a browser would send it, ``name=value``; empty for none.

        Raises:
            ProbeError: it is no HTTP.
        """
        async with self.open(host, port) as line:
            if tls:
                try:
                    await line.writer.start_tls(unchecked(), server_hostname=None if is_address(host) else host)
                except (OSError, ssl.SSLError) as error:
                    raise ProbeError("no handshake") from error
            name = f"[{host}]" if ":" in host else host
            held = f"Cookie: {cookie}\r\n" if cookie else ""
            head = f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\nAccept: */*\r\n{held}\r\n"
            line.writer.write(head.encode())
            try:
                return await _read_http(line.reader)
            except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, ValueError) as error:
                raise ProbeError("no HTTP answer") from error


def _name(host: str) -> str:
    return "" if is_address(host) else host


@cache
def _checked(*, has_name: bool) -> ssl.SSLContext:
    """Return a client's context that trusts this machine's authorities and nobody else."""
    context = ssl.create_default_context()
    context.check_hostname = has_name
    return context


async def _upgrade(line: Line) -> None:
    """Bring an SMTP session to where a handshake may begin (RFC 3207)."""
    await line.reply()
    await line.say("EHLO probe.invalid")
    answer = await line.say("STARTTLS")
    if answer.code != 220:  # noqa: PLR2004  # RFC 3207 section 4
        raise ProbeError("STARTTLS is not offered")


async def _read_http(reader: asyncio.StreamReader) -> Fetched:
    status = int((await reader.readuntil(b"\n")).split(b" ")[1])
    fields: dict[str, str] = {}
    for _ in range(LINES_MAX):
        name, _, value = (await reader.readuntil(b"\n")).decode("latin-1").strip().partition(":")
        if not name:
            break
        fields[name.lower()] = value.strip()
    return Fetched(status, fields.get("content-type", ""), await _read_body(reader, fields))


async def _read_body(reader: asyncio.StreamReader, fields: dict[str, str]) -> bytes:
    if fields.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while len(body) < ANSWER_OCTETS_MAX:
            length = int((await reader.readuntil(b"\n")).split(b";")[0], 16)
            if length == 0 or length > ANSWER_OCTETS_MAX:
                return body
            body += (await reader.readexactly(length + 2))[:-2]
        return body
    length = int(fields.get("content-length", ANSWER_OCTETS_MAX))
    body = b""
    while len(body) < min(length, ANSWER_OCTETS_MAX) and (some := await reader.read(65_536)):
        body += some
    return body


def unchecked() -> ssl.SSLContext:
    """Return a client's context that takes any certificate: who looks at it is the check, not the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
