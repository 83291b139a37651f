import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from gatepost.egress import (
    Egress,
    EgressRefusedError,
    Errand,
    HttpAnswer,
    Purpose,
    Rule,
    UnreachableError,
    post,
    read_url,
    seconds_asked,
)
from gatepost.ids import TenantId
from outbound import Receiver, http_receiver
from talkers import talking
from ways import NOW, way_out

HOOK = Errand(Purpose.WEBHOOK, "wh_x", TenantId("tn_one"))


async def send(
    url: str, egress: Egress | None = None, *, trust: ssl.SSLContext | None = None, timeout_s: float = 5
) -> HttpAnswer:
    return await post(
        egress or way_out(), HOOK, url, b"{}", {}, timeout_s=timeout_s, answer_max_octets=100, trust=trust
    )


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
        "0",
        "0.0.0.0",  # noqa: S104  # an address to refuse, not to bind
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[fe80::1%25lo]",
        "[fe80::1]",
        "localhost",
        "LOCALHOST.",
        "169.254.169.254",
        "metadata.example",
        "rebound.example",
        "\u24dbocalhost",
        "\uff11\uff12\uff17.0.0.1",  # digits of full width
        "127\u30020\u30020\u30021",
        "foo@127.0.0.1",
        "1.1.1.1@127.0.0.1",
        "127.0.0.1#@1.1.1.1",
        "127.0.0.1\\@1.1.1.1",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_spelling_of_a_url_leads_inside(scheme: str, host: str) -> None:
    names = {"metadata.example": ["169.254.169.254"], "rebound.example": ["127.0.0.1", "::1", "10.0.0.1"]}
    egress = way_out(private=False, names=names)
    async with http_receiver() as receiver:
        port = receiver.url.rpartition(":")[2]
        with pytest.raises((EgressRefusedError, UnreachableError)):
            await send(f"{scheme}://{host}:{port}", egress)
    assert receiver.requests == []
    assert not egress.take().opened


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/", "//a.example", "http:///x", "http://u:p@a.example", "http://a:0/", "https://a:99999/", "x"],
)
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        read_url(url)


@pytest.mark.parametrize(
    "host",
    [
        "exa mple.com",
        "%31%32%37.0.0.1",
        "a" * 64 + ".example",
        "example..com",
        "-x.example",
        "2130706433",
        "127.1",
        "0x7f.1",
        "0x7f.0x1",
        "127.0.0.1.",
    ],
)
def test_a_host_that_no_name_server_and_no_machine_has_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match=r"host must be|cannot be read"):
        read_url(f"https://{host}/")


@pytest.mark.parametrize(
    "host",
    ["example.com", "example.com.", "db", "my_minio", "xn--bcher-kva.example", "bücher.example", "[::1]", "1e.de"],
)
def test_a_host_that_somebody_may_have_is_read(host: str) -> None:
    assert read_url(f"https://{host}/").scheme == "https"


async def test_an_answer_is_read_no_further_than_asked() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)
        await writer.drain()

    async with talking(serve) as port:
        answer = await send(f"http://127.0.0.1:{port}/")
    assert answer == HttpAnswer(200, b"x" * 100)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer(status: int) -> None:
    async with http_receiver() as inside, http_receiver(f"{status} Moved\r\nLocation: {inside.url}") as receiver:
        assert (await send(receiver.url)).status_code == status
    assert inside.requests == []


async def test_a_slow_receiver_ends_in_time() -> None:
    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with talking(serve) as port:
        with pytest.raises(TimeoutError):
            await send(f"http://127.0.0.1:{port}/", timeout_s=0.2)


async def test_each_address_is_tried_until_one_answers() -> None:
    async with http_receiver() as receiver:
        port = receiver.url.rpartition(":")[2].removesuffix("/hook")
        egress = way_out(names={"hook.example": ["10.0.0.1", "127.0.0.9", "127.0.0.1"]})
        assert (await send(f"http://hook.example:{port}/", egress)).status_code == 200
    [(headers, _)] = receiver.requests
    assert headers["host"] == f"hook.example:{port}"
    assert [what.rule for what in egress.take().refused] == [Rule.PRIVATE]


