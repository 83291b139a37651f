"""Who really sent one arrival: read its header, ask DNS together, judge. Steps are numbered as they run."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import NamedTuple, TypeVar

from gatepost.arrive.paper import Arrived
from gatepost.dns.paper import Answer, RdType, Resolver
from gatepost.mail import fields
from gatepost.mail.fields import Header
from gatepost.verify import arc, author, dkim, dmarc, host, spf, tree_walk
from gatepost.verify.answers import Answers, UnansweredError
from gatepost.verify.author import Author
from gatepost.verify.dmarc import Alignment, Discovery
from gatepost.verify.host import Host
from gatepost.verify.paper import ArcVerdict, DkimVerdict, DmarcVerdict, Result, SpfVerdict
from gatepost.verify.signed_data import Body
from gatepost.verify.stages import Stages, in_stages, on_octets

T = TypeVar("T")

NO_DMARC = DmarcVerdict(Result.NONE, "")


class Authenticated(NamedTuple):
    """Every verdict about who sent a message, and what they stand on.

    Attributes:
        header: the message's.
        author: the one RFC 5322 From address, or why there is none.
        host: SPF for both names of the client, and its reverse name.
        dkim: one verdict a signature, in header order.
        chain: the ARC sets; ``arc`` is how the chain ended.
        alignment: which of the proven domains stand for the author's.
        is_unsettled: a DNS failure hides whether any does.
    """

    header: Header
    author: Author
    host: Host
    dkim: tuple[DkimVerdict, ...]
    dmarc: DmarcVerdict
    chain: arc.Chain
    arc: ArcVerdict
    alignment: Alignment
    is_unsettled: bool


class _Asked(NamedTuple):
    """What DNS says that does not depend on any signature."""

    host: Host
    keys: dict[str, Answer]
    seal_keys: dict[str, Answer]
    discovery: Discovery | None


async def authenticate(arrived: Arrived, resolver: Resolver) -> Authenticated:
    """Say who sent one arrival, and nothing of what it says: SPF twice, iprev, DKIM, ARC and DMARC; total."""
    found, _ = await authenticate_beside(arrived, resolver, _nothing)
    return found


def _nothing(*_: object) -> Stages[None]:
    """Read nothing else."""
    yield from ()


async def authenticate_beside(
    arrived: Arrived,
    resolver: Resolver,
    beside: Callable[[bytes, Header, Body], Stages[T]],
    enter: Callable[[], Awaitable[None]] | None = None,
) -> tuple[Authenticated, T]:
    """Say who sent one arrival, and what ``beside``, which is pure, makes of its octets: they are looked at once.

    ``enter`` is awaited before, once DNS was asked: there may have to be room for what is made of them.
    """
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
    # (3) Compare hashes and signatures.
    if enter is not None:
        await enter()
    signed = _Signed(header, claims, chain, asked, domain, arrived.received_at)
    signatures, sealed, besides = await in_stages(raw, header, _see, signed, beside)
    # (4) Compare the proven domains with the author's.
    try:
        alignment, verdict = _judge_author(known, asked, signatures)
    except UnansweredError:
        alignment, verdict = await known.settle(partial(_judge_author, known, asked, signatures))
    # (5) Say what that proves, and whether DNS kept something from us.
    is_unsettled = not alignment.holds and _is_unsettled(domain, signatures, asked.host.spf, alignment)
    marked = _with_alignment(signatures, alignment)
    return Authenticated(header, found, asked.host, marked, verdict, chain, sealed, alignment, is_unsettled), besides


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
        names += {
            sender for sender in (host.identity_of(arrived)[2], host.greeting_of(arrived)) if spf.is_domain(sender)
        }
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


def _see(
    raw: bytes, signed: _Signed, beside: Callable[[bytes, Header, Body], Stages[T]]
) -> Stages[tuple[tuple[DkimVerdict, ...], ArcVerdict, T]]:
    """Look at the whole message once: the work that grows with it; pure."""
    header = signed.header
    body = Body(raw, header.body_start)
    besides = yield from beside(raw, header, body)
    yield
    return (
        dkim.judge(header, body, signed.claims, signed.asked.keys, signed.at, signed.author_domain),
        arc.judge(header, body, signed.chain, signed.asked.seal_keys, signed.at, signed.author_domain),
        besides,
    )


def _judge_author(known: Answers, asked: _Asked, signatures: tuple[DkimVerdict, ...]) -> tuple[Alignment, DmarcVerdict]:
    """Align what was proven with the author domain, and give the DMARC verdict."""
    if asked.discovery is None:
        return Alignment(), NO_DMARC
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
