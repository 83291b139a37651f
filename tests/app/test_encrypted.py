import asyncio
import ssl
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from app.running import Http, make_pair
from app.test_http import greet
from gatepost.app import crowd, encrypted
from gatepost.app.http import listening
from gatepost.arrive import Certificate, Pair

HALF_A_HELLO = bytes.fromhex("16030140000100") + b"a" * 100


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return Certificate(Pair.read(*map(Path, make_pair(tmp_path / "pair", "gate.example"))))


@pytest.mark.parametrize("said", [b"", HALF_A_HELLO], ids=["silence", "half a hello"])
async def test_those_who_never_finish_their_handshake_make_room(
    certificate: Certificate, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "HANDSHAKES_MAX", 5)
    async with (
        listening(greet, "127.0.0.1", 0, door="http", certificate=certificate) as port,
        AsyncExitStack() as stack,
    ):
        halves = []
        for _ in range(12):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            stack.callback(writer.close)
            writer.write(said)
            halves.append(reader)
            await asyncio.sleep(0.01)
        late = await Http.connect(port)
        assert (await late.get("/"))[0] == 200
        await late.close()
        async with asyncio.timeout(5):
            for gone in halves[:7]:
                assert await gone.read() == b""
        assert not halves[-1].at_eof()


async def test_a_handshake_has_its_time(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encrypted, "HANDSHAKE_S", 0.1)
    async with listening(greet, "127.0.0.1", 0, door="http", certificate=certificate) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()


async def test_what_is_no_tls_leaves_the_door_open(certificate: Certificate) -> None:
    async with listening(greet, "127.0.0.1", 0, door="http", certificate=certificate) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(5):
            await reader.read()
        writer.close()
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.0.0.1", port, ssl=ssl.create_default_context())
        client = await Http.connect(port)
        assert (await client.get("/"))[0] == 200
        await client.close()
