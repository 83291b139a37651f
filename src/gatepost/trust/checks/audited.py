"""Every mail and its entry: what the door answered, what was verified, what a model cost, and none without an entry."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import ip_address
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from typing_extensions import override

from gatepost import access, domains, journey, mailbox, record
from gatepost.arrive.paper import Arrived, Peer
from gatepost.deliver.sign import sign
from gatepost.dns.paper import Answer, RdType, Resolver, Status
from gatepost.domains.paper import SigningKey
from gatepost.ids import BlobId, EmailId, email_id, token
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope
from gatepost.record.paper import Json
from gatepost.record.search import Sought, page
from gatepost.trust import agent_canary
from gatepost.trust.checks.agents import KIND, take_turn
from gatepost.trust.checks.mail import Canary, Postbox, answered, gate, postbox_of, taken
from gatepost.trust.paper import CannotVerifyError, Finding, Outcome, failed, passed
from gatepost.trust.probe.mail import FRIEND, GREETING, Letter
from gatepost.trust.probe.server import model
from gatepost.trust.world import World

PROVEN, FORGED = "proven.canary.invalid", "forged.canary.invalid"
_SELECTOR, _PEER = "canary", "127.0.0.1"
TRUTHS: Mapping[str, str] = {PROVEN: "pass", FORGED: "fail"}
"""What SPF, DKIM and DMARC say of each kind, under names that nobody has (RFC 6761) and that only we answer for."""
METHODS = ("spf", "dkim", "dmarc")
READ, WRITTEN = 41, 7
"""Tokens that the model counts which a canary's turn is led to."""
LATEST = 1_000
WAIT_S, _POLL_S, _ROWS_MAX = 20.0, 0.25, 1_000

Leaf = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Where mail is decided on.

    Attributes:
        box: where canaries are handed in by SMTP.
        verified: from a domain of ``TRUTHS`` to the entry of a mail whose proofs are in that state; None for none.
        metered: lets a model answer one mail; returns that mail's entries.
        kept: how many of the newest mails there are, and how many of these a decision speaks of.
    """

    box: Postbox
    verified: Callable[[str], Awaitable[Leaf | None]]
    metered: Callable[[], Awaitable[list[Leaf]]]
    kept: Callable[[], Awaitable[tuple[int, int]]]


async def house_gate(world: World, arguments: Mapping[str, str]) -> Gate:
    """Return the house's own."""
    box = await gate(world, arguments)
    return Gate(
        box=box,
        verified=partial(_verified, world, box),
        metered=partial(_metered, world),
        kept=partial(kept_and_decided, world),
    )


async def complete(target: Gate) -> Finding:
    """See that each answer of the door has its entry, that entries say what is so, and that no mail is without one.

    The door's canaries come by SMTP. Proofs cannot be had for names that nobody has: those mails take the road of
    all mail from behind the door on, with a resolver that knows their names. The model is one of our own.
    """
    finding = await answered(target.box)
    if finding.outcome is not Outcome.PASS:
        return finding
    wrong = await _misjudged(target) or await _miscounted(target)
    if wrong is not None:
        return wrong
    kept, decided = await target.kept()
    if kept != decided:
        return failed("mail.unlogged", kept - decided, "mails")
    value: dict[str, Json] = {"answers": finding.value, "kept_and_decided": kept, "tokens": READ + WRITTEN}
    return passed({**value, "verdicts": {method: [*TRUTHS.values()] for method in METHODS}})


async def _misjudged(target: Gate) -> Finding | None:
    """Return what an entry says of a mail's proofs that is not so; None where all is right."""
    for kind, truth in TRUTHS.items():
        leaf = await target.verified(kind)
        if leaf is None:
            return failed("entry.missing", kind)
        said = {method: leaf["decision"].get(method) for method in METHODS}
        if set(said.values()) != {truth}:
            return failed("verdict.differs", {"kind": kind, **said})
    return None


async def _miscounted(target: Gate) -> Finding | None:
    """Return what the entries of a turn lack; None where tokens and end stand there."""
    leaves = await target.metered()
    tokens = sum(leaf["tokens"] or 0 for leaf in leaves)
    if tokens != READ + WRITTEN:
        return failed("tokens.differ", tokens, "tokens")
    is_over = any(leaf["action"].startswith("turn.") for leaf in leaves)
    return None if is_over else failed("turn.unlogged")


