"""A Splunk HTTP Event Collector with acknowledgements, to be killed: ``collector.py PORT FILE INDEXES_AFTER_S``.

It holds what it took in memory, numbers batches from 0 for each channel since it was started, and only later writes
their events to FILE and says so when asked. Killed, it has lost what it took and had not written.
FILE.taken tells how many events each batch had that it took.
"""

import gzip
import json
import os
import sys
import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from typing_extensions import override

from upkeep.siem.receivers import concatenated


class Indexer:
    """What was taken, and what of it is written."""

    def __init__(self, file: Path, after_s: float) -> None:
        self._file, self._after_s = file, after_s
        self._lock = threading.Lock()
        self._next: defaultdict[str, int] = defaultdict(int)
        self._waiting: list[tuple[float, str, int, list[dict[str, Any]]]] = []
        self._indexed: defaultdict[str, set[int]] = defaultdict(set)

    def take(self, channel: str, events: list[dict[str, Any]]) -> int:
        with self._lock:
            number = self._next[channel]
            self._next[channel] += 1
            with self._file.with_suffix(".taken").open("a") as out:
                out.write(f"{len(events)}\n")
            self._waiting.append((time.monotonic() + self._after_s, channel, number, events))
            return number

    def asked(self, channel: str, numbers: list[int]) -> dict[str, bool]:
        with self._lock:
            said = {str(each): each in self._indexed[channel] for each in numbers}
            self._indexed[channel] -= set(numbers)
            return said

    def index(self) -> None:
        """Write what has waited long enough, for ever."""
        while True:
            time.sleep(0.01)
            with self._lock, self._file.open("a") as out:
                while self._waiting and self._waiting[0][0] <= time.monotonic():
                    _, channel, number, events = self._waiting.pop(0)
                    out.writelines(json.dumps(each["fields"]) + "\n" for each in events)
                    out.flush()
                    os.fsync(out.fileno())
                    self._indexed[channel].add(number)


def serve(port: int, indexer: Indexer) -> None:
    """Answer until killed."""

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
            if self.path.startswith("/services/collector/ack?channel="):
                channel = self.path.partition("=")[2]
                said: dict[str, Any] = {"acks": indexer.asked(channel, json.loads(body)["acks"])}
            else:
                events = list(concatenated(body.decode()))
                said = {"text": "Success", "code": 0}
                said["ackId"] = indexer.take(self.headers["X-Splunk-Request-Channel"], events)
            octets = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)

    ThreadingHTTPServer.daemon_threads = True
    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        threading.Thread(target=indexer.index, daemon=True).start()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), Indexer(Path(sys.argv[2]), float(sys.argv[3])))
