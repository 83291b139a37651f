import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address

import dkim as dkimpy
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from typing_extensions import override

from gatepost.arrive.paper import Arrived, Door
from gatepost.dns import CachingResolver
from gatepost.ids import AccountId, BlobId, EmailId, KeyId, TenantId
from gatepost.mail import fields
from gatepost.mail.address import Address
from gatepost.verify import check, content, dkim, injection
from gatepost.verify.paper import Result
from gatepost.verify.room import Place, Room
from gatepost.verify.stages import INLINE_OCTETS
from hostile_dns import answer, serving
from verify import arrivals
from verify.arrivals import NOW, PEER, PLAIN, arrival, keys, sign
from ways import dns_client
from zones import Zone, ZoneResolver

DMARC = {"_dmarc.corp.example": {"TXT": ["v=DMARC1; p=reject"]}}
SPF = {"corp.example": {"TXT": [f"v=spf1 ip4:{PEER} -all"]}}


async def test_a_signed_mail_of_a_domain_with_dmarc_is_proven() -> None:
    evidence = (await check(arrival(sign(PLAIN)), ZoneResolver({**keys(), **DMARC, **SPF}))).evidence
    assert str(evidence.author) == "boss@corp.example"
    assert [one.result for one in evidence.dkim] == [Result.PASS]
    assert evidence.dkim[0].is_aligned
    assert evidence.dkim[0].key_bits == 2048
    assert evidence.spf.result is Result.PASS
    assert evidence.dmarc.result is Result.PASS
    assert evidence.dmarc.policy == "reject"
    assert evidence.is_aligned
    assert not evidence.is_unsettled
    assert not evidence.auth


async def test_alignment_needs_no_dmarc_record() -> None:
    evidence = (
        await check(arrival(sign(PLAIN, domain="mail.corp.example")), ZoneResolver(keys("mail.corp.example")))
    ).evidence
    assert evidence.dmarc.result is Result.NONE
    assert evidence.is_aligned


async def test_a_strict_domain_is_not_proven_by_its_subdomain() -> None:
    zone = {**keys("mail.corp.example"), "_dmarc.corp.example": {"TXT": ["v=DMARC1; p=reject; adkim=s"]}}
    evidence = (await check(arrival(sign(PLAIN, domain="mail.corp.example")), ZoneResolver(zone))).evidence
    assert evidence.dkim_result is Result.PASS
    assert evidence.dmarc.result is Result.FAIL
    assert not evidence.is_aligned


async def test_a_signature_of_another_domain_proves_nothing_about_the_author() -> None:
    zone = {**keys("evil.example"), **DMARC}
    mail = arrival(sign(PLAIN, domain="evil.example"), mail_from="x@evil.example")
    evidence = (await check(mail, ZoneResolver(zone))).evidence
    assert evidence.dkim_result is Result.PASS
    assert not evidence.dkim[0].is_aligned
    assert not evidence.is_aligned
    assert not evidence.is_unsettled


async def test_a_changed_body_breaks_the_signature() -> None:
    raw = sign(PLAIN).replace(b"numbers", b"millions")
    evidence = (await check(arrival(raw), ZoneResolver({**keys(), **DMARC}))).evidence
    assert evidence.dkim_result is Result.FAIL
    assert "body" in evidence.dkim[0].reason
    assert not evidence.is_aligned


async def test_two_from_fields_are_no_author_and_no_proof() -> None:
    raw = b"From: other@corp.example\r\n" + sign(PLAIN)
    evidence = (await check(arrival(raw), ZoneResolver({**keys(), **DMARC, **SPF}))).evidence
    assert evidence.author is None
    assert evidence.author_problem == "author.ambiguous"
    assert not evidence.is_aligned
    assert not evidence.is_unsettled


async def test_an_l_tag_that_leaves_the_body_open_passes_but_proves_no_author() -> None:
    raw = sign(PLAIN, length=True) + b"Wire the money.\r\n"
    evidence = (await check(arrival(raw), ZoneResolver({**keys(), **DMARC}))).evidence
    assert evidence.dkim[0].result is Result.PASS
    assert evidence.dkim[0].unsigned_octets > 0
    assert not evidence.dkim[0].is_aligned
    assert not evidence.is_aligned


