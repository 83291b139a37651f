"""The whole verification of one arrival: read once, ask DNS together, judge. Steps are numbered as they run."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

from gatepost.arrive.paper import Arrived, Direction
from gatepost.dns.paper import Answer, Resolver
from gatepost.mail import fields
from gatepost.mail.fields import Header
from gatepost.mail.octets import Octets
from gatepost.verify import arc, attached, author, content, dkim, dmarc, injection, spf
from gatepost.verify.attached import TextReader
from gatepost.verify.dmarc import Alignment, Discovery
from gatepost.verify.paper import (
    ArcVerdict,
    Content,
    DkimVerdict,
    DmarcVerdict,
    Evidence,
    Injection,
    Result,
    SpfVerdict,
    Verified,
)
from gatepost.verify.scan import NO_WATCH, Watch
from gatepost.verify.signed_data import Body
from gatepost.verify.spf_macro import Context

T = TypeVar("T")
P = ParamSpec("P")

DEADLINE_S = 20.0
"""For everything DNS is asked about one message (RFC 7208 section 4.6.4 asks for at least 20 s)."""
INLINE_OCTETS = 65_536
"""Larger messages are hashed and parsed in a thread, so that others are not kept waiting."""
RECEIVER = "unknown"
"""The SPF ``r`` macro: our own name is nobody's business (RFC 7208 section 7.3 allows it)."""

_NO_SPF = SpfVerdict(Result.NONE, "", "mailfrom")
_NO_HELO = SpfVerdict(Result.NONE, "", "helo")
_NO_DMARC = DmarcVerdict(Result.NONE, "")


async def check(
    arrived: Arrived, resolver: Resolver, reader: TextReader | None = None, watch: Watch = NO_WATCH
) -> Verified:
    """Gather the evidence about one arrival; total. Attached files are read where there is a ``reader``."""
    own = arrived.direction is Direction.OUTBOUND
    evidence = await _check_own(arrived, watch) if own else await _check_stranger(arrived, resolver, watch)
    if reader is not None and attached.has_files(evidence.content.reading):
        files = await _on(arrived.raw, attached.cut, evidence.content.reading)
        whole = await attached.read(evidence.content, files, reader)
        signs = await asyncio.to_thread(injection.examine, whole, canaries=watch.canaries)
        evidence = replace(evidence, content=whole, injection=signs)
    scans = await watch.scan(arrived.raw, evidence.content)
    return Verified(arrived, replace(evidence, scans=scans) if scans else evidence)


async def _check_own(arrived: Arrived, watch: Watch) -> Evidence:
    """Write the evidence for mail an authenticated key submitted: nothing is left to prove (RFC 8601 section 2.7.4)."""
    header = await _on(arrived.raw, fields.split)
    found = author.find(header)
    read, signs = await _on(arrived.raw, _read, header, watch.canaries)
    return Evidence(
        author=found.address,
        author_problem=found.problem,
        spf=_NO_SPF,
        helo=_NO_HELO,
        dkim=(),
        dmarc=_NO_DMARC,
        arc=ArcVerdict(Result.NONE),
        is_aligned=False,
        is_unsettled=False,
        content=read,
        injection=signs,
        auth=arrived.submitter is not None,
    )


