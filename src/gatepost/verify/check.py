"""The whole evidence about one arrival: who really sent it, and what it says; its octets are looked at once."""

from dataclasses import replace
from functools import partial
from typing import NamedTuple

from gatepost.arrive.paper import Arrived, Direction, Door
from gatepost.dns.paper import Resolver
from gatepost.mail import fields
from gatepost.mail.fields import Header
from gatepost.mail.own_ids import NO_IDS, OwnIds
from gatepost.verify import (
    attached,
    author,
    automail,
    content,
    dkim,
    injection,
    tongue,
)
from gatepost.verify.attached import TextReader
from gatepost.verify.authenticate import NO_DMARC, Authenticated, authenticate_beside
from gatepost.verify.host import NOBODY
from gatepost.verify.paper import (
    ArcVerdict,
    AutoMail,
    Content,
    Evidence,
    Injection,
    Result,
    Verified,
)
from gatepost.verify.room import Place
from gatepost.verify.scan import NO_WATCH, Watch
from gatepost.verify.signed_data import Body
from gatepost.verify.stages import Stages, aside_for, in_stages, on_octets


async def check(
    arrived: Arrived,
    resolver: Resolver,
    reader: TextReader | None = None,
    watch: Watch = NO_WATCH,
    *,
    own_ids: OwnIds = NO_IDS,
    place: Place | None = None,
) -> Verified:
    """Gather the evidence about one arrival; total.

    Attached files are read where there is a ``reader``; ``own_ids`` recognises the Message-IDs we wrote. A
    ``place`` is taken before the message is read as a whole.
    """
    own = arrived.direction is Direction.OUTBOUND or arrived.door is Door.HOUSE
    evidence = (
        await _check_own(arrived, watch, own_ids, place)
        if own
        else await _check_stranger(arrived, resolver, watch, own_ids, place)
    )
    if reader is not None and attached.has_files(evidence.content.reading):
        files = await on_octets(arrived.raw, attached.cut, evidence.content.reading)
        whole = await attached.read(evidence.content, files, reader)
        texts = sum(len(each.text) for each in whole.reading.attachments)
        aside = aside_for(max(texts, len(arrived.raw)))
        signs = await aside.run(injection.examine, whole, canaries=watch.canaries)
        evidence = replace(evidence, content=whole, injection=signs)
    scans = await watch.scan(arrived.raw, evidence.content)
    return Verified(arrived, replace(evidence, scans=scans) if scans else evidence)


async def _check_own(arrived: Arrived, watch: Watch, own_ids: OwnIds, place: Place | None) -> Evidence:
    """Write the evidence for mail an authenticated key submitted, or the house itself wrote.

    Nothing is left to prove (RFC 8601 section 2.7.4).
    """
    header = await on_octets(arrived.raw, fields.split)
    found = author.find(header)
    if place is not None:
        await place.take()
    seen = await in_stages(arrived.raw, header, _see_own, header, canaries=watch.canaries)
    read = seen.content
    return Evidence(
        author=found.address,
        author_problem=found.problem,
        spf=NOBODY.spf,
        helo=NOBODY.helo,
        iprev=NOBODY.iprev,
        dkim=(),
        dmarc=NO_DMARC,
        arc=ArcVerdict(Result.NONE),
        is_aligned=False,
        is_unsettled=False,
        content=read,
        language=tongue.of(read.reading.human),
        injection=seen.injection,
        body_sha256=seen.body_sha256,
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


class _Seen(NamedTuple):
    """What only the whole message can tell."""

    content: Content
    injection: Injection
    body_sha256: str


async def _check_stranger(
    arrived: Arrived, resolver: Resolver, watch: Watch, own_ids: OwnIds, place: Place | None
) -> Evidence:
    see = partial(_see, canaries=watch.canaries)
    enter = None if place is None else place.take
    found, seen = await authenticate_beside(arrived, resolver, see, enter)
    read = seen.content
    if read.reply_to and not _is_reply_to_proven(found):
        read = replace(read, reply_to=())
    return Evidence(
        author=found.author.address,
        author_problem=found.author.problem,
        spf=found.host.spf,
        helo=found.host.helo,
        iprev=found.host.iprev,
        dkim=found.dkim,
        dmarc=found.dmarc,
        arc=found.arc,
        is_aligned=found.alignment.holds,
        is_unsettled=found.is_unsettled,
        content=read,
        language=tongue.of(read.reading.human),
        injection=seen.injection,
        body_sha256=seen.body_sha256,
        auto=_auto(arrived, found.header, read, own_ids),
    )


def _see(raw: bytes, header: Header, body: Body, *, canaries: tuple[str, ...]) -> Stages[_Seen]:
    """Look at the whole message once: what it says, and whom it seems to say it to; pure."""
    read = content.read(raw, header)
    yield
    return _Seen(read, injection.examine(read, canaries=canaries), body.sha256.hex())


def _see_own(raw: bytes, header: Header, *, canaries: tuple[str, ...]) -> Stages[_Seen]:
    return _see(raw, header, Body(raw, header.body_start), canaries=canaries)


def _is_reply_to_proven(found: Authenticated) -> bool:
    """Tell whether Reply-To is the author's own, or the newest sealer's where only a seal can prove the author.

    Few signers name it in h= where there is none, so whoever replays a signed mail may add one: the answer would go to
    another mailbox of a large organisation, such as a mail provider. Anybody can seal, so a seal adds nothing to a
    signature; where there is nothing else, ``decide`` asks whether the sealer is trusted.
    """
    alignment = found.alignment
    if not alignment.holds:
        return found.arc.result is Result.PASS and b"reply-to" in found.chain.sets[-1].message.signed
    return alignment.spf or any(
        one.signs_reply_to and dkim.is_proof(one) and one.domain in alignment.dkim for one in found.dkim
    )
