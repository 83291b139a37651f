"""A house with one tenant, its domain, an agent's account, and a boss whose SPF record proves who writes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from msgspec import structs

from act.scene import telling, told_all, until
from gatepost import access, act, decide, deliver, domains, journey, mailbox
from gatepost.arrive.paper import Arrived, Peer
from gatepost.blobs import address_of
from gatepost.db import Database
from gatepost.deliver.hold import EXPIRE
from gatepost.deliver.paper import CarriedOut, Kept
from gatepost.dns import RdType
from gatepost.domains.paper import Destination
from gatepost.ids import AccountId, EmailId, KeyId
from gatepost.jobs import Handler, Promise, TryAgainError
from gatepost.journey import House, answer, receive
from gatepost.mail.envelope import Envelope
from gatepost.reply import Said, Sent, Voice
from invariants import check
from outbound import AGENT, BOSS, NOW, TENANT, Hands, Zone, entropy, house, job

POLICY = {
    "defaultAction": "bounce",
    "senders": [{"match": {"address": "boss@example.org"}, "capabilities": ["read_calendar"]}],
    "auditLog": {"retentionDays": 30},
}
_SPF = ["v=spf1 ip4:127.0.0.9 -all"]
DNS = Zone({("example.org", RdType.TXT): _SPF, ("mx.example.org", RdType.TXT): _SPF})
KEY = KeyId("ky_agent")


@dataclass
class Scene:
    """The house and the hands of everybody around it."""

    house: House
    clock: Hands
    account: AccountId
    folder: Path
    mails: int = field(default=0)

    async def listen(self, url: str) -> str:
        """Let the agent be told of its mail; return the webhook's secret."""
        async with self.house.db.transaction(TENANT) as tx:
            made = await act.add(tx, self.house, self.account, url)
        return made.secret

    async def boss_writes(self, text: str = "Can we meet?", header: str = "", **changes: Any) -> CarriedOut:
        """Let the boss's mail arrive from the boss's own server."""
        self.mails += 1
        raw = (
            f"From: boss@example.org\r\nTo: agent@gatepost.test\r\nSubject: The meeting\r\n"
            f"Message-ID: <{self.mails}@example.org>\r\n{header}\r\n{text}\r\n"
        ).encode()
        arrived = Arrived.by_smtp(
            email=EmailId(f"em_{self.mails:016}"),
            destination=Destination(TENANT, self.account),
            envelope=Envelope(BOSS, (AGENT,)),
            peer=Peer(IPv4Address("127.0.0.9"), "mx.example.org", None),
            raw=raw,
            blob=address_of(raw),
            received_at=self.clock.now,
        )
        return await receive(structs.replace(arrived, **changes), self.house)

    async def boss_asks(self, **changes: Any) -> EmailId:
        """The same, and it must be kept."""
        done = await self.boss_writes(**changes)
        assert isinstance(done.outcome, Kept), done.recorded.decision
        return done.outcome.email

    async def agent_says(self, parent: EmailId, text: str, voice: Voice = Voice.REPLY, key: str = "") -> Sent:
        said = Said(
            tenant=TENANT,
            account=self.account,
            submitter=KEY,
            parent=parent,
            voice=voice,
            text=text,
            idempotency_key=key,
        )
        return await answer(said, self.house)

    async def kept(self, email: EmailId) -> mailbox.Email:
        async with self.house.db.transaction(TENANT) as tx:
            found = await mailbox.get(tx, self.account, email)
        assert found is not None
        return found

    async def work(self) -> None:
        """Keep every promise there is, once, whatever its time; what asks for another time is left.

        But not the end of a wait: nobody's test lasts so long.
        """
        handlers: dict[str, Handler] = {
            **deliver.handlers(self.house, on_settled=act.announce_settled),
            deliver.FAILED: journey.handlers(self.house)[deliver.FAILED],
        }
        async with self.house.db.transaction(TENANT) as tx:
            rows = await tx.all("select kind, key, body from job where tenant = %(tenant)s order by id")
        for row in rows:
            if row.kind == EXPIRE:
                continue
            try:
                await handlers[row.kind](job(Promise(row.kind, row.key, row.body)))
            except TryAgainError as later:
                self.clock.now = max(self.clock.now, later.at)
        self.clock.move(timedelta(seconds=1))
        await self.tell()

    async def tell(self) -> None:
        """Tell all that is due, each event once; what is not heard is left for a later time."""
        async with telling(self.house):
            await until(lambda: told_all(self.house))


async def set_scene(db: Database, folder: Path, *, accepting: Database | None = None, sink_port: int = 0) -> Scene:
    """Build the house and everybody in it."""
    clock = Hands()
    built = house(db, folder, clock, accepting=accepting, dns=DNS, port=sink_port)
    async with db.transaction(TENANT) as tx:
        await access.add_tenant(tx, name="One", plan="team", at=NOW)
        account = await access.add_account(tx, AGENT, at=NOW)
        await domains.add_domain(
            tx, "gatepost.test", postmaster=account.id, keyring=built.keyring, at=NOW, entropy=entropy
        )
        await decide.put_policy(tx, account.id, POLICY, at=NOW, actor=KEY)
    return Scene(built, clock, account.id, folder)


@asynccontextmanager
async def open_scene(
    db: Database, folder: Path, *, accepting: Database | None = None, sink_port: int = 0
) -> AsyncIterator[Scene]:
    """Set the scene; whatever was played, what must always hold holds at the end."""
    scene = await set_scene(db, folder, accepting=accepting, sink_port=sink_port)
    yield scene
    await check(scene.house, TENANT)
