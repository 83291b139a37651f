"""What the REST door's tests play with: fakes, letters, a client, a served application."""

import asyncio
import itertools
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import httpx2
import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override

from act.hosted import pieces
from gatepost import access, decide, journey
from gatepost.act import petition
from gatepost.act.hosted import store
from gatepost.act.hosted.paper import StepState, TurnState
from gatepost.act.hosted.steps import digest_of
from gatepost.arrive.paper import Arrived, Peer
from gatepost.blobs import address_of
from gatepost.deliver.paper import CarriedOut
from gatepost.dns import Answer, RdType, Resolver, Status
from gatepost.domains.paper import Destination
from gatepost.ids import AccountId, EmailId, HoldId, KeyId, PetitionId, TenantId, ThreadId, TurnId, token
from gatepost.journey import House
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope
from gatepost.record.publish import Sequencer
from gatepost.reply.paper import Said, Voice

START = datetime(2026, 11, 21, 8, tzinfo=UTC)


class FakeClock:
    """Stands still until told otherwise."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


_draws = itertools.count(1)


def entropy(octets: int) -> bytes:
    """Return octets that no other call of this run got: the suite's tenants share a database."""
    return next(_draws).to_bytes(8, "big").rjust(octets, b"\x5a")[-octets:]


class Zone(Resolver):
    """DNS from a dict: every domain lets 192.0.2.1 send its mail."""

    @override
    async def query(self, name: str, rdtype: RdType) -> Answer:
        if rdtype is RdType.TXT and name.count(".") == 1:
            return Answer(Status.OK, ("v=spf1 ip4:192.0.2.1 -all",), 60)
        return Answer(Status.NXDOMAIN)


@dataclass(slots=True)
class Tenancy:
    """One tenant with one mailbox, and its keys by role."""

    tenant: TenantId
    account: AccountId
    address: Address
    keys: dict[access.Role, str] = field(default_factory=dict)
    key_ids: dict[access.Role, KeyId] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        return self.keys[access.Role.OWNER]

    @property
    def agent(self) -> str:
        return self.keys[access.Role.AGENT]


POLICY: dict[str, object] = {
    "defaultAction": "bounce",
    "senders": [
        {"match": {"address": "boss@boss.test"}, "capabilities": ["read_calendar", "propose_meeting"]},
        {"match": {"domain": "busy.test"}, "capabilities": [], "rateLimit": {"perHour": 1}},
        {"match": {"domain": "costly.test"}, "capabilities": [], "tokenBudget": {"perDay": 100}},
        {"match": {"domain": "loose.test", "assurance": "none"}, "capabilities": []},
    ],
    "contentGuards": [{"reject": "(?i)ignore previous instructions", "reason": "prompt_injection_suspected"}],
    "auditLog": {"retentionDays": 30, "includeBodyHash": True},
}


async def write(
    house: House,
    to: Tenancy,
    author: str = "boss@boss.test",
    *,
    peer: str = "192.0.2.1",
    text: str = "Shall we meet on Tuesday?",
    subject: str = "Tuesday",
    head: str = "",
) -> CarriedOut:
    """Let one message arrive from ``peer``; only 192.0.2.1 may speak for any domain."""
    email = EmailId(token("em", house.entropy(10)))
    raw = (
        f"From: {author}\r\nTo: {to.address}\r\nSubject: {subject}\r\nMessage-ID: <{email}@boss.test>\r\n"
        f"Date: Sat, 21 Nov 2026 08:00:00 +0000\r\n{head}\r\n{text}\r\n"
    ).encode()
    arrived = Arrived.by_smtp(
        email=email,
        destination=Destination(to.tenant, to.account),
        envelope=Envelope(Address.parse(author), (to.address,)),
        peer=Peer(ip_address(peer), "mx.sender.test", None),
        raw=raw,
        blob=address_of(raw),
        received_at=house.clock(),
    )
    return await journey.receive(arrived, house)


async def held(house: House, of: Tenancy, parent: EmailId, text: str = "Tuesday suits.") -> HoldId:
    """Let the sandboxed agent answer; what it says waits."""
    async with house.db.transaction(of.tenant) as tx:
        await access.set_sandboxed(tx, of.account, is_sandboxed=True)
    said = Said(
        tenant=of.tenant,
        account=of.account,
        submitter=of.key_ids[access.Role.AGENT],
        parent=parent,
        voice=Voice.REPLY,
        text=text,
    )
    sent = await journey.answer(said, house)
    assert sent.hold is not None
    return sent.hold


async def petitioned(house: House, of: Tenancy) -> PetitionId:
    """Let the agent propose that somebody may write."""
    async with house.db.transaction(of.tenant) as tx:
        made = await petition.make(
            tx,
            of.account,
            petition.Kind.SENDER,
            sender=Address.parse("bob@customer.test"),
            why="He asks.",
            proposer=of.key_ids[access.Role.AGENT],
            email=None,
            at=house.clock(),
            entropy=house.entropy,
        )
    return made.id


async def set_policy(house: House, of: Tenancy, document: dict[str, object]) -> None:
    async with house.db.transaction(of.tenant) as tx:
        await decide.put_policy(tx, of.account, document, at=house.clock(), actor=of.key_ids[access.Role.OWNER])


async def held_call(house: House, of: Tenancy, email: EmailId, thread: ThreadId) -> tuple[TurnId, str]:
    """Let a turn of a hosted agent wait for a person; return it, and the digest of its call."""
    turn = replace(
        pieces.TURN,
        id=TurnId(token("tu", house.entropy(10))),
        tenant=of.tenant,
        account=of.account,
        email=email,
        thread=thread,
        state=TurnState.HELD,
    )
    step = replace(pieces.step(1, 1, StepState.HELD), at=house.clock())
    async with house.db.transaction(of.tenant) as tx:
        await store.insert_turn(tx, turn)
        await store.put_step(tx, turn, step)
    return turn.id, digest_of(step)


async def sequence(house: House, of: Tenancy) -> None:
    """Give every entry of the tenant its place in the log, and publish it."""
    origin = f"{house.hostname}/log"
    sequencer = Sequencer(house.db, house.blobs, house.blobs, house.keyring, house.clock, house.entropy, origin)
    await sequencer.sequence(of.tenant)


async def leaves(house: House, of: Tenancy) -> list[dict[str, object]]:
    async with house.db.transaction(of.tenant) as tx:
        rows = await tx.all("select leaf from entry where tenant = %(tenant)s order by id")
    return [json.loads(bytes(row.leaf)) for row in rows]


def calls(app: ASGIApp, key: str | None) -> httpx2.AsyncClient:
    """Return a client of the application itself, without a socket."""
    headers = {} if key is None else {b"Authorization": f"Bearer {key}".encode("latin-1")}
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://house", headers=headers)


class _Server(uvicorn.Server):
    @contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Serve on a free loopback port while the context lasts; yield the URL."""
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none")
    server = _Server(config)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve([sock]))
            try:
                yield f"http://127.0.0.1:{sock.getsockname()[1]}"
            finally:
                server.should_exit = True
