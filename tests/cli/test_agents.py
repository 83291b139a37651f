"""Hosted agents in a real house: nothing leaves while they are off, and what leaves while they are on."""

import asyncio
import json
import os
import signal
import smtplib
import socket
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cli.process import Process
from cli.test_survival import kill, open_to_postgres, zone
from gatepost.app.collect import family
from hostile_dns import serving
from model_api import Block, ModelApi, model_api, text, use
from outbound import Sink, smtp_sink

pytestmark = pytest.mark.timeout(600)

KEY = "sk-zq-" + "k" * 20 + "-zqsecret"
AGENT = {
    "name": "Scheduler",
    "instructions": "Answer questions about meetings. zqinstructions",
    "model": "claude-sonnet-4-5",
    "tools": ["reply"],
    "budget": {"tokens_per_turn": 50_000},
}
POLICY = {
    "defaultAction": "bounce",
    "senders": [{"match": {"address": "boss@example.com"}, "capabilities": []}],
    "auditLog": {"retentionDays": 30},
}


@dataclass
class Capture:
    """Every packet of this machine: the ports of those that hold a word, and who knocked at a port."""

    words: tuple[bytes, ...]
    knocked: int
    seen: list[tuple[bytes, int, int]] = field(default_factory=list)
    knocks: int = 0
    packets: int = 0

    def take(self, frame: bytes) -> None:
        packet = frame[14:]
        if packet[:1] and packet[0] >> 4 == 4 and packet[9] == socket.IPPROTO_TCP:
            segment = packet[(packet[0] & 15) * 4 :]
            source, target = int.from_bytes(segment[:2], "big"), int.from_bytes(segment[2:4], "big")
            self.packets += 1
            self.knocks += target == self.knocked and segment[13] & 0x12 == 0x02  # SYN without ACK
            self.seen += [(word, source, target) for word in self.words if word in segment]

    def ports(self, word: bytes) -> set[int]:
        return {port for found, source, target in self.seen if found == word for port in (source, target)}


@contextmanager
def capturing(capture: Capture) -> Iterator[Capture]:
    """Listen on every interface, as tcpdump does; skip the test where that is not allowed."""
    try:
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
    except PermissionError:
        pytest.skip("capturing packets needs CAP_NET_RAW")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024 * 1024)
    raw.settimeout(0.1)
    over = threading.Event()

    def listen() -> None:
        while not over.is_set():
            try:
                capture.take(raw.recv(262_144))
            except TimeoutError:
                continue

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield capture
    finally:
        over.set()
        thread.join()
        raw.close()


def holds(pid: int, word: bytes) -> bool:
    """Tell whether a process has a word anywhere in its memory or environment."""
    if word in Path(f"/proc/{pid}/environ").read_bytes():
        return True
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in maps:
            span, rights, *_ = line.split()
            if not rights.startswith("rw"):
                continue
            start, end = (int(edge, 16) for edge in span.split("-"))
            try:
                memory.seek(start)
                if word in memory.read(end - start):
                    return True
            except (OSError, OverflowError, ValueError):
                continue
    return False


def processes(house: Process) -> dict[int, bytes]:
    """Return the house's processes but for PostgreSQL's, with how each was started."""
    assert house.up is not None
    found = {}
    for pid in family(house.up.pid):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if b"postgres" not in command:
            found[pid] = command
    return found


def agents_process(house: Process) -> int | None:
    return next((pid for pid, command in processes(house).items() if b"agent_worker" in command), None)


def run(house: Process, *command: str) -> str:
    done = house.run(*command)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def until(true: Any) -> None:
    deadline = time.monotonic() + 150
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.1)


