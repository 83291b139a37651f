"""The load: so many connections, each sending as fast as it is answered, with pipelined envelopes (RFC 2920)."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from corpus import Mail


@dataclass(slots=True)
class Outcome:
    """What the load saw; ``waits_s`` is the time from the end of a message to its answer."""

    accepted: int = 0
    refused: int = 0
    seconds: float = 0.0
    waits_s: list[float] = field(default_factory=list)

    def percentile_ms(self, percent: float) -> float:
        """Return how long that share of the accepted messages waited at the most."""
        ordered = sorted(self.waits_s)
        return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)] * 1000 if ordered else 0.0


async def send_all(host: str, port: int, mails: list[Mail], connections: int) -> Outcome:
    """Send every mail once; return what became of them."""
    outcome = Outcome()
    waiting = iter(mails)
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(min(connections, len(mails))):
            group.create_task(_client(host, port, waiting, outcome))
    outcome.seconds = time.perf_counter() - began
    return outcome


async def _client(host: str, port: int, waiting: Iterator[Mail], outcome: Outcome) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    await _reply(reader)
    writer.write(b"EHLO bench.example\r\n")
    await _reply(reader)
    for mail in waiting:
        writer.write(f"MAIL FROM:<{mail.mail_from}>\r\nRCPT TO:<{mail.rcpt_to}>\r\nDATA\r\n".encode())
        answers = [await _reply(reader) for _ in range(3)]
        if answers[-1] != "354":
            outcome.refused += 1
            continue
        began = time.perf_counter()
        writer.write(mail.octets + b".\r\n")
        if (await _reply(reader)).startswith("2"):
            outcome.accepted += 1
            outcome.waits_s.append(time.perf_counter() - began)
        else:
            outcome.refused += 1
    writer.write(b"QUIT\r\n")
    await _reply(reader)
    writer.close()


async def _reply(reader: asyncio.StreamReader) -> str:
    while True:
        line = await reader.readline()
        if not line:
            raise ConnectionError("the house hung up")
        if line[3:4] != b"-":
            return line[:3].decode()