async def _check_stranger(arrived: Arrived, resolver: Resolver, watch: Watch) -> Evidence:
    raw = arrived.raw
    until = asyncio.get_running_loop().time() + DEADLINE_S
    # (1) Read the header: who claims to have written, signed and sealed it.
    header = await _on(raw, fields.split)
    found = author.find(header)
    domain = found.address.domain if found.address is not None else None
    claims = dkim.read(header)
    chain = arc.read(header)
    # (2) Ask DNS for everything at once. A large message stays on disk meanwhile: a stranger may make this last.
    async with asyncio.TaskGroup() as group:
        senders = group.create_task(_within(until, _check_spf(arrived, resolver), _unanswered_spf(arrived)))
        keys = group.create_task(_within(until, dkim.fetch_keys(resolver, claims), {}))
        seal_keys = group.create_task(_within(until, arc.fetch_keys(resolver, chain), {}))
        policy = group.create_task(_within(until, _discover(resolver, domain), None))
    spf_verdict, helo = senders.result()
    # (3) Read the content, compare hashes and signatures.
    signed = _Signed(header, claims, keys.result(), chain, seal_keys.result(), domain, watch.canaries)
    seen = await _on(raw, _see, signed, arrived.received_at, is_on_disk=not isinstance(raw, bytes))
    signatures, sealed, read = seen.signatures, seen.sealed, seen.content
    # (4) Compare the proven domains with the author's.
    discovery = policy.result()
    alignment, verdict = await _judge_author(resolver, until, domain, discovery, signatures, spf_verdict)
    # (5) Say what that proves, and whether DNS kept something from us.
    is_aligned = alignment.holds
    if not _is_reply_to_proven(alignment, signatures, chain, sealed):
        read = replace(read, reply_to=())
    return Evidence(
        author=found.address,
        author_problem=found.problem,
        spf=spf_verdict,
        helo=helo,
        dkim=tuple(replace(one, is_aligned=_is_proof(one) and one.domain in alignment.dkim) for one in signatures),
        dmarc=verdict,
        arc=sealed,
        is_aligned=is_aligned,
        is_unsettled=not is_aligned and _is_unsettled(domain, signatures, spf_verdict, alignment),
        content=read,
        injection=seen.injection,
        body_sha256=seen.body_sha256,
    )


@dataclass(frozen=True, slots=True)
class _Signed:
    """Who signed and sealed a message, and what DNS said about it."""

    header: Header
    claims: tuple[dkim.Claim, ...]
    keys: dict[str, Answer]
    chain: arc.Chain
    seal_keys: dict[str, Answer]
    author_domain: str | None
    canaries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What only the whole message can tell."""

    content: Content
    injection: Injection
    signatures: tuple[DkimVerdict, ...]
    sealed: ArcVerdict
    body_sha256: str


def _see(raw: bytes, signed: _Signed, at: datetime, *, is_on_disk: bool) -> _Seen:
    """Look at the whole message once; pure."""
    header = signed.header
    read, signs = _read(raw, header, signed.canaries)
    body = Body(raw[header.body_start :])
    return _Seen(
        read,
        signs,
        dkim.judge(header, body, signed.claims, signed.keys, at),
        arc.judge(header, body, signed.chain, signed.seal_keys, at, signed.author_domain),
        fields.body_sha256(raw) if is_on_disk else "",
    )


def _read(raw: bytes, header: Header, canaries: tuple[str, ...]) -> tuple[Content, Injection]:
    """Read what the message says, and whom it seems to say it to; pure."""
    read = content.read(raw, header)
    return read, injection.examine(read, canaries=canaries)


async def _within(until: float, work: Awaitable[T], otherwise: T) -> T:
    try:
        async with asyncio.timeout_at(until):
            return await work
    except TimeoutError:
        return otherwise


async def _on(raw: Octets, work: Callable[Concatenate[bytes, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run pure work on a message: here, or in a thread where it is large. One on disk is in memory for that only."""
    if not isinstance(raw, bytes):
        async with raw.opened() as octets:
            return await asyncio.to_thread(work, octets, *args, **kwargs)
    if len(raw) <= INLINE_OCTETS:
        return work(raw, *args, **kwargs)
    return await asyncio.to_thread(work, raw, *args, **kwargs)


def _sender(arrived: Arrived) -> tuple[str, str, str]:
    """Return the identity SPF speaks of: its name, local part and domain.

    Under the null reverse-path that is ``postmaster`` at the HELO name (RFC 7208 section 2.4).
    """
    mail_from = arrived.envelope.mail_from
    if mail_from is not None:
        return "mailfrom", mail_from.local, mail_from.domain
    return "helo", "postmaster", arrived.peer.helo if arrived.peer is not None else ""


