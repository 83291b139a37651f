"""What the suite of both stores (``test_blobs``) cannot see: the wire, and what is on the other end of it."""

import asyncio
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from typing_extensions import override

from gatepost.blobs import Blobs, BlobsUnavailableError, Endpoint, read_endpoint
from gatepost.blobs.bucket import Bucket
from gatepost.egress import Destination, Purpose, Rule
from ports import free_port
from ways import way_out


class Shelf(ThreadingHTTPServer):
    """As much of S3's REST as a bucket needs: objects by path, and signed requests only.

    ``versions``: whatever was put, as a bucket that keeps versions would still have it.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        super().__init__((host, 0), Clerk)
        self.objects: dict[str, bytes] = {}
        self.versions: list[tuple[str, bytes]] = []
        self.is_broken = False
        self.url = f"http://{host}:{self.server_port}"
        self.asked = 0
        self.moved_to = ""


class Clerk(BaseHTTPRequestHandler):
    server: Shelf

    def do_PUT(self) -> None:
        octets = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.objects[self.path] = octets
        self.server.versions.append((self.path, octets))
        self.answer(200)

    def do_GET(self) -> None:
        bucket, _, asked = self.path.partition("?")
        if "list-type=2" in asked:
            prefix = parse_qs(asked).get("prefix", [""])[0]
            self.answer(200, self._listed([path.removeprefix(f"{bucket}/") for path in [*self.server.objects]], prefix))
            return
        found = self.server.objects.get(self.path)
        self.answer(404 if found is None else 200, found or b"")

    @staticmethod
    def _listed(keys: list[str], prefix: str) -> bytes:
        """Name the objects of a prefix as ListObjectsV2 does, all in one page."""
        date = "<LastModified>2026-11-21T00:00:00.000Z</LastModified>"
        each = [f"<Contents><Key>{key}</Key>{date}<Size>1</Size></Contents>" for key in keys if key.startswith(prefix)]
        return f"<ListBucketResult>{''.join(each)}<IsTruncated>false</IsTruncated></ListBucketResult>".encode()

    def do_POST(self) -> None:
        """Remove what a DeleteObjects request names; S3 says nothing of what is not there."""
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        for key in re.findall("<Key>(.+?)</Key>", asked):
            self.server.objects.pop(f"{self.path.partition('?')[0]}/{key}", None)
        self.answer(200, b"<DeleteResult><Deleted><Key>x</Key></Deleted></DeleteResult>")

    def answer(self, status: int, body: bytes = b"") -> None:
        self.server.asked += 1
        is_signed = self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential=id/")
        if self.server.moved_to:
            self.send_response(307)
            self.send_header("Location", self.server.moved_to + self.path)
        else:
            self.send_response(501 if self.server.is_broken else status if is_signed else 403)
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", "Sat, 21 Nov 2026 00:00:00 GMT")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def at(url: str, **variables: str) -> Endpoint:
    """An operator's account at an endpoint."""
    said = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-1"}
    return read_endpoint({**said, "AWS_ENDPOINT": url, **variables})


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with Shelf() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_bucket_is_opened_without_asking_the_network() -> None:
    endpoint = at("https://s3.example.test")
    assert isinstance(Blobs.open("s3://bucket/prefix", endpoint=endpoint, egress=way_out()), Blobs)


async def test_a_bucket_keeps_its_objects_under_the_prefix_of_its_url(shelf: Shelf) -> None:
    blobs = Blobs.open("s3://bucket/prefix", endpoint=at(shelf.url), egress=way_out())
    await blobs.write("log/checkpoint", b"octets")
    assert list(shelf.objects) == ["/bucket/prefix/log/checkpoint"]
    assert await blobs.read("log/checkpoint") == b"octets"


async def test_over_the_wire_too_objects_are_named_below_a_prefix(shelf: Shelf) -> None:
    bucket = Bucket.s3("s3://bucket/below", at(shelf.url), way_out())
    for path in ("a/1", "a/b/2", "ab/3"):
        await bucket.write(path, b"")
    found = [name async for page in bucket.names("a", datetime(2027, 1, 1, tzinfo=UTC)) for name in page]
    assert sorted(found) == ["a/1", "a/b/2"]


