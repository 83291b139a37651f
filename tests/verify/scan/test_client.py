import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import pytest

from gatepost.egress import Destination, Egress, Purpose, Register
from gatepost.verify.paper import ScanResult
from gatepost.verify.scan.client import Clamd, Classifier, Icap
from gatepost.verify.scan.icap import Service
from gatepost.verify.scan.watch import Scanner, ScannerError
from ports import free_port
from verify.injection.scene import read
from verify.scan import real

GOOD, SICK = b"Subject: x\r\n\r\nhello\r\n", b"Subject: x\r\n\r\nhello " + real.BAD + b"\r\n"
CONTENT = read("hello")
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _nobody(host: str) -> Sequence[str]:
    return [] if host else [host]


def egress(*rows: Destination) -> Egress:
    own = Destination(purpose=Purpose.SCAN, host="127.0.0.1", port=0, networks=(ip_network("127.0.0.0/8"),))
    return Egress(Register(rows or (own,)), _nobody, lambda: datetime.now(UTC))  # noqa: TID251  # only counted


@asynccontextmanager
async def listening(talk: Talk) -> AsyncIterator[int]:
    """Serve on loopback while the context lasts."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def instream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speak clamd's INSTREAM, as its manual says, with one signature and a limit of 100 kB."""
    assert await reader.readuntil(b"\x00") == b"zINSTREAM\x00"
    seen = b""
    while size := int.from_bytes(await reader.readexactly(4)):
        seen += await reader.readexactly(size)
        if len(seen) > 100_000:
            writer.write(b"INSTREAM size limit exceeded. ERROR\x00")
            return
    writer.write(b"stream: Gatepost.Test.UNOFFICIAL FOUND\x00" if real.BAD in seen else b"stream: OK\x00")


@pytest.fixture(scope="module")
def clamd() -> Iterator[tuple[int, Path]]:
    if real.CLAMD is None:
        pytest.skip("clamd is not installed")
    folder = Path(tempfile.mkdtemp(prefix="gp"))  # a socket's path must be short
    try:
        with real.clamd(folder) as where:
            yield where
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def c_icap(clamd: tuple[int, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    if real.C_ICAP is None:
        pytest.skip("c-icap is not installed")
    with real.c_icap(tmp_path_factory.mktemp("icap"), clamd[1]) as port:
        yield port


async def results(scanner: Scanner, *messages: bytes) -> list[tuple[ScanResult, str]]:
    found = [await scanner.scan(raw, CONTENT) for raw in messages]
    return [(each.result, each.found) for each in found]


BOTH = [(ScanResult.CLEAN, ""), (ScanResult.FOUND, real.NAME)]


async def test_instream_is_spoken_as_the_manual_says() -> None:
    async with listening(instream) as port:
        assert await results(Clamd(egress(), "127.0.0.1", port), GOOD, SICK) == BOTH


async def test_a_message_beyond_the_scanners_limit_is_no_verdict() -> None:
    async with listening(instream) as port:
        with pytest.raises(ScannerError):
            await Clamd(egress(), "127.0.0.1", port).scan(b"x" * 3_000_000, CONTENT)


async def test_a_real_clamd_judges_over_both_sockets(clamd: tuple[int, Path]) -> None:
    port, path = clamd
    for scanner in (Clamd(egress(), "127.0.0.1", port), Clamd(egress(), path=str(path))):
        assert await results(scanner, GOOD, SICK) == BOTH


async def test_a_real_icap_service_judges_by_both_methods(c_icap: int) -> None:
    for method in ("respmod", "reqmod"):
        scanner = Icap(egress(), Service.parse(f"icap://127.0.0.1:{c_icap}/avscan", method))
        assert await results(scanner, GOOD, SICK) == BOTH
        echo = Icap(egress(), Service.parse(f"icap://127.0.0.1:{c_icap}/echo", method))
        assert await results(echo, GOOD, SICK) == [(ScanResult.CLEAN, "")] * 2


async def test_a_service_that_is_not_there_is_no_verdict(c_icap: int) -> None:
    with pytest.raises(ScannerError):
        await Icap(egress(), Service.parse(f"icap://127.0.0.1:{c_icap}/absent", "respmod")).scan(GOOD, CONTENT)


def http(status: str, body: bytes, heard: list[bytes]) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        heard.append(await reader.readexactly(int(length.partition(b":")[2])))
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    return talk


async def test_a_classifier_reads_the_message_and_its_score_counts() -> None:
    heard: list[bytes] = []
    async with listening(http("200 OK", b'{"score": 0.9, "label": "injection"}', heard)) as port:
        scanner = Classifier(egress(), f"http://127.0.0.1:{port}/classify", 5.0)
        found = await scanner.scan(GOOD, CONTENT)
    assert (found.result, found.found, found.score) == (ScanResult.FOUND, "injection", 0.9)
    assert b'"subject":"Hello"' in heard[0]


@pytest.mark.parametrize("status", ["500 x", "302 Found", "404 x"])
async def test_a_classifier_that_refuses_gives_no_verdict(status: str) -> None:
    async with listening(http(status, b'{"score": 0.9}', [])) as port:
        with pytest.raises(ScannerError):
            await Classifier(egress(), f"http://127.0.0.1:{port}/", 5.0).scan(GOOD, CONTENT)


async def test_nobody_there_is_no_verdict() -> None:
    port = free_port()
    missing: list[Scanner] = [
        Clamd(egress(), "127.0.0.1", port),
        Clamd(egress(), path="/nonexistent/clamd"),
        Icap(egress(), Service.parse(f"icap://127.0.0.1:{port}/x", "respmod")),
        Classifier(egress(), f"http://127.0.0.1:{port}/", 1.0),
    ]
    for scanner in missing:
        with pytest.raises(ScannerError):
            await scanner.scan(GOOD, CONTENT)


async def test_a_scanner_that_is_not_in_the_register_is_not_asked() -> None:
    elsewhere = egress(Destination(purpose=Purpose.SCAN, host="192.0.2.1", port=1))
    for scanner in (Clamd(elsewhere, "127.0.0.1", 1), Classifier(elsewhere, "http://127.0.0.1:1/", 1.0)):
        with pytest.raises(ScannerError):
            await scanner.scan(GOOD, CONTENT)


async def _babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(10)
    for _ in range(100):
        writer.write(b"stream: " * 10_000)
        await writer.drain()


async def test_an_endless_answer_is_no_verdict() -> None:
    async with listening(_babble) as port:
        with pytest.raises(ScannerError):
            await Clamd(egress(), "127.0.0.1", port).scan(GOOD, CONTENT)