def _unanswered_spf(arrived: Arrived) -> tuple[SpfVerdict, SpfVerdict]:
    identity, _, domain = _sender(arrived)
    helo = arrived.peer.helo if arrived.peer is not None else ""
    return SpfVerdict(Result.TEMPERROR, domain, identity), SpfVerdict(Result.TEMPERROR, helo, "helo")


async def _check_spf(arrived: Arrived, resolver: Resolver) -> tuple[SpfVerdict, SpfVerdict]:
    """Check MAIL FROM and HELO, each on its own (RFC 7208 sections 2.3 and 2.4)."""
    if arrived.peer is None:
        return _NO_SPF, _NO_HELO
    identity, local, domain = _sender(arrived)
    helo = arrived.peer.helo
    greeted = Context(arrived.peer.address, helo, "postmaster", helo, helo, RECEIVER, arrived.received_at)
    if identity == "helo":
        verdict = await spf.check(resolver, greeted, identity="helo")
        return verdict, verdict
    sent = replace(greeted, domain=domain, local=local, sender_domain=domain)
    return await asyncio.gather(
        spf.check(resolver, sent, identity="mailfrom"), spf.check(resolver, greeted, identity="helo")
    )


async def _discover(resolver: Resolver, domain: str | None) -> Discovery | None:
    return await dmarc.discover(resolver, domain) if domain is not None else None


async def _judge_author(
    resolver: Resolver,
    until: float,
    domain: str | None,
    discovery: Discovery | None,
    signatures: tuple[DkimVerdict, ...],
    sender: SpfVerdict,
) -> tuple[Alignment, DmarcVerdict]:
    """Align what was proven with the author domain, and give the DMARC verdict."""
    if domain is None:
        return Alignment(), _NO_DMARC
    failed = Alignment(is_unsettled=True)
    if discovery is None:
        return failed, DmarcVerdict(Result.TEMPERROR, domain)
    spf_domain = sender.domain.lower().removesuffix(".") if sender.result is Result.PASS else None
    proven = {one.domain for one in signatures if _is_proof(one)}
    alignment = await _within(
        until, dmarc.align(resolver, discovery, dkim_domains=proven, spf_domain=spf_domain), failed
    )
    return alignment, dmarc.judge(discovery, alignment)


def _is_proof(verdict: DkimVerdict) -> bool:
    """Tell whether a signature speaks for the whole message.

    deviation: RFC 6376 section 3.5 lets l= cover a part of the body; what anybody may append to proves no author. Nor
    does what anybody may put a second Subject on (section 8.15).
    """
    return verdict.result is Result.PASS and verdict.unsigned_octets == 0 and not verdict.unsigned_twin


def _is_reply_to_proven(
    alignment: Alignment, signatures: tuple[DkimVerdict, ...], chain: arc.Chain, sealed: ArcVerdict
) -> bool:
    """Tell whether Reply-To is the author's own, or the newest sealer's where only a seal can prove the author.

    Few signers name it in h= where there is none, so whoever replays a signed mail may add one: the answer would go to
    another mailbox of a large organisation, such as a mail provider. Anybody can seal, so a seal adds nothing to a
    signature; where there is nothing else, ``decide`` asks whether the sealer is trusted.
    """
    if not alignment.holds:
        return sealed.result is Result.PASS and b"reply-to" in chain.sets[-1].message.signed
    return alignment.spf or any(
        one.signs_reply_to and _is_proof(one) and one.domain in alignment.dkim for one in signatures
    )


def _is_unsettled(
    domain: str | None, signatures: tuple[DkimVerdict, ...], sender: SpfVerdict, alignment: Alignment
) -> bool:
    """Tell whether a DNS failure may hide an alignment: some unanswered domain could stand for the author's."""
    if domain is None:
        return False
    unanswered = [one.domain for one in signatures if one.result is Result.TEMPERROR]
    if sender.result is Result.TEMPERROR:
        unanswered.append(sender.domain)
    return alignment.is_unsettled or any(dmarc.may_align(one.lower(), domain) for one in unanswered)
