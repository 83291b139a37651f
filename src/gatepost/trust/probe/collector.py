"""Receivers of the record on loopback, by the words of their makers: each is busy, throttles, takes a part, then takes.

What they keep is kept as it came, so that what came twice or never shows.
"""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

from gatepost.trust.probe.server import HOST, WAIT_S, length_of, listening
from gatepost.upkeep.siem import Kind

BODY_OCTETS_MAX = 4_000_000
ACK = "/services/collector/ack"
Answer = tuple[int, dict[str, Any]]


@dataclass
class Collector:
    """One receiver.

    Attributes:
        kept: by its place in the log, each event that was taken, as often as it was.
        requests: how many came with events.
        unconfirmed: of Splunk, what was taken and not yet said to be indexed, by the number of its batch.
        questions: of Splunk, how often it was asked about these.
    """

    kind: Kind
    url: str = ""
    kept: list[int] = field(default_factory=list)
    requests: int = 0
    unconfirmed: dict[str, list[int]] = field(default_factory=dict)
    questions: int = 0

    def answer(self, path: str, body: bytes) -> Answer:
        """Answer one request."""
        if path.startswith(ACK):
            return self._confirm(json.loads(body)["acks"])
        self.requests += 1
        match self.requests:
            case 1:
                return HTTPStatus.SERVICE_UNAVAILABLE, {"text": "Server is busy", "code": 9}
            case 2:
                return HTTPStatus.TOO_MANY_REQUESTS, {}
            case number:
                return _SPOKEN[self.kind](self, body, number)

    def _confirm(self, asked: list[int]) -> Answer:
        """Say of each batch whether it is indexed: not yet, the first time."""
        self.questions += 1
        said = {str(each): self.questions > 1 and str(each) in self.unconfirmed for each in asked}
        self.kept += [place for number, is_so in said.items() if is_so for place in self.unconfirmed.pop(number)]
        return HTTPStatus.OK, {"acks": said}


def _splunk(made: Collector, body: bytes, number: int) -> Answer:
    """HEC: objects one after another; what is taken has a number, and is indexed later."""
    places = [json.loads(line)["fields"]["leaf_index"] for line in body.splitlines()]
    made.unconfirmed[str(number)] = places
    return HTTPStatus.OK, {"text": "Success", "code": 0, "ackId": number}


def _datadog(made: Collector, body: bytes, _number: int) -> Answer:
    """Logs, version 2: an array, taken as a whole."""
    made.kept += [each["leaf_index"] for each in json.loads(body)]
    return HTTPStatus.ACCEPTED, {}


def _otlp(made: Collector, body: bytes, _number: int) -> Answer:
    """Logs over HTTP in JSON; 64-bit integers are strings there."""
    records = json.loads(body)["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    named = [{each["key"]: each["value"] for each in record["attributes"]} for record in records]
    made.kept += [int(each["leaf_index"]["intValue"]) for each in named]
    return HTTPStatus.OK, {}


def _elastic(made: Collector, body: bytes, number: int) -> Answer:
    """``_bulk``: an answer for each item; every second one is throttled the first time."""
    lines = [json.loads(line) for line in body.splitlines()]
    items: list[dict[str, Any]] = []
    for at, (action, document) in enumerate(zip(lines[::2], lines[1::2], strict=True)):
        item: dict[str, Any] = {"_id": action["create"]["_id"], "status": HTTPStatus.CREATED}
        if number == 3 and at % 2:  # noqa: PLR2004  # the first request that is neither refused nor throttled
            item |= {"status": HTTPStatus.TOO_MANY_REQUESTS, "error": {"type": "es_rejected_execution_exception"}}
        else:
            made.kept.append(document["gatepost"]["leaf_index"])
        items.append({"create": item})
    return HTTPStatus.OK, {"errors": any("error" in each["create"] for each in items), "items": items}


_SPOKEN: Mapping[Kind, Callable[[Collector, bytes, int], Answer]] = {
    Kind.SPLUNK: _splunk,
    Kind.DATADOG: _datadog,
    Kind.ELASTIC: _elastic,
    Kind.OTLP: _otlp,
}
KINDS = tuple(_SPOKEN)
"""Who says what became of what it was sent. Syslog has no acknowledgement, and so no contract to be held to."""


@asynccontextmanager
async def collecting(kind: Kind) -> AsyncIterator[Collector]:
    """Receive while the context lasts."""
    made = Collector(kind)
    async with listening(partial(_converse, made), wait_s=WAIT_S) as port:
        made.url = f"http://{HOST}:{port}"
        yield made


async def _converse(made: Collector, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    body = await reader.readexactly(min(length_of(head), BODY_OCTETS_MAX))
    octets = gzip.decompress(body) if b"content-encoding: gzip" in head.lower() else body
    status, said = made.answer(head.split(b" ")[1].decode(), octets)
    answer = json.dumps(said).encode()
    writer.write(f"HTTP/1.1 {int(status)} -\r\nContent-Length: {len(answer)}\r\nConnection: close\r\n\r\n".encode())
    writer.write(answer)
    await writer.drain()
