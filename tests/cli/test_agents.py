"""Hosted agents in a real house: nothing leaves while they are off, and what leaves while they are on."""

import asyncio
import json
import os
import socket
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cli.process import Process
from cli.test_survival import mailbox, open_to_postgres, zone
from gatepost.app.collect import family
from hostile_dns import serving
from model_api import ModelApi, model_api, text, use
from outbound import smtp_sink

pytestmark = pytest.mark.timeout(180)

KEY = "sk-zq-" + "k" * 20 + "-zqsecret"
AGENT = """
name = "Scheduler"
instructions = "Answer questions about meetings. zqinstructions"
model = "claude-sonnet-4-5"
tools = ["reply"]

[budget]
tokens_per_turn = 50_000
"""
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


def run(house: Process, *command: str, said: str = "") -> str:
    done = house.run(*command)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
    return done.stdout


async def until(true: Any) -> None:
    deadline = time.monotonic() + 45
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.1)


def set_up(house: Process, box: int) -> None:
    (house.state / "agent.toml").write_text(AGENT)
    (house.state / "key").write_text(KEY)
    (house.state / "policy.json").write_text(json.dumps(POLICY))
    run(house, "policy", "set", str(box), str(house.state / "policy.json"))
    run(house, "agent", "key", str(house.state / "key"))
    (house.state / "key").unlink()
    run(house, "agent", "set", str(box), str(house.state / "agent.toml"), said="version 1")


@dataclass
class Hosted:
    house: Process
    facts: dict[str, Any]
    api: ModelApi
    sink: Any

    async def kept(self, count: int) -> list[dict[str, Any]]:
        """Return the mailbox's messages once there are so many."""
        async with mailbox(self.facts, "api_key") as calls:
            items: list[dict[str, Any]] = []
            for _ in range(300):
                items = (await calls.get("messages")).json()["items"]
                if len(items) == count:
                    return items
                await asyncio.sleep(0.1)
        raise AssertionError(f"{len(items)} messages, not {count}")

    async def mail(self, words: str) -> None:
        await asyncio.to_thread(run, self.house, "send", "--from", "boss@example.com", "--text", words, said="250 ")


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
            facts = await asyncio.to_thread(house.start)
            try:
                await asyncio.to_thread(set_up, house, facts["mailbox_id"])
                yield Hosted(house, facts, api, sink)
            finally:
                await asyncio.to_thread(house.stop)


async def test_no_word_leaves_while_agents_are_off_and_on_the_same_house_it_does_while_they_are_on() -> None:
    async with house_with_agent() as hosted:
        house, api, sink = hosted.house, hosted.api, hosted.sink
        words = (b"zqcanaryoff", b"zqcanaryon", b"zqcanaryagain", KEY.encode())
        with capturing(Capture(words, api.port)) as capture:
            # Off, as every house begins.
            await hosted.mail("zqcanaryoff: can we meet?")
            await hosted.kept(1)
            await asyncio.sleep(3)  # a turn would begin now
            assert (api.requests, capture.knocks, agents_process(house)) == ([], 0, None)
            assert capture.ports(b"zqcanaryoff") - {hosted.facts["smtp_port"]}, "the capture sees nothing at all"
            for pid in processes(house):
                assert not await asyncio.to_thread(holds, pid, KEY.encode()), "the key is in the house's memory"
            # On: the control run.
            await asyncio.to_thread(run, house, "agent", "on", said="are on")
            api.script = [[text("Well."), use("reply", text="Tuesday at ten.")]]
            await hosted.mail("zqcanaryon: can we meet?")
            await until(lambda: sink.mails)
            worker = agents_process(house)
            assert worker is not None
            assert capture.knocks > 0
            assert api.port in capture.ports(b"zqcanaryon")
            assert api.port in capture.ports(KEY.encode())
            assert await asyncio.to_thread(holds, worker, b"zqcanaryon"), "the search finds nothing at all"
            for pid in processes(house):
                assert pid == worker or not await asyncio.to_thread(holds, pid, KEY.encode())
            # Off again.
            await asyncio.to_thread(run, house, "agent", "off", said="are off")
            await until(lambda: agents_process(house) is None)
            knocks, asked = capture.knocks, len(api.requests)
            await hosted.mail("zqcanaryagain: can we meet?")
            await hosted.kept(3)
            await asyncio.sleep(2)
            assert (capture.knocks, len(api.requests)) == (knocks, asked)
            assert api.port not in capture.ports(b"zqcanaryoff") | capture.ports(b"zqcanaryagain")
        [mail] = sink.mails
        assert b"Tuesday at ten." in mail.content
        shown = json.loads(await asyncio.to_thread(run, house, "agent", "usage", "--json"))
        assert [(row["calls"], row["input"], row["output"]) for row in shown] == [
            (2, api.input_tokens, api.output_tokens)
        ]
        turns = json.loads(
            await asyncio.to_thread(run, house, "agent", "turns", str(hosted.facts["mailbox_id"]), "--json")
        )
        assert [(row["state"], row["label"]) for row in turns] == [("done", "sender")]
        await asyncio.to_thread(run, house, "log", "verify")
        log = house.log()
    assert not [word for word in ("zqcanary", "zqsecret", "zqinstructions", "Tuesday") if word in log]


async def test_a_turn_whose_process_is_killed_while_the_model_thinks_is_taken_again_and_sends_once() -> None:
    async with house_with_agent() as hosted:
        house, api = hosted.house, hosted.api
        await asyncio.to_thread(run, house, "agent", "on")
        thinking = asyncio.Event()

        def think(_asked: dict[str, Any]) -> list[dict[str, Any]] | int:
            if not thinking.is_set():
                thinking.set()
                worker = agents_process(house)
                assert worker is not None
                os.kill(worker, 9)
            return [use("reply", text="Tuesday at ten.")] if len(api.requests) < 3 else [text("Done.")]

        api.otherwise = think
        await hosted.mail("Can we meet?")
        await until(lambda: hosted.sink.mails)
        await asyncio.sleep(3)
        assert len(hosted.sink.mails) == 1
        shown = json.loads(await asyncio.to_thread(run, house, "agent", "usage", "--json"))
        assert shown[0]["unsettled"] > 0, "the call whose answer nobody heard counts as it was reserved"
