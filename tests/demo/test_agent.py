"""The example agent acts on what the house signed, on nothing else, and says 2xx only when it is done."""

import asyncio
import contextlib
import hashlib
import hmac
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

import run

AGENT = run.HERE / "agent.py"
SECRET = "5" * 64
MAIL = json.dumps({"event": "email.received", "data": {"email_id": "em_1", "capabilities": ["read_calendar"]}}).encode()


class Door:
    """The house's REST door as far as the agent uses it: it answers ``status`` and remembers."""

    def __init__(self) -> None:
        self.status = 200
        self.calls: list[tuple[str, dict[str, object]]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-le"))
        body = json.loads(await reader.readexactly(length))
        assert "Authorization: Bearer key" in head
        self.calls.append((head.split()[1], body))
        writer.write(f"HTTP/1.1 {self.status} x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@contextlib.asynccontextmanager
async def employed(folder: Path) -> AsyncIterator[tuple[str, Door]]:
    door = Door()
    server = await asyncio.start_server(door.serve, "127.0.0.1", 0)
    base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api"
    house, secret = folder / "house.json", folder / "secret.txt"
    house.write_text(json.dumps({"base_url": base_url, "agent_key": "key", "mailbox_id": 7}))
    secret.write_text(SECRET)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(AGENT), str(house), str(secret)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip(), door
    finally:
        process.kill()
        await process.wait()
        server.close()


async def tell(url: str, octets: bytes, *, secret: str = SECRET) -> int:
    signature = "sha256=" + hmac.new(secret.encode(), octets, hashlib.sha256).hexdigest()
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.post(url, content=octets, headers={"X-Mailbuttons-Signature": signature})
    return answer.status_code


async def test_a_signed_mail_is_answered_and_its_cost_reported(tmp_path: Path) -> None:
    async with employed(tmp_path) as (url, door):
        assert await tell(url, MAIL) == 204
    assert [path for path, _ in door.calls] == [
        "/api/v1/mailboxes/7/messages/em_1/reply",
        "/api/v1/mailboxes/7/messages/em_1/usage",
    ]
    assert "read_calendar" in str(door.calls[0][1]["text_body"])


@pytest.mark.parametrize("secret", ["6" * 64, "wrong"])
async def test_a_wrong_signature_is_refused_and_nothing_is_done(tmp_path: Path, secret: str) -> None:
    async with employed(tmp_path) as (url, door):
        assert await tell(url, MAIL, secret=secret) == 401
    assert door.calls == []


async def test_a_refused_reply_is_not_confirmed_so_that_the_house_tells_it_again(tmp_path: Path) -> None:
    async with employed(tmp_path) as (url, door):
        door.status = 503
        with pytest.raises(httpx2.HTTPError):
            await tell(url, MAIL)


def test_it_is_about_forty_lines_of_code() -> None:
    lines = AGENT.read_text().partition('"""\n\n')[2].splitlines()
    assert len([line for line in lines if line.strip()]) <= 40
