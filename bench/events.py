"""From `250` to the first octet of the webhook, at the receiver's socket: alone, and beside a dead receiver.

The house runs as `make run` starts it, on a throw-away folder. Mails come at a fixed rate whatever the answers take
(open loop); the receiver is a bare socket that notes when the first octet of each request is there. The house is given
ten thousand mails first. Then it is measured in pairs: alone, and beside a second endpoint for which ten thousand
events wait and which is dead in one of two ways: it takes connections and never answers, or it answers 500. Ends with
one line of JSON, the figures of all runs of a kind together. Sender and receivers share the machine with the house.
"""

import argparse
import asyncio
import json
import os
import re
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import uvloop
from typing_extensions import override

from corpus import Mail, Senders
from load import send_all
from subject import Gatepost
from zone import Zone, serve

PATIENCE_S = 60.0
RESTS_S = 0.3
"""CPU seconds in two that a house with nothing to do may take."""
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_SUBJECT = re.compile(rb'"subject":"([^"]*)"')


@dataclass
class Heard:
    """When the first octet of each event's request came, by subject."""

    at: dict[bytes, float] = field(default_factory=dict)
    requests: int = 0


class Receiver(asyncio.Protocol):
    """Answers 200 at once."""

    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._octets = b""
        self._began = 0.0
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    @override
    def data_received(self, data: bytes) -> None:
        if not self._octets:
            self._began = time.monotonic()
        self._octets += data
        end = self._octets.find(b"\r\n\r\n")
        length = _LENGTH.search(self._octets, 0, end) if end >= 0 else None
        if length is None or len(self._octets) < end + 4 + int(length[1]):
            return
        found = _SUBJECT.search(self._octets, end)
        if found:
            self._heard.at.setdefault(found[1], self._began)
        self._heard.requests += 1
        self._octets = b""
        if self._transport is not None:
            self._transport.write(self.answer)


class Silent(asyncio.Protocol):
    """Takes everything and answers nothing."""


class Failing(Receiver):
    """Answers 500 at once."""

    answer = b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno"


@asynccontextmanager
async def listening(protocol: Any) -> AsyncIterator[str]:
    """Serve on a free port of loopback; yield the URL."""
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"


class Client:
    """One SMTP connection, one mail at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def answer(self) -> bytes:
        """Return the next answer's code."""
        while (line := await self._reader.readline())[3:4] == b"-":
            pass
        return line[:3]

    async def send(self, mail: Mail) -> float:
        """Send one mail; return when its 250 was there."""
        self._writer.write(f"MAIL FROM:<{mail.mail_from}>\r\nRCPT TO:<{mail.rcpt_to}>\r\nDATA\r\n".encode())
        codes = [await self.answer() for _ in range(3)]
        self._writer.write(mail.octets + b".\r\n")
        codes.append(await self.answer())
        if codes[-1] != b"250":
            raise SystemExit(f"bench: a mail was refused: {codes}")
        return time.monotonic()

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def connect(host: str, port: int, count: int) -> list[Client]:
    """Open SMTP connections."""
    clients = []
    for _ in range(count):
        clients.append(client := Client(*await asyncio.open_connection(host, port)))
        await client.answer()
        client._writer.write(b"EHLO bench.example\r\n")  # noqa: SLF001  # our own
        await client.answer()
    return clients


@dataclass
class Run:
    """How long each webhook took after its 250, in ms; over how many seconds; the house's CPU seconds meanwhile."""

    waits: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_s: float = 0.0

    def add(self, other: "Run") -> None:
        """Take another run's figures in."""
        self.waits += other.waits
        self.seconds += other.seconds
        self.cpu_s += other.cpu_s

    def figures(self) -> dict[str, float]:
        """Return what is shown."""
        waits = sorted(self.waits)
        shares = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99, "max_ms": 1.0}
        return {
            "messages_per_s": round(len(waits) / self.seconds, 1),
            **{name: round(waits[min(int(len(waits) * share), len(waits) - 1)], 1) for name, share in shares.items()},
            "cpu_ms_per_message": round(self.cpu_s * 1000 / len(waits), 2),
        }


async def play(house: Gatepost, mails: list[Mail], heard: Heard, *, rate: float, connections: int) -> Run:
    """Send mails at a fixed rate."""
    clients: asyncio.Queue[Client] = asyncio.Queue()
    for client in await connect(str(house.sandbox["smtp_host"]), int(house.sandbox["smtp_port"]), connections):
        clients.put_nowait(client)
    answered: dict[bytes, float] = {}

    async def one(mail: Mail) -> None:
        client = await clients.get()
        answered[_subject_of(mail)] = await client.send(mail)
        clients.put_nowait(client)

    cpu_before, _ = house.usage()
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number, mail in enumerate(mails):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            group.create_task(one(mail))
    seconds = time.monotonic() - began
    while not clients.empty():  # an address has fifty connections at the most, and the next run wants its own
        clients.get_nowait().close()
    deadline = time.monotonic() + PATIENCE_S
    while (missing := answered.keys() - heard.at.keys()) and time.monotonic() < deadline:  # noqa: ASYNC110  # another process tells us
        await asyncio.sleep(0.05)
    if missing:
        raise SystemExit(f"bench: {len(missing)} of {len(answered)} events were not told within {PATIENCE_S} s")
    waits = [max(0.0, heard.at[subject] - at) * 1000 for subject, at in answered.items()]
    return Run(waits, seconds, house.usage()[0] - cpu_before)


def _subject_of(mail: Mail) -> bytes:
    head = mail.octets.split(b"\r\n\r\n", 1)[0]
    return next(line for line in head.split(b"\r\n") if line.startswith(b"Subject: ")).removeprefix(b"Subject: ")


