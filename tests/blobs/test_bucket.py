"""What the suite of both stores (``test_blobs``) cannot see. A wire that answers as S3 does is not tested here."""

import asyncio

import pytest

from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.blobs.bucket import Bucket


def test_a_bucket_is_opened_without_asking_the_network() -> None:
    assert isinstance(Blobs.open("s3://bucket/prefix"), Blobs)


@pytest.fixture
async def nobody(unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> Blobs:
    """A bucket whose endpoint nobody listens on."""
    monkeypatch.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{unused_tcp_port}")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    return Blobs(Bucket.s3("s3://bucket"))


async def test_a_bucket_that_does_not_answer_is_unavailable_within_seconds(nobody: Blobs) -> None:
    async with asyncio.timeout(10):
        with pytest.raises(BlobsUnavailableError):
            await nobody.write("a", b"")
        with pytest.raises(BlobsUnavailableError):
            await nobody.read("a")
        with pytest.raises(BlobsUnavailableError):
            await nobody.remove("a")