@pytest.mark.parametrize(
    "added",
    [
        b"Subject: Wire the money\r\n",
        b"SUBJECT : Wire the money\r\n",
        b"Message-ID: <other@corp.example>\r\n",
        b'Content-Type: text/html\r\nContent-Type: multipart/mixed; boundary="x"\r\n',
    ],
)
async def test_a_second_field_that_is_not_signed_passes_but_proves_no_author(added: bytes) -> None:
    evidence = (await check(arrival(added + sign(PLAIN)), ZoneResolver({**keys(), **DMARC}))).evidence
    assert evidence.dkim_result is Result.PASS
    assert evidence.dkim[0].unsigned_twin
    assert not evidence.is_aligned
    assert evidence.dmarc.result is Result.FAIL


ASKED = PLAIN.replace(b"Subject:", b"Reply-To: ann@corp.example\r\nSubject:")


@pytest.mark.parametrize(
    ("raw", "zone", "is_kept"),
    [
        (sign(ASKED), DMARC, True),
        (b"Reply-To: eve@corp.example\r\n" + sign(PLAIN), DMARC, False),
        (ASKED, {**DMARC, **SPF}, True),
        (ASKED, DMARC, False),
    ],
)
async def test_a_reply_to_counts_only_where_the_author_is_proven_to_have_asked(
    raw: bytes,
    zone: Zone,
    is_kept: bool,  # noqa: FBT001  # parametrised
) -> None:
    evidence = (await check(arrival(raw), ZoneResolver({**keys(), **zone}))).evidence
    assert bool(evidence.content.reply_to) is is_kept


@pytest.mark.parametrize(("raw", "is_kept"), [(ASKED, True), (b"Reply-To: eve@corp.example\r\n" + sign(PLAIN), False)])
async def test_a_seal_vouches_for_a_reply_to_only_where_nothing_else_proves_the_author(
    raw: bytes,
    is_kept: bool,  # noqa: FBT001  # parametrised
) -> None:
    noted = b"Authentication-Results: hop.example; dmarc=pass header.from=corp.example\r\n" + raw
    sealed = b"".join(dkimpy.arc_sign(noted, b"rsa", b"hop.example", arrivals.RSA_PEM, b"hop.example")) + noted
    zone = {**keys(), **keys("hop.example")}
    evidence = (await check(arrival(sealed, mail_from="x@other.example"), ZoneResolver(zone))).evidence
    assert evidence.arc.result is Result.PASS
    assert bool(evidence.content.reply_to) is is_kept


@pytest.mark.parametrize("broken", ["rsa._domainkey.corp.example", "_dmarc.corp.example"])
async def test_a_dns_failure_that_may_hide_alignment_is_unsettled(broken: str) -> None:
    zone: Zone = {**keys("corp.example"), **DMARC, broken: {"FAIL": []}}
    raw = sign(PLAIN) if broken.startswith("rsa") else sign(PLAIN, domain="corp.example")
    evidence = (await check(arrival(raw, mail_from="x@other.example"), ZoneResolver(zone))).evidence
    if broken.startswith("rsa"):
        assert evidence.is_unsettled
        assert evidence.dkim_result is Result.TEMPERROR
    else:  # the signer is the author's very domain: no policy could undo that
        assert evidence.is_aligned
        assert not evidence.is_unsettled


async def test_a_dns_failure_of_a_foreign_domain_settles_nothing_less() -> None:
    zone: Zone = {"rsa._domainkey.list.example": {"FAIL": []}, **DMARC}
    raw = sign(PLAIN, domain="list.example")
    evidence = (await check(arrival(raw, mail_from="x@list.example"), ZoneResolver(zone))).evidence
    assert evidence.dkim_result is Result.TEMPERROR
    assert not evidence.is_unsettled


async def test_an_spf_failure_of_the_authors_domain_is_unsettled() -> None:
    evidence = (await check(arrival(PLAIN), ZoneResolver({"corp.example": {"FAIL": []}}))).evidence
    assert evidence.spf.result is Result.TEMPERROR
    assert evidence.is_unsettled


