import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from structlog.typing import EventDict

from app.running import Http, make_pair, settings_in, trusting, up
from gatepost.app.http import listening
from gatepost.arrive import Certificate, Pair
from gatepost.db import DatabaseUnavailableError
from gatepost.doors.rest import problems, translated
from gatepost.doors.rest.edge import Edge


async def greet(scope: dict[str, Any], _receive: Any, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    body = str(scope["scheme"]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return Certificate(Pair.read(*map(Path, make_pair(tmp_path / "pair", "gate.example"))))


async def test_every_answer_over_tls_says_that_plain_http_is_over(certificate: Certificate) -> None:
    async with listening(greet, "127.0.0.1", 0, door="http", certificate=certificate) as port:
        client = await Http.connect(port)
        status, headers, body = await client.get("/")
        assert (status, body) == (200, "https")
        assert headers["strict-transport-security"] == "max-age=31536000"
        client.writer.write(b"nonsense\r\n\r\n")  # answered before any route
        status, headers, _ = await client.answer()
        assert (status, headers["strict-transport-security"]) == (400, "max-age=31536000")
        await client.close()


async def test_plain_http_on_loopback_promises_nothing_about_tls() -> None:
    async with listening(greet, "127.0.0.1", 0, door="http") as port:
        client = await Http.connect(port, tls=False)
        _, headers, body = await client.get("/")
        assert body == "http"
        assert "strict-transport-security" not in headers
        await client.close()


@pytest.mark.parametrize(
    "octets",
    [
        b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_answered_with_a_problem_too(octets: bytes) -> None:
    async with listening(greet, "127.0.0.1", 0, door="http") as port:
        client = await Http.connect(port, tls=False)
        client.writer.write(octets)
        status, headers, body = await client.answer()
        assert (status, headers["content-type"], headers["connection"]) == (400, "application/problem+json", "close")
        spelled = problems.response(problems.Problem(problems.Code.REQUEST_MALFORMED, "The request is not HTTP/1.1."))
        assert body == bytes(spelled.body).decode()
        assert await client._reader.read() == b""
        await client.close()


@pytest.mark.parametrize("kind", [ZeroDivisionError, DatabaseUnavailableError])
async def test_an_answer_that_is_cut_off_is_one_line_of_the_log_and_has_no_end(
    kind: type[Exception], said: list[EventDict], caplog: pytest.LogCaptureFixture
) -> None:
    app = FastAPI()
    translated.install(app)

    async def lines() -> AsyncIterator[bytes]:
        yield b"one\n"
        raise kind("boss@example.com")

    @app.get("/lines")
    async def stream() -> StreamingResponse:
        return StreamingResponse(lines())

    app.add_middleware(Edge)
    async with listening(app, "127.0.0.1", 0, door="http") as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /lines HTTP/1.1\r\nHost: x\r\n\r\n")
        octets = await reader.read()
        writer.close()
    assert octets.endswith(b"4\r\none\n\r\n")  # and no chunk of length 0 (RFC 9112 section 7.1)
    assert [(line["event"], line.get("error"), line.get("status")) for line in said] == [
        ("rest.cut", kind.__name__, None),
        ("rest.answered", None, 200),
    ]
    assert Path(said[0]["where"].partition(":")[0]).name == "test_http.py"
    assert [line for line in caplog.records if line.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("ciphers", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256"])
async def test_ciphers_without_forward_secrecy_or_aead_are_turned_away(certificate: Certificate, ciphers: str) -> None:
    old = trusting()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    async with listening(greet, "127.0.0.1", 0, door="http", certificate=certificate) as port:
        old.set_ciphers(ciphers)
        with pytest.raises(OSError, match=r"(?i)handshake|^$"):
            await asyncio.open_connection("127.0.0.1", port, ssl=old)
        old.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
        client = Http(*await asyncio.open_connection("127.0.0.1", port, ssl=old))
        assert (await client.get("/"))[0] == 200
        await client.close()


async def test_each_answer_of_a_real_house_carries_the_security_headers(tmp_path: Path, app_dsn: str) -> None:
    async with up(settings_in(tmp_path), app_dsn) as here:
        client = await Http.connect(here.running.http_port, tls=False)
        for path in ("/health/live", "/api/openapi.json", "/nothing", "/api/v1/whoami"):
            _, headers, _ = await client.get(path)
            assert headers["x-content-type-options"] == "nosniff"
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert headers["referrer-policy"] == "no-referrer"
        await client.close()


async def test_every_address_of_both_families_is_listened_on() -> None:
    async with listening(greet, "::", 0, door="metrics") as port:
        for host in ("127.0.0.1", "::1"):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