@dataclass
class Hosted:
    """A house that is up, with an agent that is set and off."""

    house: Process
    facts: dict[str, Any]
    api: ModelApi
    sink: Sink

    async def call(self, verb: str, path: str, body: object = None) -> Any:
        """Call the house as its owner."""
        headers = {"Authorization": f"Bearer {self.facts['api_key']}"}
        async with httpx2.AsyncClient(base_url=self.facts["base_url"], headers=headers, timeout=30) as calls:
            answer = await calls.request(verb, f"/v1/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def in_mailbox(self, verb: str, path: str, body: object = None) -> Any:
        return await self.call(verb, f"mailboxes/{self.facts['mailbox_id']}/{path}", body)

    async def set_up(self) -> None:
        (self.house.state / "key").write_text(KEY)
        await asyncio.to_thread(run, self.house, "agent", "key", str(self.house.state / "key"))
        (self.house.state / "key").unlink()
        await self.in_mailbox("PUT", "policy", POLICY)
        assert (await self.in_mailbox("PUT", "agent", AGENT))["version"] == 1

    async def switch(self, *, is_on: bool) -> None:
        assert await self.call("PUT", "hosting", {"is_on": is_on}) == {"is_on": is_on}

    async def mail(self, words: str) -> None:
        """Let the boss write, and wait until it is kept."""
        before = len((await self.in_mailbox("GET", "messages"))["items"])
        await asyncio.to_thread(self._send, words)
        after = len((await self.in_mailbox("GET", "messages"))["items"])
        assert after == before + 1

    def _send(self, words: str) -> None:
        with smtplib.SMTP(self.facts["smtp_host"], self.facts["smtp_port"], timeout=30) as client:
            head = f"From: boss@example.com\r\nTo: {self.facts['address']}\r\nMessage-ID: <{words[:12]}@example.com>"
            client.sendmail("boss@example.com", self.facts["address"], f"{head}\r\n\r\n{words}\r\n")


@asynccontextmanager
async def house_with_agent() -> AsyncIterator[Hosted]:
    with tempfile.TemporaryDirectory(prefix="gatepost-agents-", dir="/tmp") as folder:
        state = open_to_postgres(folder)
        async with smtp_sink() as sink, serving(zone) as names, model_api() as api:
            api.key = KEY
            house = Process(
                state,
                GATEPOST_DNS__SERVERS=names.address,
                GATEPOST_DELIVERY__NEXT_HOP=f"127.0.0.1:{sink.port}",
                GATEPOST_AGENTS__URL=api.url,
            )
            hosted = Hosted(house, await asyncio.to_thread(house.start), api, sink)
            try:
                await hosted.set_up()
                yield hosted
            finally:
                await asyncio.to_thread(house.stop)


async def key_is_in(house: Process) -> set[int]:
    """Return which of the house's processes have the model's key anywhere in their memory."""
    return {pid for pid in processes(house) if await asyncio.to_thread(holds, pid, KEY.encode())}


async def test_no_word_leaves_while_agents_are_off_and_in_the_same_house_it_does_while_they_are_on() -> None:
    async with house_with_agent() as hosted:
        house, api, sink = hosted.house, hosted.api, hosted.sink
        words = (b"zqcanaryoff", b"zqcanaryon", b"zqcanaryagain", KEY.encode())
        with capturing(Capture(words, api.port)) as capture:
            # Off, as every house begins.
            await hosted.mail("zqcanaryoff: can we meet?")
            await asyncio.sleep(3)  # a turn would begin now
            assert (api.requests, capture.knocks, agents_process(house)) == ([], 0, None)
            assert hosted.facts["smtp_port"] in capture.ports(b"zqcanaryoff"), "the capture sees nothing at all"
            assert await key_is_in(house) == set()
            # On: the control run. The first answer never comes, for its process is killed meanwhile.
            await hosted.switch(is_on=True)
            api.otherwise = partial(killing_once, hosted)
            await hosted.mail("zqcanaryon: can we meet?")
            await until(lambda: sink.mails)
            worker = agents_process(house)
            assert worker is not None
            assert capture.knocks > 0
            assert api.port in capture.ports(b"zqcanaryon") & capture.ports(KEY.encode())
            assert house.up is not None  # over http in clear, as here, the house that relays sees what it passes on
            assert await key_is_in(house) <= {worker, house.up.pid}
            assert await asyncio.to_thread(holds, worker, b"zqinstructions"), "the search finds nothing at all"
            # Off again.
            await hosted.switch(is_on=False)
            await until(lambda: agents_process(house) is None)
            knocks, asked = capture.knocks, len(api.requests)
            await hosted.mail("zqcanaryagain: can we meet?")
            await asyncio.sleep(2)
            assert (capture.knocks, len(api.requests)) == (knocks, asked)
            assert api.port not in capture.ports(b"zqcanaryoff") | capture.ports(b"zqcanaryagain")
        [mail] = sink.mails
        assert b"Tuesday at ten." in mail.content
        [day] = (await hosted.call("GET", "usage"))["items"]
        assert (day["calls"], day["unsettled_tokens"] > 0) == (3, True), "what nobody heard of counts as reserved"
        [turn] = (await hosted.in_mailbox("GET", "turns"))["items"]
        assert (turn["state"], turn["label"]) == ("done", "sender")
        await a_person_rules_from_the_command_line(hosted)
        await asyncio.to_thread(run, house, "log", "verify")
        log = house.log()
    assert not [word for word in ("zqcanary", "zqsecret", "zqinstructions", "Tuesday") if word in log]


async def test_a_turn_goes_on_after_everything_was_killed_while_the_model_thought() -> None:
    async with house_with_agent() as hosted:
        hosted.api.otherwise = partial(killing_everything, hosted)
        await hosted.switch(is_on=True)
        await hosted.mail("zqkilled: can we meet?")
        for asked in (1, 3):
            await until(lambda asked=asked: len(hosted.api.requests) >= asked and not is_up(hosted.house))
            hosted.facts = await asyncio.to_thread(hosted.house.start)
        turn = {"state": "begun"}
        while turn["state"] != "done":  # the house does not tell
            await asyncio.sleep(0.1)
            [turn] = (await hosted.in_mailbox("GET", "turns"))["items"]
        await until(lambda: hosted.sink.mails)
        await asyncio.sleep(2)  # a second one would come now
        await asyncio.to_thread(run, hosted.house, "log", "verify")
    assert (turn["label"], len(hosted.api.requests)) == ("sender", 4)
    sent = [message_from_bytes(each.content) for each in hosted.sink.mails]
    assert len({each["Message-ID"] for each in sent}) == 1, "one answer, also where its delivery was cut off"
    assert all("Tuesday at ten." in each.as_string() for each in sent)


def is_up(house: Process) -> bool:
    return house.up is not None and house.up.poll() is None


def killing_everything(hosted: Hosted, _asked: dict[str, Any]) -> list[Block]:
    """Kill the house before the first answer, and again before the one that follows the reply."""
    count = len(hosted.api.requests)
    if count in {1, 3}:
        kill(hosted.house)
    return [use("reply", text="Tuesday at ten.")] if count <= 2 else [text("Done.")]


async def a_person_rules_from_the_command_line(hosted: Hosted) -> None:
    """One held reply is denied, another let go; counted at the sink."""
    house, box = hosted.house, str(hosted.facts["mailbox_id"])
    await hosted.in_mailbox("PUT", "agent", {**AGENT, "approval": {"reply": "always"}})
    hosted.api.otherwise = lambda asked: [
        use("reply", text="Wednesday.") if len(asked["messages"]) == 1 else text("Done.")
    ]
    await hosted.switch(is_on=True)
    sent = len(hosted.sink.mails)
    for verb in ("deny", "approve"):
        await hosted.mail(f"zqcanaryheld{verb}: can we meet?")
        row = await asyncio.to_thread(waiting_call, house, box)
        assert (row["tool"], row["why"], json.loads(row["arguments"])) == (
            "reply",
            "approval.always",
            {"text": "Wednesday."},
        )
        wrong = await asyncio.to_thread(house.run, "agent", verb, box, row["turn"], "0" * 64)
        assert (wrong.returncode, len(hosted.sink.mails)) == (1, sent)
        await asyncio.to_thread(run, house, "agent", verb, box, row["turn"], row["digest"])
    await until(lambda: len(hosted.sink.mails) > sent)
    assert len(hosted.sink.mails) == sent + 1
    for action in ("tool.denied", "tool.approved"):
        assert json.loads(await asyncio.to_thread(run, house, "log", "search", "--action", action, "--json")), action
    used = json.loads(await asyncio.to_thread(run, house, "agent", "usage", "--by", "message", "--json"))
    assert {row["tools"] for row in used} == {"reply 1/1", "reply 0/1"}


def waiting_call(house: Process, box: str) -> dict[str, Any]:
    """Return the one call that waits for a person, once it does."""
    deadline = time.monotonic() + 150
    while not (rows := json.loads(run(house, "agent", "held", box, "--json"))):
        assert time.monotonic() < deadline, "nothing waits"
    [row] = rows
    return dict(row)


def killing_once(hosted: Hosted, _asked: dict[str, Any]) -> list[Block]:
    """Kill the agents' process while the model thinks, the first time; then reply, then rest."""
    count = len(hosted.api.requests)
    worker = agents_process(hosted.house)
    assert worker is not None
    if count == 1:
        os.kill(worker, signal.SIGKILL)
    return [use("reply", text="Tuesday at ten.")] if count <= 2 else [text("Done.")]
