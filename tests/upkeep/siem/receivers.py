"""Doubles of the receivers: real HTTP on loopback that checks what the real ones check and can say all they can say."""

import base64
import gzip
import json
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typing_extensions import override

Answer = tuple[int, Any]


@dataclass
class Double:
    """One receiver.

    ``faults``: answers given in place of its own, first come first served; None lets one pass. ``thinks_s``: how long
    it keeps an answer back.
    """

    faults: deque[Answer | None] = field(default_factory=deque)
    requests: list[list[Any]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    retry_after: str = ""
    thinks_s: float = 0
    url: str = ""

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request."""
        raise NotImplementedError

    def fault(self) -> Answer | None:
        """Return the next planned fault."""
        return self.faults.popleft() if self.faults else None

    def expect(self, is_right: bool, what: str) -> None:  # noqa: FBT001  # an assertion of the double's
        if not is_right:
            self.wrong.append(what)


@dataclass
class SplunkDouble(Double):
    """HEC: concatenated objects, codes, channels, acknowledgements that are given once.

    Attributes:
        acks_after: how many questions for acknowledgements are answered with false first.
        never: batches that are never indexed, by number from 1.
        killed_before: requests, by number from 1, before which it dies and is started again: what was not asked for
            since the last start is lost with it, and it numbers from 1 again.
        near_limit: the code that all successes have; 0 for plain success.
        faulty: leaf indices that are refused as badly formatted.
        keeps_faulty: whether a planned answer with status 200 stands for events that were taken.
        questions: the acknowledgements asked for, each time.
        channels: those that were sent to.
    """

    token: str = "secret"
    uses_ack: bool = False
    acks_after: int = 0
    never: set[int] = field(default_factory=set)
    killed_before: set[int] = field(default_factory=set)
    near_limit: int = 0
    faulty: set[int] = field(default_factory=set)
    keeps_faulty: bool = True
    ack_faults: deque[Answer] = field(default_factory=deque)
    indexed: list[dict[str, Any]] = field(default_factory=list)
    questions: list[list[int]] = field(default_factory=list)
    channels: set[str | None] = field(default_factory=set)
    _acks: dict[str, bool] = field(default_factory=dict)
    _number: int = 0
    _safe: int = 0

    def places(self) -> list[int]:
        """Return the leaf indices of what was indexed."""
        return [each["fields"]["leaf_index"] for each in self.indexed]

    @override
    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if headers.get("Authorization") != f"Splunk {self.token}":
            return 403, {"text": "Invalid token", "code": 4}
        if path.startswith("/services/collector/ack?channel="):
            return self._acknowledge(json.loads(body)["acks"])
        self.expect(path == "/services/collector/event", path)
        self.channels.add(headers.get("X-Splunk-Request-Channel"))
        if self.uses_ack and "X-Splunk-Request-Channel" not in headers:
            return 400, {"text": "Data channel is missing", "code": 10}
        events = list(concatenated(body.decode()))
        self.requests.append(events)
        if len(self.requests) in self.killed_before:
            self._acks, self._number = {}, 0
            del self.indexed[self._safe :]
        if (fault := self.fault()) is not None:
            if fault[0] == 200 and self.keeps_faulty:
                self.indexed += events
            return fault
        if (refusal := self._refusal(events)) is not None:
            return refusal
        self.indexed += events
        said: dict[str, Any] = {"text": "Success", "code": self.near_limit}
        if self.uses_ack:
            self._number += 1
            said["ackId"] = self._number
            self._acks[str(self._number)] = len(self.requests) not in self.never
        return 200, said

    def _refusal(self, events: list[dict[str, Any]]) -> Answer | None:
        for at, event in enumerate(events):
            if not event.get("event"):
                return 400, {"text": "Event field is required", "code": 12, "invalid-event-number": at}
            if event["fields"]["leaf_index"] in self.faulty:
                return 400, {"text": "Invalid data format", "code": 6, "invalid-event-number": at}
            self.expect(all(not isinstance(each, dict | list) for each in event["fields"].values()), "fields not flat")
        return None

    def _acknowledge(self, asked: list[int]) -> Answer:
        self.questions.append(asked)
        self._safe = len(self.indexed)
        if self.ack_faults:
            return self.ack_faults.popleft()
        if len(self.questions) <= self.acks_after:
            return 200, {"acks": {str(each): False for each in asked}}
        return 200, {"acks": {str(each): self._acks.pop(str(each), False) for each in asked}}


@dataclass
class DatadogDouble(Double):
    """Logs v2: cuts logs over 1 MB and says 202 nevertheless."""

    logs: list[dict[str, Any]] = field(default_factory=list)

    def places(self) -> list[int]:
        """Return the leaf indices of what was taken."""
        return [each["leaf_index"] for each in self.logs]

    @override
    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.expect(path == "/api/v2/logs", path)
        if headers.get("DD-API-KEY") in {None, "none"}:  # as if there were none
            return 401, {"errors": [{"status": "401", "title": "Unauthorized", "detail": "no key"}]}
        if headers.get("DD-API-KEY") != "secret":
            return 403, {"errors": [{"status": "403", "title": "Forbidden", "detail": "bad key"}]}
        logs = json.loads(body)
        self.requests.append(logs)
        if (fault := self.fault()) is not None:
            return fault
        if len(body) > 5_000_000 or len(logs) > 1000:
            return 413, {"errors": [{"status": "413"}]}
        self.expect(all(len(json.dumps(each)) <= 1_000_000 and each["message"] for each in logs), "cut")
        self.logs += logs
        return 202, {}


@dataclass
class ElasticDouble(Double):
    """``_bulk``: stores by id, refuses a second create with 409. ``items``: answers to items by leaf index, once."""

    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    items: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    path: str = ""

    def places(self) -> list[int]:
        """Return the leaf indices of what is stored."""
        return [each["gatepost"]["leaf_index"] for each in self.stored.values()]

    @override
    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.path = path
        self.expect(headers.get("Content-Type") == "application/x-ndjson", "content type")
        self.expect(body.endswith(b"\n"), "no final LF")
        if headers.get("Authorization") != "ApiKey " + base64.b64encode(b"id:secret").decode():
            return 401, {"error": {"type": "security_exception"}}
        lines = [json.loads(line) for line in body.decode().splitlines()]
        pairs = list(zip(lines[::2], lines[1::2], strict=True))
        self.requests.append([document for _, document in pairs])
        if (fault := self.fault()) is not None:
            return fault
        items = [self._create(action["create"]["_id"], document) for action, document in pairs]
        return 200, {
            "took": 1,
            "errors": any("error" in item for item in items),
            "items": [{"create": i} for i in items],
        }

    def _create(self, identifier: str, document: dict[str, Any]) -> dict[str, Any]:
        planned = self.items.get(document["gatepost"]["leaf_index"])
        if planned:
            return planned.pop(0)
        if identifier in self.stored:
            return {"_id": identifier, "status": 409, "error": {"type": "version_conflict_engine_exception"}}
        self.stored[identifier] = document
        return {"_id": identifier, "status": 201, "failure_store": "not_applicable_or_unknown"}


@dataclass
class OtlpDouble(Double):
    """OTLP/HTTP in JSON."""

    records: list[dict[str, Any]] = field(default_factory=list)
    thinks: threading.Event = field(default_factory=threading.Event)
    is_quick: bool = True

    def places(self) -> list[int]:
        """Return the leaf indices of what was taken."""
        return [int(each["attributes"][0]["value"]["intValue"]) for each in self.records]

    @override
    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.expect(path == "/v1/logs", path)
        records = json.loads(body)["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
        self.requests.append(records)
        if not self.is_quick:
            self.thinks.wait(10)
        if (fault := self.fault()) is not None:
            return fault
        self.records += records
        return 200, {}


def concatenated(text: str) -> Iterator[dict[str, Any]]:
    """Yield JSON objects that stand one after another."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        found, at = decoder.raw_decode(text, at)
        yield found
        while at < len(text) and text[at].isspace():
            at += 1


@contextmanager
def receiving(double: Double, port: int = 0) -> Iterator[None]:
    """Let a double listen while the context lasts; on a free port, where none is named."""

    class Handler(BaseHTTPRequestHandler):
        @override
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:  # whoever sent it died over it
                self.close_connection = True
                return
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            status, said = double.answer(self.path, self.headers, body)  # type: ignore[arg-type]  # a message is one
            time.sleep(double.thinks_s)
            octets = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            if double.retry_after:
                self.send_header("Retry-After", double.retry_after)
            self.send_header("Content-Length", str(len(octets)))
            with suppress(ConnectionError):  # the house stopped meanwhile
                self.end_headers()
                self.wfile.write(octets)

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.daemon_threads = True
        double.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
