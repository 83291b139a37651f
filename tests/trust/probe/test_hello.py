import asyncio
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.trust.bench import Bench
from gatepost.trust.controls import server
from gatepost.trust.probe.client import ProbeError, Prober
from gatepost.trust.probe.hello import (
    RANDOM_OCTETS,
    WEAK,
    Answer,
    Heard,
    Version,
    client_hello,
    offers,
    read_answer,
    record_octets,
)

CHANCE = bytes(range(RANDOM_OCTETS))


def prober(bench: Bench) -> Prober:
    return Prober(bench.egress, bench.entropy, timeout_s=5)


def test_a_hello_offers_one_version() -> None:
    for version in Version:
        hello = client_hello(version, "mail.example.org", CHANCE, offers(version)[0])
        assert hello[0] == 22
        assert record_octets(hello[:5]) == len(hello) - 5
        assert hello[9:11] == min(version.number, 0x0303).to_bytes(2, "big")
        assert (b"mail.example.org" in hello) is (version is not Version.SSL_3_0)
        assert (b"\x00\x2b\x00\x03\x02\x03\x04" in hello) is (version is Version.TLS_1_3)


def test_an_address_has_no_name_to_indicate() -> None:
    assert b"\x00\x00\x00" not in client_hello(Version.TLS_1_2, "", b"\x01" * RANDOM_OCTETS, WEAK)[44:]


@pytest.mark.parametrize("version", [Version.TLS_1_2, Version.TLS_1_3])
async def test_openssl_answers_our_hello_for_what_it_speaks(bench: Bench, version: Version) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*server.certificate(bench.folder, bench.clock(), 100))
    async with server.listening(server.hang_up, context) as port:
        assert await prober(bench).offer(server.HOST, port, version, starttls=False) == Heard(Answer.ACCEPTED, version)
        for old in (Version.SSL_3_0, Version.TLS_1_0, Version.TLS_1_1):
            heard = await prober(bench).offer(server.HOST, port, old, starttls=False)
            assert heard.answer is Answer.REFUSED


@pytest.mark.parametrize("version", [Version.TLS_1_0, Version.TLS_1_1])
async def test_a_real_listener_of_old_tls_is_seen(bench: Bench, version: Version) -> None:
    async with server.listening(server.hang_up, server.lax(bench.folder, bench.clock())) as port:
        assert (await prober(bench).offer(server.HOST, port, version, starttls=False)).answer is Answer.ACCEPTED


@pytest.mark.parametrize("suite", ["CAMELLIA256-SHA", "AECDH-AES256-SHA", "NULL-SHA"])
async def test_an_old_version_is_seen_under_whatever_suite(bench: Bench, suite: str) -> None:
    context = server.lax(bench.folder, bench.clock())
    context.set_ciphers(f"{suite}:ECDHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0")
    has_it = any(suite == each["name"] for each in context.get_ciphers())
    async with server.listening(server.hang_up, context) as port:
        heard = await prober(bench).offer(server.HOST, port, Version.TLS_1_0, starttls=False)
    assert heard.answer is (Answer.ACCEPTED if has_it else Answer.REFUSED)


async def test_a_warning_before_the_hello_is_no_refusal(bench: Bench) -> None:
    warning = b"\x15\x03\x01\x00\x02\x01\x70"  # unrecognized_name
    async with server.listening(server.speak_only(b"\x03\x01", b"\x00\x2f", warning)) as port:
        heard = await prober(bench).offer(server.HOST, port, Version.TLS_1_0, starttls=False)
    assert heard == Heard(Answer.ACCEPTED, Version.TLS_1_0)


async def test_who_takes_no_long_hello_is_asked_with_a_short_one(bench: Bench) -> None:
    talk = server.speak_only(b"\x03\x01", b"\x00\x2f")

    async def impatient(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readexactly(5)
        length = int.from_bytes(head[3:], "big")
        if length < 512:
            body = await reader.readexactly(length)
            again = asyncio.StreamReader()
            again.feed_data(head + body)
            again.feed_eof()
            await talk(again, writer)

    async with server.listening(impatient) as port:
        heard = await prober(bench).offer(server.HOST, port, Version.TLS_1_0, starttls=False)
    assert heard == Heard(Answer.ACCEPTED, Version.TLS_1_0)


def test_what_is_said_of_a_name_or_an_identity_is_no_word_on_the_version() -> None:
    said = {alert: read_answer(21, bytes([2, alert]), Version.TLS_1_0) for alert in (40, 70, 112, 115)}
    assert [said[alert].answer for alert in (40, 70)] == [Answer.REFUSED] * 2
    assert [said[alert].answer for alert in (112, 115)] == [Answer.UNCLEAR] * 2
    assert (said[40].is_about_the_version, said[70].is_about_the_version) == (False, True)


def test_nobody_is_asked_to_fall_back() -> None:
    assert all(0x5600 not in suites for version in Version for suites in offers(version))
    assert {0x0041, 0x0084, 0x0096, 0x0002, 0x003A, 0x008C, 0xC006} <= set(offers(Version.TLS_1_0)[0])


async def test_ssl_3_is_seen(bench: Bench) -> None:
    async with server.listening(server.speak_ssl3) as port:
        heard = await prober(bench).offer(server.HOST, port, Version.SSL_3_0, starttls=False)
        assert heard == Heard(Answer.ACCEPTED, Version.SSL_3_0)
        assert (await prober(bench).offer(server.HOST, port, Version.TLS_1_2, starttls=False)).answer is Answer.REFUSED


async def test_who_speaks_no_tls_says_nothing_about_versions(bench: Bench) -> None:
    async with server.listening(server.smtp(auth=False)) as port:
        heard = await prober(bench).offer(server.HOST, port, Version.TLS_1_2, starttls=False)
        assert heard == Heard(Answer.UNCLEAR)


async def test_nobody_there_is_no_answer(bench: Bench) -> None:
    async with server.listening(server.hang_up) as port:
        pass
    with pytest.raises(ProbeError):
        await prober(bench).offer(server.HOST, port, Version.TLS_1_2, starttls=False)


async def test_the_register_decides_who_may_be_probed(bench: Bench) -> None:
    with pytest.raises(ProbeError, match="undeclared"):
        await prober(bench).fetch("elsewhere.invalid", 443, "/", tls=True)


async def test_a_server_that_says_nothing_is_waited_for_only_so_long(bench: Bench) -> None:
    async def sleep(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with server.listening(sleep) as port:
        with pytest.raises(ProbeError, match="in time"):
            await Prober(bench.egress, bench.entropy, timeout_s=0.2).fetch(server.HOST, port, "/", tls=False)


@given(st.binary(max_size=80), st.sampled_from(Version), st.integers(0, 255))
def test_whatever_a_server_says_is_only_told(body: bytes, offered: Version, kind: int) -> None:
    heard = read_answer(kind, body, offered)
    assert heard.answer in Answer
    assert heard.answer is not Answer.ACCEPTED or heard.version is offered
    record_octets(body)


async def test_pages_are_fetched_and_bounded(bench: Bench) -> None:
    async with server.listening(server.http({"/one": ("text/plain", b"x" * 70_000)})) as port:
        got = await prober(bench).fetch(server.HOST, port, "/one", tls=False)
        assert (got.status, got.content_type, len(got.body)) == (200, "text/plain", 70_000)
        assert (await prober(bench).fetch(server.HOST, port, "/two", tls=False)).status == 404