async def test_the_null_reverse_path_is_checked_by_its_helo() -> None:
    zone = {"mail.corp.example": {"TXT": [f"v=spf1 ip4:{PEER} -all"]}}
    evidence = (await check(arrival(PLAIN, mail_from=None), ZoneResolver(zone))).evidence
    assert evidence.spf.identity == "helo"
    assert evidence.spf.result is Result.PASS
    assert evidence.is_aligned  # relaxed: mail.corp.example stands for corp.example


async def test_what_an_authenticated_key_submits_is_not_asked_about() -> None:
    resolver = ZoneResolver({})
    author = Address.parse("agent@house.example")
    arrived = Arrived.by_submission(
        email=EmailId("em_1"), tenant=TenantId("tn_1"), account=AccountId(1), author=author,
        recipient=Address.parse("boss@corp.example"), is_notice=False, submitter=KeyId("ky_1"),
        in_reply_to=EmailId("em_0"), identity="x", raw=b"From: agent@house.example\r\n\r\nhi\r\n",
        blob=BlobId("0"), received_at=NOW,
    )  # fmt: skip
    evidence = (await check(arrived, resolver)).evidence
    assert evidence.auth
    assert evidence.author == author
    assert evidence.spf.result is Result.NONE
    assert evidence.dkim == ()
    assert evidence.content.reading.human == "hi\n"
    assert resolver.asked == []


def published(question: dns.message.Message, is_tcp: bool) -> list[bytes]:  # noqa: FBT001  # the server's own signature
    """Serve the test zone for real: long keys do not fit into UDP and come over TCP."""
    zone: Zone = {**keys(), **DMARC, **SPF}
    name = question.question[0].name.to_text(omit_final_dot=True).lower()
    texts = zone.get(name, {}).get("TXT", [])
    if not texts or question.question[0].rdtype != dns.rdatatype.TXT:
        return [answer(question, rcode=dns.rcode.NOERROR if name in zone else dns.rcode.NXDOMAIN).to_wire()]
    chunks = " ".join(f'"{texts[0][at : at + 200]}"' for at in range(0, len(texts[0]), 200))
    response = answer(question, f"{name}. 60 TXT {chunks}")
    if len(texts[0]) > 300 and not is_tcp:
        response = answer(question)
        response.flags |= dns.flags.TC
    return [response.to_wire()]


async def test_the_whole_check_runs_over_real_udp_and_tcp() -> None:
    mail = arrival(sign(PLAIN))
    async with serving(published) as server, CachingResolver(dns_client(server.address), lambda: NOW) as resolver:
        first = (await check(mail, resolver)).evidence
        asked = len(server.asked)
        again = (await check(mail, resolver)).evidence
    assert first.is_aligned
    assert first.dmarc.result is Result.PASS
    assert first.spf.result is Result.PASS
    assert ("rsa._domainkey.corp.example", "TXT", True) in server.asked
    assert again == first
    assert len(server.asked) == asked  # the second mail asks nothing


async def test_an_outage_proves_nothing_and_is_unsettled() -> None:
    async with (
        serving(lambda _question, _is_tcp: []) as server,
        CachingResolver(dns_client(server.address), lambda: NOW, deadline_s=0.3) as resolver,
    ):
        evidence = (await check(arrival(sign(PLAIN)), resolver)).evidence
    assert not evidence.is_aligned
    assert evidence.is_unsettled
    assert evidence.spf.result is Result.TEMPERROR
    assert evidence.dkim_result is Result.TEMPERROR
    assert evidence.dmarc.result is Result.TEMPERROR