async def test_beyond_loopback_it_must_be_https() -> None:
    egress = way_out(names={"hook.example": ["1.1.1.1"]})
    with pytest.raises(EgressRefusedError) as refusal:
        await send("http://hook.example/", egress)
    assert refusal.value.rule is Rule.CLEAR
    assert [what.rule for what in egress.take().refused] == [Rule.CLEAR]


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's context under that name, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    alternative: x509.GeneralName = x509.DNSName(name)
    if name[0].isdigit():
        alternative = x509.IPAddress(ip_address(name))
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=3650))
        .not_valid_after(NOW + timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / f"{name}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(private + made.public_bytes(Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cadata=made.public_bytes(Encoding.PEM).decode())


async def https_status(tls: ssl.SSLContext, trust: ssl.SSLContext | None) -> int:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()

    egress = way_out(names={"hook.example": ["127.0.0.1"]})
    async with talking(serve, tls=tls) as port:
        return (await send(f"https://hook.example:{port}/", egress, trust=trust)).status_code


async def test_a_certificate_is_checked_against_the_name_and_not_the_address(tmp_path: Path) -> None:
    tls, trust = certificate(tmp_path, "hook.example")
    assert await https_status(tls, trust) == 200
    other, other_trust = certificate(tmp_path, "other.example")
    with pytest.raises(UnreachableError):
        await https_status(other, other_trust)
    by_address, address_trust = certificate(tmp_path, "127.0.0.1")
    with pytest.raises(UnreachableError):
        await https_status(by_address, address_trust)
    with pytest.raises(UnreachableError):
        await https_status(tls, None)


async def test_tls_before_1_2_is_not_spoken(tmp_path: Path) -> None:
    tls, _ = certificate(tmp_path, "hook.example")
    tls.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        tls.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(UnreachableError):
        await https_status(tls, None)


@pytest.fixture
def black_hole() -> Iterator[int]:
    """A port of 127.0.0.2 whose queue of connections is full: who knocks hears nothing."""
    with ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.2", 0), backlog=0))
        for _ in range(4):
            caller = stack.enter_context(socket.socket())
            caller.settimeout(0)
            with suppress(BlockingIOError):
                caller.connect(full.getsockname())
        yield int(full.getsockname()[1])


async def test_an_address_that_swallows_packets_leaves_time_for_the_next_one(black_hole: int) -> None:
    receiver = Receiver(["200 OK"])
    async with talking(receiver.serve, "127.0.0.1", black_hole):
        egress = way_out(names={"hook.example": ["127.0.0.2", "127.0.0.1"]})
        answer = await send(f"http://hook.example:{black_hole}/", egress, timeout_s=1.5)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("-7", 0),
        ("7.5", 0),
        ("9" * 4000, 999_999),
        (format_datetime(NOW + timedelta(minutes=2), usegmt=True), 120),
        (format_datetime(NOW - timedelta(minutes=2), usegmt=True), 0),
        ("Friday, 20-Nov-26 12:02:00 GMT", 120),
        ("Sun, 06 Nov 2094 08:49:37", 999_999),
        ("Fri, 31 Feb 2026 12:00:00 GMT", 0),
        ("Fri, 20 Nov 99999999999 12:00:00 +9999", 0),
        ("soon", 0),
        ("", 0),
        ("\u0667", 0),
    ],
)
def test_the_wait_a_receiver_asks_for_is_seconds_or_a_date(asked: str, seconds: int) -> None:
    assert seconds_asked(asked, NOW) == seconds


@given(st.text(max_size=64))
def test_whatever_a_receiver_asks_for_is_a_wait(asked: str) -> None:
    assert 0 <= seconds_asked(asked, NOW) < 10**6