async def test_over_the_wire_too_a_later_write_replaces_and_a_missing_object_is_none(shelf: Shelf) -> None:
    bucket = Bucket.s3("s3://bucket", at(shelf.url), way_out())
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


async def test_a_bucket_that_does_not_answer_is_unavailable_within_seconds() -> None:
    await _is_unavailable(Bucket.s3("s3://bucket", at(f"http://127.0.0.1:{free_port()}"), way_out()))


async def test_a_bucket_that_answers_with_errors_is_unavailable(shelf: Shelf) -> None:
    shelf.is_broken = True
    await _is_unavailable(Bucket.s3("s3://bucket", at(shelf.url), way_out()))


async def test_a_bucket_that_refuses_our_key_is_unavailable(shelf: Shelf) -> None:
    with pytest.raises(BlobsUnavailableError):
        await Bucket.s3("s3://bucket", at(shelf.url, AWS_ACCESS_KEY_ID="another"), way_out()).read("a")
    assert not shelf.objects


def test_a_process_that_ends_right_after_a_request_ends_well(shelf: Shelf) -> None:
    script = """
import asyncio, sys
from blobs.test_bucket import at
from gatepost.blobs.bucket import Bucket
from ways import way_out
async def main():
    bucket = Bucket.s3("s3://bucket", at(sys.argv[1]), way_out())
    await bucket.write("a", b"1")
    assert await bucket.read("b") is None
asyncio.run(main())
"""
    for _ in range(6):  # obstore's own awaitables abort every second one
        done = subprocess.run(  # noqa: S603  # our own words
            [sys.executable, "-c", script, shelf.url], check=False, timeout=30, cwd=Path(__file__).parents[1]
        )
        assert done.returncode == 0
    assert shelf.objects == {"/bucket/a": b"1"}


@pytest.fixture
def elsewhere() -> Iterator[Shelf]:
    """Another machine, which nobody declared; it gives to everybody."""
    with Shelf(host="127.0.0.2") as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def test_a_redirect_leads_nowhere(shelf: Shelf, elsewhere: Shelf) -> None:
    shelf.moved_to = elsewhere.url
    bucket = Bucket.s3("s3://bucket", at(shelf.url), way_out())
    with pytest.raises(BlobsUnavailableError):
        await bucket.read("a")
    assert (shelf.asked > 0, elsewhere.asked) == (True, 0)


async def test_a_proxy_of_the_environment_is_not_used(
    shelf: Shelf, elsewhere: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "AWS_PROXY_URL"):
        monkeypatch.setenv(name, elsewhere.url)
    bucket = Bucket.s3("s3://bucket", at(shelf.url), way_out())
    await bucket.write("a", b"1")
    assert (elsewhere.asked, list(shelf.objects)) == (0, ["/bucket/a"])


async def test_no_endpoint_of_the_environment_comes_in_place_of_the_one_in_the_register(
    shelf: Shelf, elsewhere: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"AWS_ENDPOINT_URL_S3": shelf.url, "AWS_ENDPOINT_URL": elsewhere.url, "AWS_ENDPOINT": elsewhere.url}
    for name, url in said.items():
        monkeypatch.setenv(name, url)
    egress = way_out(rows=[Destination(purpose=Purpose.BLOBS, host="127.0.0.1", port=shelf.server_port, is_clear=True)])
    await Bucket.s3("s3://bucket", at(elsewhere.url, **said), egress).write("a", b"1")
    assert (elsewhere.asked, list(shelf.objects)) == (0, ["/bucket/a"])


async def test_a_private_endpoint_is_not_visited_unless_declared(shelf: Shelf) -> None:
    egress = way_out(private=False)
    with pytest.raises(BlobsUnavailableError):
        await Bucket.s3("s3://bucket", at(shelf.url), egress).write("a", b"1")
    assert [what.rule for what in egress.take().refused] == [Rule.LOOPBACK]
    assert shelf.asked == 0


async def test_each_request_is_in_the_register(shelf: Shelf) -> None:
    egress = way_out()
    bucket = Bucket.s3("s3://bucket", at(shelf.url), egress)
    for _ in range(3):
        await bucket.write("a", b"1")
    [(what, times)] = egress.take().opened.items()
    assert (what.purpose, times.count) == (Purpose.BLOBS, 3)