@dataclass(frozen=True, slots=True)
class _Zone(Resolver):
    """Knows two names, one of which has signed; of all else it knows that there is nothing."""

    public: bytes

    @override
    async def query(self, name: str, rdtype: RdType) -> Answer:
        key = f"v=DKIM1; k=ed25519; p={base64.b64encode(self.public).decode()}"
        texts = {
            PROVEN: f"v=spf1 ip4:{_PEER} -all",
            FORGED: "v=spf1 -all",
            **{f"_dmarc.{name}": "v=DMARC1; p=reject" for name in TRUTHS},
            **{f"{_SELECTOR}._domainkey.{name}": key for name in TRUTHS},
        }
        text = texts.get(name.lower().removesuffix(".")) if rdtype is RdType.TXT else None
        return Answer(Status.OK, (text,), 60) if text else Answer(Status.NXDOMAIN)


async def _verified(world: World, box: Postbox, domain: str) -> Leaf | None:
    """Send a mail from one of our names on its way from behind the door, and return its entry."""
    house, to = world.house, Address.parse(box.recipient)
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    author = f"canary@{domain}"
    letter = Letter(
        mail_from=author, author=author, to=str(to), message_id=f"{token('cy', house.entropy(20))}@canary.invalid"
    )
    raw = sign(letter.text, [SigningKey(domain, _SELECTOR, "ed25519-sha256", secret)], at=house.clock())
    if TRUTHS[domain] == "fail":
        raw += b"What nobody signed.\r\n"
    destination = await domains.route(house.db, to)
    if destination is None:
        raise CannotVerifyError("canary.missing")
    now = house.clock()
    arrived = Arrived.by_smtp(
        email=email_id(now, house.entropy(10)),
        destination=destination,
        envelope=Envelope(Address.parse(author), (to,)),
        peer=Peer(ip_address(_PEER), GREETING, None),
        raw=raw,
        blob=BlobId(hashlib.sha256(raw).hexdigest()),
        received_at=now,
    )
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    await journey.receive(arrived, replace(house, dns=_Zone(public)))
    found = await _leaves(world, arrived.email, "message.decided")
    return found[0] if found else None


async def _metered(world: World) -> list[Leaf]:
    """Let the canaries' agent answer a mail by a model of ours, while its tenant has agents on for a moment."""
    canary, house = world.canary, world.house
    if canary is None or not canary.agent:
        raise CannotVerifyError("canary.missing")
    kinds = {KIND: Canary(FRIEND, is_automatic=False)}  # a machine's mail takes no turn at all
    async with agent_canary.alone(house.db):
        # Taken before agents are on for its tenant, so that nobody else is promised a turn.
        email = await taken(await postbox_of(world, canary.agent, kinds), KIND)
        if email is None:
            raise CannotVerifyError("entry.missing")
        async with model(READ, WRITTEN) as endpoint, agent_canary.switched_on(house, canary.tenant):
            await take_turn(house, canary.tenant, email, endpoint.port)
    return await _leaves(world, email, "turn.")


async def _leaves(world: World, email: EmailId, awaited: str) -> list[Leaf]:
    """Return a canary's entries, oldest first, once one of the awaited kind can be found; what there is if none can."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WAIT_S
    while True:
        async with world.house.db.transaction(world.canary.tenant if world.canary else None) as tx:
            found = await page(tx, Sought(facts={"message": email}), limit=_ROWS_MAX)
        leaves = sorted((row.found.leaf for row in found.rows), key=lambda leaf: str(leaf["ts"]))
        if loop.time() > deadline or any(leaf["action"].startswith(awaited) for leaf in leaves):
            return leaves
        await asyncio.sleep(_POLL_S)


async def kept_and_decided(world: World) -> tuple[int, int]:
    """Count the newest mails of each tenant, and the decisions on them."""
    kept = decided = 0
    for tenant in await access.list_tenants(world.house.db):
        async with world.house.db.transaction(tenant.id) as tx:
            emails = await mailbox.latest(tx, limit=LATEST)
        kept += len(emails)
        decided += len(await record.fates(world.house.db, tenant.id, emails))
    return kept, decided