def numbered(mails: Iterator[Mail], word: str) -> list[Mail]:
    """Give each mail a subject of its own; whether it still proves anything does not matter to the policy."""
    return [
        replace(
            mail,
            octets=re.sub(rb"(?m)^Subject: .*$", f"Subject: {word} {number}\r".encode(), mail.octets, count=1),
        )
        for number, mail in enumerate(mails)
    ]


def call(house: Gatepost, verb: str, path: str, body: Any = None) -> Any:
    """Call the house's REST door."""
    request = urllib.request.Request(  # noqa: S310  # our own house
        f"{house.sandbox['base_url']}/v1/mailboxes/{house.sandbox['mailbox_id']}{path}",
        method=verb,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {house.sandbox['api_key']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # as above
        text = answer.read()
    return json.loads(text) if text else None


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run the whole bench; return its figures."""
    zone = Zone()
    senders = Senders(zone, 100, "w")
    with tempfile.TemporaryDirectory(prefix="gatepost-bench-", dir="/tmp") as folder:
        os.chmod(folder, 0o711)  # noqa: PTH101, S103  # PostgreSQL's account passes through it
        async with serve(zone) as dns_port:
            house = Gatepost(Path(folder), f"127.0.0.1:{dns_port}", {"GATEPOST_SMTP__WORKERS": str(options.workers)})
            try:
                await asyncio.to_thread(house.wait)
                await asyncio.to_thread(house.set_policy, senders.domains)
                return await _measure(house, senders, options)
            finally:
                await asyncio.to_thread(house.stop)


async def _measure(house: Gatepost, senders: Senders, options: argparse.Namespace) -> dict[str, Any]:
    address, now = str(house.sandbox["address"]), datetime.now(UTC)  # noqa: TID251  # the bench is its own clock
    pace = {"rate": options.rate, "connections": options.connections}

    def mails(count: int, word: str) -> list[Mail]:
        return numbered(senders.mails(count, [address], now, seed=len(word)), word)

    heard, unheard = Heard(), Heard()
    runs = {"alone": Run(), "silent": Run(), "failing": Run()}
    states = {}
    async with (
        listening(lambda: Receiver(heard)) as url,
        listening(Silent) as silent_url,
        listening(lambda: Failing(unheard)) as failing_url,
    ):
        live = await asyncio.to_thread(call, house, "POST", "/webhooks", {"url": url})
        await play(house, mails(5 * options.rate, "warm"), heard, **pace)
        since = datetime.now(UTC)  # noqa: TID251  # as above
        await asyncio.to_thread(call, house, "PATCH", f"/webhooks/{live['id']}", {"is_stopped": True})
        print(f"{options.pending} mails that nobody is told of yet ...", file=sys.stderr)
        smtp = (str(house.sandbox["smtp_host"]), int(house.sandbox["smtp_port"]))
        sent = await send_all(*smtp, mails(options.pending, "pending"), options.connections)
        await asyncio.to_thread(call, house, "PATCH", f"/webhooks/{live['id']}", {"is_stopped": False})
        await rested(house)
        until = datetime.now(UTC)  # noqa: TID251  # as above
        for number in range(options.pairs):
            for kind, dead_url in (("silent", silent_url), ("failing", failing_url)):
                await _play_into(runs["alone"], house, mails(options.count, f"alone {kind} {number}"), heard, pace)
                dead = await asyncio.to_thread(call, house, "POST", "/webhooks", {"url": dead_url})
                span = {"since": since.isoformat(), "until": until.isoformat()}
                await asyncio.to_thread(call, house, "POST", f"/webhooks/{dead['id']}/replay", span)
                await rested(house)
                await _play_into(runs[kind], house, mails(options.count, f"beside {kind} {number}"), heard, pace)
                states[kind] = (await asyncio.to_thread(call, house, "GET", f"/webhooks/{dead['id']}"))["state"]
                await asyncio.to_thread(call, house, "DELETE", f"/webhooks/{dead['id']}")
                await rested(house)
    beside = {kind: {**runs[kind].figures(), "state": state} for kind, state in states.items()}
    for line in (failed := house.logged("webhook.told", live["id"], "again")):
        print(line, end="", file=sys.stderr)
    return {**runs["alone"].figures(), "failed_attempts": len(failed), "pending": sent.accepted, "beside": beside}


async def _play_into(into: Run, house: Gatepost, mails: list[Mail], heard: Heard, pace: Mapping[str, int]) -> None:
    print(f"{len(mails)} mails at {pace['rate']}/s ...", file=sys.stderr)
    run = await play(house, mails, heard, **pace)
    print(json.dumps(run.figures()), file=sys.stderr)
    into.add(run)


async def rested(house: Gatepost) -> None:
    """Wait until the house has little to do: what came before is indexed, written and tidied."""
    deadline = time.monotonic() + PATIENCE_S
    before, _ = house.usage()
    while time.monotonic() < deadline:  # another process tells nobody
        await asyncio.sleep(2)
        after, _ = house.usage()
        if after - before < RESTS_S:
            return
        before = after


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=2_000, help="mails in each measured run")
    parser.add_argument("--pairs", type=int, default=2, help="runs alone and beside, for each way of being dead")
    parser.add_argument("--workers", type=int, default=1, help="SMTP processes")
    parser.add_argument("--rate", type=int, default=200, help="mails a second")
    parser.add_argument("--pending", type=int, default=10_000, help="events that wait for the dead receiver")
    parser.add_argument("--connections", type=int, default=32, help="SMTP connections at once, 50 at the most")
    print(json.dumps(uvloop.run(measure(parser.parse_args()))))


if __name__ == "__main__":
    main()