class Drawer:
    """A message elsewhere, as large ones are; it remembers how often it was looked at."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.looks = 0

    def __len__(self) -> int:
        return len(self.raw)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[bytes]:
        self.looks += 1
        yield self.raw


@pytest.mark.parametrize(
    "raw", [sign(PLAIN), PLAIN, b"", b"no message at all"], ids=["signed", "plain", "empty", "none"]
)
async def test_a_message_on_disk_is_judged_as_one_in_memory(raw: bytes) -> None:
    resolver = ZoneResolver({**keys(), **DMARC, **SPF})
    drawer = Drawer(raw)
    inside = (await check(arrival(raw), resolver)).evidence
    outside = (await check(structs.replace(arrival(raw), raw=drawer), resolver)).evidence
    assert outside == inside
    assert inside.body_sha256 == fields.body_sha256(raw)
    assert drawer.looks == 2, "once for the header, once for all the rest"


MUTABLE = sign(
    PLAIN.replace(
        b"\r\n\r\n",
        b"\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n"
        b"ARC-Seal: i=1; a=rsa-sha256; d=x.example; s=s; cv=none; b=aaaa\r\n"
        b"ARC-Message-Signature: i=1; a=rsa-sha256; d=x.example; s=s; h=from; bh=aaaa; b=aaaa\r\n"
        b"ARC-Authentication-Results: i=1; x.example; dmarc=pass header.from=corp.example\r\n\r\n"
        b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\naGk=\r\n"
        b"--b\r\nContent-Type: text/html\r\n\r\n<p style='display:none'>x</p>y\r\n--b--\r\n",
        1,
    )
)


PIECES = (b"\r\n", b"\x00", b"(", b'"', b"<", b";", b"=", b"\xff", b"From: a@b.example\r\n")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.integers(0, len(MUTABLE)),
    gone=st.integers(0, 40),
    put=st.binary(max_size=30)
    | st.sampled_from([b"\r\n", b"\x00", b"(", b'"', b"<", b";", b"=", b"\xff", b"From: a@b.example\r\n"]),
)
async def test_no_mutation_of_a_mail_raises(at: int, gone: int, put: bytes) -> None:
    raw = MUTABLE[:at] + put + MUTABLE[at + gone :]
    evidence = (await check(arrival(raw), ZoneResolver({**keys(), **DMARC}))).evidence
    # Still aligned, then the mutation touched nothing that is signed. A header dkimpy refuses to read is marked.
    if evidence.is_aligned and not fields.split(raw).is_malformed and raw.endswith(b"\r\n"):
        assert dkimpy.verify(raw, dnsfunc=lambda *_args, **_kw: arrivals.RSA_RECORD.encode())


@settings(max_examples=200)
@given(raw=st.binary(max_size=400), address=st.ip_addresses(), helo=st.text(max_size=60))
async def test_no_octets_raise(raw: bytes, address: object, helo: str) -> None:
    mail = arrival(raw, helo=helo, address=str(ip_address(str(address))))
    evidence = (await check(mail, ZoneResolver(DMARC))).evidence
    assert not evidence.is_aligned


async def test_mails_that_come_together_are_read_together_then_examined_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []

    def noting(name: str, does: Callable[..., object]) -> Callable[..., object]:
        def noted(*args: object, **named: object) -> object:
            seen.append(name)
            return does(*args, **named)

        return noted

    for module, name in ((content, "read"), (injection, "examine"), (dkim, "judge")):
        monkeypatch.setattr(module, name, noting(name, getattr(module, name)))
    await asyncio.gather(*(check(arrival(raw), ZoneResolver({})) for raw in (PLAIN, sign(PLAIN), b"")))
    assert seen == ["read"] * 3 + ["examine"] * 3 + ["judge"] * 3


class _Witness(Place):
    """A place for one large message that remembers what DNS had been asked by the time it was taken."""

    def __init__(self, resolver: ZoneResolver) -> None:
        super().__init__(Room(), INLINE_OCTETS)
        self.taken: list[int] = []
        self._resolver = resolver

    @override
    async def take(self) -> None:
        self.taken.append(len(self._resolver.asked))
        await super().take()


async def test_dns_is_asked_before_a_message_takes_the_place_that_others_wait_for() -> None:
    resolver = ZoneResolver({**keys(), **DMARC, **SPF})
    with _Witness(resolver) as place:
        assert (await check(arrival(sign(PLAIN)), resolver, place=place)).evidence.is_aligned
    assert place.taken == [len(resolver.asked)]
    assert resolver.asked


async def test_an_own_message_takes_its_place_too() -> None:
    resolver = ZoneResolver({})
    with _Witness(resolver) as place:
        await check(structs.replace(arrival(PLAIN), door=Door.HOUSE), resolver, place=place)
    assert place.taken == [0]
