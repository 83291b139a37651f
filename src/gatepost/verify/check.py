"""The whole verification of one arrival: read once, ask DNS together, judge. Steps are numbered as they run."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

from gatepost.arrive.paper import Arrived, Direction, Door
from gatepost.dns.paper import Answer, RdType, Resolver
from gatepost.mail import fields
from gatepost.mail.fields import Header
from gatepost.mail.octets import Octets
from gatepost.mail.own_ids import NO_IDS, OwnIds
from gatepost.verify import (
    arc,
    attached,
    author,
    automail,
    content,
    dkim,
    dmarc,
    host,
    injection,
    spf,
    tongue,
    tree_walk,
)
from gatepost.verify.answers import Answers, UnansweredError
from gatepost.verify.attached import TextReader
from gatepost.verify.dmarc import Alignment, Discovery
from gatepost.verify.host import NOBODY, Host
from gatepost.verify.paper import (
    ArcVerdict,
    AutoMail,
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

T = TypeVar("T")
P = ParamSpec("P")

INLINE_OCTETS = 65_536
"""Larger messages are hashed and parsed in a thread, so that others are not kept waiting."""

_NO_DMARC = DmarcVerdict(Result.NONE, "")


async def check(
    arrived: Arrived,
    resolver: Resolver,
    reader: TextReader | None = None,
    watch: Watch = NO_WATCH,
    *,
    own_ids: OwnIds = NO_IDS,
) -> Verified:
    """Gather the evidence about one arrival; total.

    Attached files are read where there is a ``reader``; ``own_ids`` recognises the Message-IDs we wrote.
    """
    own = arrived.direction is Direction.OUTBOUND or arrived.door is Door.HOUSE
    evidence = (
        await _check_own(arrived, watch, own_ids) if own else await _check_stranger(arrived, resolver, watch, own_ids)
    )
    if reader is not None and attached.has_files(evidence.content.reading):
        files = await on_octets(arrived.raw, attached.cut, evidence.content.reading)
        whole = await attached.read(evidence.content, files, reader)
        signs = await asyncio.to_thread(injection.examine, whole, canaries=watch.canaries)
        evidence = replace(evidence, content=whole, injection=signs)
    scans = await watch.scan(arrived.raw, evidence.content)
    return Verified(arrived, replace(evidence, scans=scans) if scans else evidence)


async def _check_own(arrived: Arrived, watch: Watch, own_ids: OwnIds) -> Evidence:
    """Write the evidence for mail an authenticated key submitted, or the house itself wrote.

    Nothing is left to prove (RFC 8601 section 2.7.4).
    """
    header = await on_octets(arrived.raw, fields.split)
    found = author.find(header)
    read, signs = await on_octets(arrived.raw, _read, header, watch.canaries)
    return Evidence(
        author=found.address,
        author_problem=found.problem,
        spf=NOBODY.spf,
        helo=NOBODY.helo,
        iprev=NOBODY.iprev,
        dkim=(),
        dmarc=_NO_DMARC,
        arc=ArcVerdict(Result.NONE),
        is_aligned=False,
        is_unsettled=False,
        content=read,
        language=tongue.of(read.reading.human),
        injection=signs,
        auth=arrived.submitter is not None or arrived.door is Door.HOUSE,
        auto=_auto(arrived, header, read, own_ids),
    )


def _auto(arrived: Arrived, header: Header, read: Content, own_ids: OwnIds) -> AutoMail:
    return automail.read(
        header,
        is_null_sender=arrived.envelope.mail_from is None,
        message_id=read.message_id,
        references=read.references,
        own_ids=own_ids,
    )


class _Asked(NamedTuple):
    """What DNS says that does not depend on any signature."""

    host: Host
    keys: dict[str, Answer]
    seal_keys: dict[str, Answer]
    discovery: Discovery | None


async def _check_stranger(arrived: Arrived, resolver: Resolver, watch: Watch, own_ids: OwnIds) -> Evidence:
    raw = arrived.raw
    # (1) Read the header: who claims to have written, signed and sealed it.
    header = await on_octets(raw, fields.split)
    found = author.find(header)
    domain = found.address.domain if found.address is not None else None
    claims = dkim.read(header)
    chain = arc.read(header)
    # (2) Ask DNS, for everything at once where it must be asked; a large message stays on disk meanwhile.
    known = Answers(resolver)
    ask = partial(_ask, known, arrived, claims, chain, domain)
    try:
        asked = ask()
    except UnansweredError:
        asked = await known.settle(ask, foresee=partial(_foresee, known, arrived, claims, chain, domain))
    # (3) Compare hashes and signatures, and read the content.
    signed = _Signed(header, claims, chain, asked, domain, arrived.received_at)
    seen = await on_octets(raw, _see, signed, watch.canaries, is_on_disk=not isinstance(raw, bytes))
    signatures, sealed, read = seen.signatures, seen.sealed, seen.content
    # (4) Compare the proven domains with the author's.
    try:
        alignment, verdict = _judge_author(known, asked, signatures)
    except UnansweredError:
        alignment, verdict = await known.settle(partial(_judge_author, known, asked, signatures))
    # (5) Say what that proves, and whether DNS kept something from us.
    is_aligned = alignment.holds
    if read.reply_to and not _is_reply_to_proven(alignment, signatures, chain, sealed):
        read = replace(read, reply_to=())
    return Evidence(
        author=found.address,
        author_problem=found.problem,
        spf=asked.host.spf,
        helo=asked.host.helo,
        iprev=asked.host.iprev,
        dkim=_with_alignment(signatures, alignment),
        dmarc=verdict,
        arc=sealed,
        is_aligned=is_aligned,
        is_unsettled=not is_aligned and _is_unsettled(domain, signatures, asked.host.spf, alignment),
        content=read,
        language=tongue.of(read.reading.human),
        injection=seen.injection,
        body_sha256=seen.body_sha256,
        auto=_auto(arrived, header, read, own_ids),
    )


async def on_octets(raw: Octets, work: Callable[Concatenate[bytes, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run pure work on a message: here, or in a thread where it is large. One on disk is in memory for that only."""
    if not isinstance(raw, bytes):
        async with raw.opened() as octets:
            return await asyncio.to_thread(work, octets, *args, **kwargs)
    if len(raw) <= INLINE_OCTETS:
        return work(raw, *args, **kwargs)
    return await asyncio.to_thread(work, raw, *args, **kwargs)


