"""An agent that was away while the whole house was killed hears once, and answers once."""

import asyncio
import json
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any

import dns.message
import httpx2
import pytest

from cli.process import Process
from hostile_dns import answer, serving
from outbound import smtp_sink
from ports import free_port

pytestmark = pytest.mark.timeout(300)

POLICY = {
    "defaultAction": "bounce",
    "senders": [{"match": {"address": "boss@example.com"}, "capabilities": []}],
    "auditLog": {"retentionDays": 30},
}


def zone(question: dns.message.Message, _is_tcp: bool) -> list[bytes]:  # noqa: FBT001  # the name server's signature
    """Whoever asks for a text learns that 127.0.0.1 sends for everybody."""
    asked = question.question[0]
    texts = [f'{asked.name} 60 TXT "v=spf1 ip4:127.0.0.1 -all"'] if asked.rdtype.name == "TXT" else []
    return [answer(question, *texts).to_wire()]


def open_to_postgres(folder: str) -> Path:
    state = Path(folder)
    state.chmod(0o711)
    return state


@dataclass
class Agent:
    """A receiver that answers each event through REST before it says that it has it."""

    house: httpx2.AsyncClient
    events: list[str] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        data = json.loads(await reader.readexactly(int(headers["content-length"])))["data"]
        self.events.append(headers["webhook-id"])
        for _ in range(2):  # an agent that is unsure says it again
            said = await self.house.post(f"messages/{data['email_id']}/reply", json={"text_body": "Friday is fine."})
            self.answers.append({**said.json(), "status": said.status_code})
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()
        self.heard.set()


@asynccontextmanager
async def listening(agent: Agent, port: int) -> AsyncIterator[None]:
    server = await asyncio.start_server(agent.serve, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()


def mailbox(facts: dict[str, Any], key: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=f"{facts['base_url']}/v1/mailboxes/{facts['mailbox_id']}/",
        headers={"Authorization": f"Bearer {facts[key]}"},
        timeout=30,
    )


async def set_up(facts: dict[str, Any], port: int) -> None:
    async with mailbox(facts, "api_key") as owner:
        assert (await owner.put("policy", json=POLICY)).status_code < 300
        told = await owner.post("webhooks", json={"url": f"http://127.0.0.1:{port}/hook"})
        assert told.status_code < 300, told.text


def kill(house: Process) -> None:
    """Kill everything at once, PostgreSQL first, so that nothing can say goodbye."""
    assert house.up is not None
    house.up.send_signal(signal.SIGSTOP)  # or it would mend its PostgreSQL
    os.kill(house.postgres(), signal.SIGKILL)
    house.up.kill()
    house.up.wait(10)


async def test_one_event_and_one_reply_after_everything_was_killed() -> None:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="gatepost-survival-", dir="/tmp") as folder:
        state = open_to_postgres(folder)
        async with smtp_sink() as sink, serving(zone) as names:
            house = Process(
                state,
                GATEPOST_DNS__SERVERS=names.address,
                GATEPOST_DELIVERY__NEXT_HOP=f"127.0.0.1:{sink.port}",
            )
            await set_up(await asyncio.to_thread(house.start), port)
            sent = await asyncio.to_thread(house.run, "send", "--from", "boss@example.com")
            assert sent.stdout.startswith("250 "), sent.stdout
            await asyncio.sleep(1)  # the first attempt finds the port closed
            kill(house)
            facts = await asyncio.to_thread(house.start)
            try:
                async with mailbox(facts, "agent_key") as calls:
                    agent = Agent(calls)
                    async with listening(agent, port), asyncio.timeout(60):
                        await agent.heard.wait()
                        while not sink.mails:  # noqa: ASYNC110  # the sink is a thread of nobody's
                            await asyncio.sleep(0.1)
                        await asyncio.sleep(2)  # a second one would come now
                verified = await asyncio.to_thread(house.run, "log", "verify")
            finally:
                await asyncio.to_thread(house.stop)
    assert len(agent.events) == 1
    assert [(each["status"], each["is_repeat"]) for each in agent.answers] == [(200, False), (200, True)]
    assert len(sink.mails) == 1
    assert sink.mails[0].rcpt_tos == ["boss@example.com"]
    assert "Friday is fine." in message_from_bytes(sink.mails[0].content).as_string()
    assert verified.returncode == 0, verified.stdout
