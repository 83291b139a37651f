"""From `250` to the first octet of the webhook, at the receiver's socket: alone, and beside a dead receiver.

The house runs as `make run` starts it, on a throw-away folder. Mails come at a fixed rate whatever the answers take
(open loop); the receiver is a bare socket that notes when the first octet of each request is there. Then the same again
with a second endpoint that takes connections and never answers, for which ten thousand events wait. Ends with one line
of JSON. Sender and receiver share the machine with the house.
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
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
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
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_SUBJECT = re.compile(rb'"subject":"([^"]*)"')


@dataclass
class Heard:
    """When the first octet of each event's request came, by subject."""

    at: dict[bytes, float] = field(default_factory=dict)
    requests: int = 0


class Receiver(asyncio.Protocol):
    """Answers 200 at once."""

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
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


class Silent(asyncio.Protocol):
    """Takes everything and answers nothing."""


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

    async def send(self, mail: Mail, recipient: str) -> float:
        """Send one mail; return when its 250 was there."""
        self._writer.write(f"MAIL FROM:<{mail.mail_from}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode())
        codes = [await self.answer() for _ in range(3)]
        self._writer.write(mail.octets + b".\r\n")
        codes.append(await self.answer())
        if codes[-1] != b"250":
            raise SystemExit(f"bench: a mail was refused: {codes}")
        return time.monotonic()


async def connect(host: str, port: int, count: int) -> list[Client]:
    """Open SMTP connections."""
    clients = []
    for _ in range(count):
        clients.append(client := Client(*await asyncio.open_connection(host, port)))
        await client.answer()
        client._writer.write(b"EHLO bench.example\r\n")  # noqa: SLF001  # our own
        await client.answer()
    return clients


async def play(house: Gatepost, mails: list[Mail], heard: Heard, *, rate: float, connections: int) -> dict[str, float]:
    """Send mails at a fixed rate; return how long each webhook took after its 250."""
    address = str(house.sandbox["address"])
    clients: asyncio.Queue[Client] = asyncio.Queue()
    for client in await connect(str(house.sandbox["smtp_host"]), int(house.sandbox["smtp_port"]), connections):
        clients.put_nowait(client)
    answered: dict[bytes, float] = {}

    async def one(mail: Mail) -> None:
        client = await clients.get()
        answered[_subject_of(mail)] = await client.send(mail, address)
        clients.put_nowait(client)

    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number, mail in enumerate(mails):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            group.create_task(one(mail))
    seconds = time.monotonic() - began
    deadline = time.monotonic() + PATIENCE_S
    while (missing := answered.keys() - heard.at.keys()) and time.monotonic() < deadline:  # noqa: ASYNC110  # another process tells us
        await asyncio.sleep(0.05)
    if missing:
        raise SystemExit(f"bench: {len(missing)} of {len(answered)} events were not told within {PATIENCE_S} s")
    waits = sorted(max(0.0, heard.at[subject] - at) * 1000 for subject, at in answered.items())
    shares = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
    figures = {name: round(waits[min(int(len(waits) * share), len(waits) - 1)], 1) for name, share in shares.items()}
    return {"messages_per_s": round(len(mails) / seconds, 1), **figures, "max_ms": round(waits[-1], 1)}


def _subject_of(mail: Mail) -> bytes:
    head = mail.octets.split(b"\r\n\r\n", 1)[0]
    return next(line for line in head.split(b"\r\n") if line.startswith(b"Subject: ")).removeprefix(b"Subject: ")


def numbered(mails: Iterator[Mail], word: str) -> list[Mail]:
    """Give each mail a subject of its own; whether it still proves anything does not matter to the policy."""
    return [
        Mail(
            mail.mail_from, re.sub(rb"(?m)^Subject: .*$", f"Subject: {word} {number}\r".encode(), mail.octets, count=1)
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
            house = Gatepost(Path(folder), f"127.0.0.1:{dns_port}")
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
        return numbered(senders.mails(count, address, now, seed=len(word)), word)

    heard = Heard()
    async with listening(lambda: Receiver(heard)) as url, listening(Silent) as dead_url:
        live = await asyncio.to_thread(call, house, "POST", "/webhooks", {"url": url})
        await play(house, mails(options.rate, "warm"), heard, **pace)
        print(f"{options.count} mails at {options.rate}/s ...", file=sys.stderr)
        cpu_before, _ = house.usage()
        alone = await play(house, mails(options.count, "alone"), heard, **pace)
        cpu_after, _ = house.usage()
        await asyncio.to_thread(call, house, "PATCH", f"/webhooks/{live['id']}", {"is_stopped": True})
        dead = await asyncio.to_thread(call, house, "POST", "/webhooks", {"url": dead_url})
        print(f"{options.pending} events for a dead receiver ...", file=sys.stderr)
        smtp = (str(house.sandbox["smtp_host"]), int(house.sandbox["smtp_port"]))
        sent = await send_all(*smtp, address, mails(options.pending, "pending"), options.connections)
        await asyncio.to_thread(call, house, "PATCH", f"/webhooks/{live['id']}", {"is_stopped": False})
        beside = await play(house, mails(options.count, "beside"), heard, **pace)
        shown = await asyncio.to_thread(call, house, "GET", f"/webhooks/{dead['id']}")
    return {
        **alone,
        "cpu_ms_per_message": round((cpu_after - cpu_before) * 1000 / options.count, 2),
        "pending": sent.accepted,
        "beside_dead": beside,
        "dead_state": shown["state"],
    }


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=4_000, help="mails in each measured run")
    parser.add_argument("--rate", type=int, default=200, help="mails a second")
    parser.add_argument("--pending", type=int, default=10_000, help="events that wait for the dead receiver")
    parser.add_argument("--connections", type=int, default=32, help="SMTP connections at once, 50 at the most")
    print(json.dumps(uvloop.run(measure(parser.parse_args()))))


if __name__ == "__main__":
    main()