def _ask(
    known: Answers, arrived: Arrived, claims: tuple[dkim.Claim, ...], chain: arc.Chain, domain: str | None
) -> _Asked:
    """Read what DNS says about everybody who claims something."""
    return _Asked(
        host=host.check(known, arrived),
        keys=dkim.keys_of(known, claims),
        seal_keys=arc.keys_of(known, chain),
        discovery=dmarc.discover(known, domain) if domain is not None else None,
    )


def _foresee(
    known: Answers, arrived: Arrived, claims: tuple[dkim.Claim, ...], chain: arc.Chain, domain: str | None
) -> None:
    """Name what every check begins with, so that whoever is asked first, all are asked together."""
    names = dkim.key_names(claims) + arc.key_names(chain)
    if domain is not None:
        names += tree_walk.record_names(domain)
    if arrived.peer is not None:
        names += {sender for sender in (host.identity_of(arrived)[2], arrived.peer.helo) if spf.is_domain(sender)}
        known.want(arrived.peer.address.reverse_pointer, RdType.PTR)
    for name in names:
        known.want(name, RdType.TXT)


class _Signed(NamedTuple):
    """Who signed and sealed a message, and what DNS said about it."""

    header: Header
    claims: tuple[dkim.Claim, ...]
    chain: arc.Chain
    asked: _Asked
    author_domain: str | None
    at: datetime


class _Seen(NamedTuple):
    """What only the whole message can tell."""

    content: Content
    injection: Injection
    signatures: tuple[DkimVerdict, ...]
    sealed: ArcVerdict
    body_sha256: str


def _see(raw: bytes, signed: _Signed, canaries: tuple[str, ...], *, is_on_disk: bool) -> _Seen:
    """Look at the whole message once: the work that grows with it; pure."""
    header = signed.header
    read, signs = _read(raw, header, canaries)
    body = Body(raw[header.body_start :])
    return _Seen(
        read,
        signs,
        dkim.judge(header, body, signed.claims, signed.asked.keys, signed.at, signed.author_domain),
        arc.judge(header, body, signed.chain, signed.asked.seal_keys, signed.at, signed.author_domain),
        fields.body_sha256(raw) if is_on_disk else "",
    )


def _read(raw: bytes, header: Header, canaries: tuple[str, ...]) -> tuple[Content, Injection]:
    """Read what the message says, and whom it seems to say it to; pure."""
    read = content.read(raw, header)
    return read, injection.examine(read, canaries=canaries)


def _judge_author(known: Answers, asked: _Asked, signatures: tuple[DkimVerdict, ...]) -> tuple[Alignment, DmarcVerdict]:
    """Align what was proven with the author domain, and give the DMARC verdict."""
    if asked.discovery is None:
        return Alignment(), _NO_DMARC
    spf_domain = asked.host.spf.domain.lower().removesuffix(".") if asked.host.spf.result is Result.PASS else None
    proven = {one.domain for one in signatures if dkim.is_proof(one)}
    alignment = dmarc.align(known, asked.discovery, dkim_domains=proven, spf_domain=spf_domain)
    return alignment, dmarc.judge(asked.discovery, alignment)


def _with_alignment(signatures: tuple[DkimVerdict, ...], alignment: Alignment) -> tuple[DkimVerdict, ...]:
    """Mark what proves the author's domain, where that was not plain at once."""
    marked = [
        one.as_aligned() if not one.is_aligned and one.domain in alignment.dkim and dkim.is_proof(one) else one
        for one in signatures
    ]
    return tuple(marked)


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
        one.signs_reply_to and dkim.is_proof(one) and one.domain in alignment.dkim for one in signatures
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
