"""What stands outside of a house and may fail it: its bucket, its SIEM, and its machine's clock."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from typing_extensions import override

from blobs.test_bucket import Clerk, Shelf
from cli.process import Process
from upkeep.siem.receivers import Answer, SplunkDouble, receiving

BUCKET = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-1"}


class SlowClerk(Clerk):
    """Answers when the bucket is open again, or half of an answer."""

    server: "Store"

    @override
    def answer(self, status: int, body: bytes = b"") -> None:
        self.server.is_open.wait()
        if self.server.is_halving:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
            self.close_connection = True
            return
        super().answer(status, body)


class Store(Shelf):
    """A bucket; while ``is_open`` is not set it takes requests and says nothing."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__()
        self.RequestHandlerClass = SlowClerk
        self.is_halving = False
        self.is_open = threading.Event()
        self.is_open.set()

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: the house waits no longer and has hung up."""


@dataclass
class Siem(SplunkDouble):
    """A SIEM that may refuse, or take a request and say nothing."""

    is_busy: bool = False
    is_open: threading.Event = field(default_factory=threading.Event)

    @override
    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.is_open.wait()
        return (503, {"text": "Server is busy", "code": 9}) if self.is_busy else super().answer(path, headers, body)


@dataclass
class Beyond:
    """All of it. ``clock``: the file that says by how many seconds the house's clock is ahead."""

    store: Store
    siem: Siem
    clock: Path

    def set_clock(self, by_s: int) -> None:
        """Set the house's clock by so many seconds: ahead, or back."""
        self.clock.write_text(str(int(self.clock.read_text()) + by_s))

    def environment(self, *, has_bucket: bool) -> dict[str, str]:
        """Return what the house must be told of it."""
        said = {**BUCKET, "AWS_ENDPOINT": self.store.url, "LD_JUMPING_CLOCK": str(self.clock)}
        return said | ({"GATEPOST_BLOBS__URL": "s3://bucket"} if has_bucket else {})

    def name_siem(self, house: Process) -> None:
        """Have the house tell the SIEM all that its log holds."""
        done = house.run("export", "add", "splunk", self.siem.url, "--credential-file", "-", said=self.siem.token)
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def standing(folder: Path) -> Iterator[Beyond]:
    """Let all of it stand, and be well."""
    with ExitStack() as stack, Store() as store:
        serving = threading.Thread(target=store.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        stack.callback(serving.join)
        stack.callback(store.shutdown)
        siem = Siem()
        siem.is_open.set()
        stack.enter_context(receiving(siem))
        clock = folder / "clock"
        clock.write_text("0")
        yield Beyond(store, siem, clock)
