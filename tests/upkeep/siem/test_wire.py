"""What goes wrong beneath the answers: on the wire, in TLS, in time; each receiver of HTTP played octet by octet."""

import asyncio
import gzip
import json
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gatepost.upkeep.siem import client
from gatepost.upkeep.siem.delivery import Outcome
from gatepost.upkeep.siem.paper import Kind
from upkeep.siem.authority import issue
from upkeep.siem.contract import COUNT, Listen, deliver, ready
from upkeep.siem.papers import decided, destination
from upkeep.siem.receivers import ElasticDouble

KINDS = [each for each in Kind if each is not Kind.SYSLOG]
SAID: dict[Kind, Any] = {
    Kind.SPLUNK: {"text": "Success", "code": 0},
    Kind.DATADOG: {},
    Kind.ELASTIC: {"took": 1, "errors": False, "items": [{"create": {"status": 201}}] * COUNT},
    Kind.OTLP: {"partialSuccess": {"rejectedLogRecords": "0"}},
}
Behave = Callable[[Kind, StreamReader, StreamWriter], Awaitable[None]]


async def play(
    kind: Kind, behave: Behave, *, host: str = "127.0.0.1", trust: ssl.SSLContext | None = None, ca: str = ""
) -> Outcome:
    """Return what becomes of four events of 200 KB for a receiver that behaves so."""

    opened: list[StreamWriter] = []

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        opened.append(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            await behave(kind, reader, writer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=trust) as server:
        place = f"{'https' if trust else 'http'}://{host}:{server.sockets[0].getsockname()[1]}"
        url = place + ("/api/v2/logs" if kind is Kind.DATADOG else "")
        events = [decided(index=at, opened={"sender": "x" * 200_000}) for at in range(COUNT)]
        try:
            return (await deliver(ready(destination(kind, url, ca=ca)), events=events)).outcome
        finally:
            for each in opened:
                each.transport.abort()


async def read(reader: StreamReader) -> bytes:
    """Read a request; return its head in lowercase."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    gzip.decompress(await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])))
    return head


def answer(kind: Kind) -> bytes:
    body = json.dumps(SAID[kind]).encode()
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (202 if kind is Kind.DATADOG else 200, len(body), body)


async def takes(kind: Kind, reader: StreamReader, writer: StreamWriter) -> None:
    head = await read(reader)
    assert b"\r\naccept-encoding: identity\r\n" in head, "or a compressed answer may come"
    writer.write(answer(kind))


async def crumbs(kind: Kind, reader: StreamReader, writer: StreamWriter) -> None:
    await read(reader)
    for octet in answer(kind):
        writer.write(bytes([octet]))
        await writer.drain()


async def waits(kind: Kind, reader: StreamReader, writer: StreamWriter) -> None:
    await read(reader)
    for octet in answer(kind):
        writer.write(bytes([octet]))
        await asyncio.sleep(0.1)


async def cuts_its_answer(kind: Kind, reader: StreamReader, writer: StreamWriter) -> None:
    await read(reader)
    writer.write(answer(kind)[:-1])


async def cuts_the_request(_: Kind, reader: StreamReader, writer: StreamWriter) -> None:
    await reader.read(50)
    writer.transport.abort()


async def is_no_http(_: Kind, reader: StreamReader, writer: StreamWriter) -> None:
    await read(reader)
    writer.write(b"220 mx.example ESMTP\r\n")


async def refuses_at_the_head(_: Kind, reader: StreamReader, writer: StreamWriter) -> None:
    """As proxies do: the length alone is too much, and nobody reads on."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 413 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


@pytest.mark.parametrize("behave", [takes, crumbs])
@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_is_read_however_it_comes(kind: Kind, behave: Behave) -> None:
    outcome = await play(kind, behave)
    assert (outcome.reached, outcome.taken, outcome.reason) == (COUNT, list(range(COUNT)), "")


@pytest.mark.parametrize(
    ("behave", "reason"),
    [(waits, "too_slow"), (cuts_the_request, "unreachable"), (is_no_http, "unreachable")],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
@pytest.mark.parametrize("kind", KINDS)
async def test_who_does_not_answer_in_time_or_in_http_is_asked_again(
    kind: Kind, behave: Behave, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT_S", 0.5)
    outcome = await play(kind, behave)
    assert (outcome.reached, outcome.is_behind, outcome.taken) == (0, True, [])
    assert outcome.reason == f"receiver.{reason}"


@pytest.mark.parametrize("kind", [Kind.SPLUNK, Kind.ELASTIC, Kind.OTLP])
async def test_an_answer_that_was_cut_takes_nothing(kind: Kind) -> None:
    """Of Datadog the status alone says all."""
    outcome = await play(kind, cuts_its_answer)
    assert (outcome.reached, outcome.is_behind, outcome.reason) == (0, True, f"{kind}.unreadable")


@pytest.mark.parametrize("kind", KINDS)
async def test_who_refuses_the_length_is_sent_halves(kind: Kind) -> None:
    outcome = await play(kind, refuses_at_the_head)
    reason = "otlp.http_413" if kind is Kind.OTLP else f"{kind}.too_large"
    assert (outcome.reached, outcome.dead) == (COUNT, dict.fromkeys(range(COUNT), reason))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_certificate_that_proves_another_is_told(kind: Kind, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    known, stranger = issue(tmp_path), issue(tmp_path / "other")
    trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trust.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    for host, ca in (("localhost", stranger), ("127.0.0.1", known), ("localhost", "")):
        outcome = await play(kind, takes, host=host, trust=trust, ca=ca)
        assert (outcome.reached, outcome.is_behind, outcome.reason) == (0, True, "receiver.untrusted")
    assert (await play(kind, takes, host="localhost", trust=trust, ca=known)).reached == COUNT


@pytest.mark.parametrize("kind", KINDS)
async def test_a_certificate_that_has_run_out_is_told(kind: Kind, tmp_path: Path) -> None:
    known = issue(tmp_path, lasts=timedelta(minutes=-1))
    trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trust.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    outcome = await play(kind, takes, host="localhost", trust=trust, ca=known)
    assert (outcome.reached, outcome.is_behind, outcome.reason) == (0, True, "receiver.untrusted")


@pytest.mark.parametrize("kind", KINDS)
async def test_tls_before_1_2_is_not_spoken(kind: Kind, tmp_path: Path) -> None:
    known = issue(tmp_path)
    trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trust.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    trust.set_ciphers("DEFAULT:@SECLEVEL=0")  # or it could not speak the old one either
    trust.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        trust.maximum_version = ssl.TLSVersion.TLSv1_1
    outcome = await play(kind, takes, host="localhost", trust=trust, ca=known)
    assert (outcome.reached, outcome.is_behind, outcome.reason) == (0, True, "receiver.unreachable")


async def test_what_was_taken_after_we_gave_up_is_sent_again_and_stored_once(
    listen: Listen[ElasticDouble], monkeypatch: pytest.MonkeyPatch
) -> None:
    double = listen(ElasticDouble())
    way = ready(destination(Kind.ELASTIC, double.url, credential="id:secret"))
    with monkeypatch.context() as hasty:
        hasty.setattr(client, "TIMEOUT_S", 0.3)
        double.thinks_s = 0.6
        assert (await deliver(way)).outcome.reason == "receiver.too_slow"
    double.thinks_s = 0
    outcome = (await deliver(way)).outcome
    assert (outcome.reached, outcome.taken, outcome.dead) == (COUNT, list(range(COUNT)), {})
    assert (len(double.requests), len(double.stored)) == (2, COUNT)
