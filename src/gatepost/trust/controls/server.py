"""Small servers that do one thing wrong, on a free port of loopback, for the time of a control."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
_QUESTION_OCTETS_MAX = 65_536

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(talk: Talk, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve with ``talk`` and yield the port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError, TimeoutError):
            async with asyncio.timeout(10):
                await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(answer, HOST, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def certificate(folder: Path, now: datetime, days: int, *, begins: int = -30) -> tuple[Path, Path]:
    """Write a certificate that begins and ends in so many days, and its key; RSA, for what is older than ECDSA."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "control.invalid")])
    shown = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=begins))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "control.crt", folder / "control.key"
    chain.write_bytes(shown.public_bytes(serialization.Encoding.PEM))
    secret.touch(mode=0o600)
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    return chain, secret


def lax(folder: Path, now: datetime) -> ssl.SSLContext:
    """Return a context that takes TLS 1.0 and 1.1 as well: what no door should."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(*certificate(folder, now, 400))
    return context


def ending(folder: Path, now: datetime) -> ssl.SSLContext:
    """Return a context whose certificate ends within days."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(*certificate(folder, now, 3))
    return context


def today(folder: Path, now: datetime, *, begins: int = -30) -> ssl.SSLContext:
    """Return a context that nothing is wrong with, but where its certificate has not begun."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(*certificate(folder, now, 400, begins=begins))
    return context


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say nothing once the handshake is over, and wait for the other to go."""
    del writer
    await reader.read(1)


async def speak_ssl3(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a hello for SSL 3.0 as a server of 1999 would; refuse every other with an alert (RFC 6101)."""
    head = await reader.readexactly(5)
    body = await reader.readexactly(int.from_bytes(head[3:], "big"))
    if body[4:6] != b"\x03\x00":
        writer.write(b"\x15\x03\x00\x00\x02\x02\x28")  # alert: fatal, handshake_failure
    else:
        hello = b"\x03\x00" + bytes(32) + b"\x00" + b"\x00\x0a" + b"\x00"  # version, random, no session, 3DES, null
        message = b"\x02" + len(hello).to_bytes(3, "big") + hello
        writer.write(b"\x16\x03\x00" + len(message).to_bytes(2, "big") + message)
    await writer.drain()


def speak_only(version: bytes, suite: bytes, before: bytes = b"") -> Talk:
    """Return a server that agrees to one suite of one version, and to any other says that nothing is in common.

    Args:
        version: as a hello spells it, two octets.
        suite: likewise.
        before: sent before its hello, such as a warning.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readexactly(5)
        body = await reader.readexactly(int.from_bytes(head[3:], "big"))
        at = 39 + body[38]  # past the message's head, version, random and session
        length = int.from_bytes(body[at : at + 2], "big")
        offered = {body[place : place + 2] for place in range(at + 2, at + 2 + length, 2)}
        if body[4:6] != version or suite not in offered:
            writer.write(b"\x15\x03\x01\x00\x02\x02\x28")  # alert: fatal, handshake_failure
        else:
            hello = version + bytes(32) + b"\x00" + suite + b"\x00"  # no session, no compression
            message = b"\x02" + len(hello).to_bytes(3, "big") + hello
            writer.write(before + b"\x16" + version + len(message).to_bytes(2, "big") + message)
        await writer.drain()

    return talk


def smtp(*, auth: bool, context: ssl.SSLContext | None = None) -> Talk:
    """Return a server that takes every mail, keeps none and tells nobody; with ``auth``, passwords in clear too."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 control.invalid ESMTP\r\n")
        while line := (await reader.readline()).strip().upper():
            verb = line.split(b" ")[0]
            if verb == b"EHLO":
                offers = [b"control.invalid", *([b"AUTH PLAIN"] if auth else []), *([b"STARTTLS"] if context else [])]
                lines = [b"250-" + each for each in offers[:-1]] + [b"250 " + offers[-1]]
                writer.write(b"\r\n".join(lines) + b"\r\n")
            elif verb == b"STARTTLS" and context:
                writer.write(b"220 go\r\n")
                await writer.start_tls(context)
            elif verb == b"AUTH":
                writer.write(b"334 \r\n" if auth else b"503 no\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 kept, they say\r\n")
            else:
                writer.write(b"250 fine\r\n")

    return talk


def http(pages: Mapping[str, tuple[str, bytes]], missing: int = 404) -> Talk:
    """Return a server of these pages: path to content type and body; ``missing``: the status of all others."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head[:_QUESTION_OCTETS_MAX].split(b" ")[1].decode("latin-1")
        kind, body = pages.get(path, ("text/plain", b""))
        status = b"200 OK" if path in pages else b"%d -" % missing
        fields = b"Content-Type: %b\r\nContent-Length: %d\r\nConnection: close" % (kind.encode(), len(body))
        writer.write(b"HTTP/1.1 " + status + b"\r\n" + fields + b"\r\n\r\n" + body)
        await writer.drain()

    return talk
