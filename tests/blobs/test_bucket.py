"""What the suite of both stores (``test_blobs``) cannot see: the wire, and what is on the other end of it."""

import asyncio
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typing_extensions import override

from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.blobs.bucket import Bucket


class Shelf(ThreadingHTTPServer):
    """As much of S3's REST as a bucket needs: objects by path, and signed requests only."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Clerk)
        self.objects: dict[str, bytes] = {}
        self.is_broken = False


class Clerk(BaseHTTPRequestHandler):
    server: Shelf

    def do_PUT(self) -> None:
        self.server.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(200)

    def do_GET(self) -> None:
        found = self.server.objects.get(self.path)
        self.answer(404 if found is None else 200, found or b"")

    def do_POST(self) -> None:
        """Remove what a DeleteObjects request names; S3 says nothing of what is not there."""
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        for key in re.findall("<Key>(.+?)</Key>", asked):
            self.server.objects.pop(f"{self.path.partition('?')[0]}/{key}", None)
        self.answer(200, b"<DeleteResult><Deleted><Key>x</Key></Deleted></DeleteResult>")

    def answer(self, status: int, body: bytes = b"") -> None:
        is_signed = self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential=id/")
        self.send_response(501 if self.server.is_broken else status if is_signed else 403)
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", "Sat, 21 Nov 2026 00:00:00 GMT")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An operator's AWS_* variables, but for the endpoint."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    return monkeypatch


@pytest.fixture
def shelf(account: pytest.MonkeyPatch) -> Iterator[Shelf]:
    with Shelf() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        account.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        yield server
        server.shutdown()
        thread.join()


def test_a_bucket_is_opened_without_asking_the_network() -> None:
    assert isinstance(Blobs.open("s3://bucket/prefix"), Blobs)


async def test_a_bucket_keeps_its_objects_under_the_prefix_of_its_url(shelf: Shelf) -> None:
    blobs = Blobs.open("s3://bucket/prefix")
    await blobs.write("log/checkpoint", b"octets")
    assert list(shelf.objects) == ["/bucket/prefix/log/checkpoint"]
    assert await blobs.read("log/checkpoint") == b"octets"


async def test_over_the_wire_too_a_later_write_replaces_and_a_missing_object_is_none(shelf: Shelf) -> None:
    bucket = Bucket.s3("s3://bucket")
    for octets in (b"1", b"2"):
        await bucket.write("a", octets)
        assert await bucket.read("a") == octets
    await bucket.remove("a")
    await bucket.remove("a")
    assert await bucket.read("a") is None
    assert not shelf.objects


async def _is_unavailable(bucket: Bucket) -> None:
    async with asyncio.timeout(10):
        with pytest.raises(BlobsUnavailableError):
            await bucket.write("a", b"")
        with pytest.raises(BlobsUnavailableError):
            await bucket.read("a")
        with pytest.raises(BlobsUnavailableError):
            await bucket.remove("a")


async def test_a_bucket_that_does_not_answer_is_unavailable_within_seconds(
    account: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    account.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{unused_tcp_port}")
    await _is_unavailable(Bucket.s3("s3://bucket"))


async def test_a_bucket_that_answers_with_errors_is_unavailable(shelf: Shelf) -> None:
    shelf.is_broken = True
    await _is_unavailable(Bucket.s3("s3://bucket"))


async def test_a_bucket_that_refuses_our_key_is_unavailable(shelf: Shelf, account: pytest.MonkeyPatch) -> None:
    account.setenv("AWS_ACCESS_KEY_ID", "another")
    with pytest.raises(BlobsUnavailableError):
        await Bucket.s3("s3://bucket").read("a")
    assert not shelf.objects


def test_a_process_that_ends_right_after_a_request_ends_well(shelf: Shelf) -> None:
    script = """
import asyncio
from gatepost.blobs.bucket import Bucket
async def main():
    bucket = Bucket.s3("s3://bucket")
    await bucket.write("a", b"1")
    assert await bucket.read("b") is None
asyncio.run(main())
"""
    for _ in range(6):  # obstore's own awaitables abort every second one
        done = subprocess.run([sys.executable, "-c", script], check=False, timeout=30)  # noqa: S603  # our own words
        assert done.returncode == 0
    assert shelf.objects == {"/bucket/a": b"1"}
