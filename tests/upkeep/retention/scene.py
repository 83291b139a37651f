"""What the suites of forgetting share: a keeper over a scene, and what the database still holds."""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from typing_extensions import override

from gatepost import access
from gatepost.access.paper import Tenant
from gatepost.act.hosted import meter_store, store
from gatepost.act.hosted.labels import Label
from gatepost.act.hosted.paper import Step, StepState, Turn, TurnState
from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.blobs.folder import Folder
from gatepost.db import Database
from gatepost.ids import AgentId, EmailId, TenantId, ThreadId, TurnId
from gatepost.journey import House
from gatepost.mail.envelope import Envelope
from gatepost.mailbox import Indexer
from gatepost.record.check import Report, verify_log
from gatepost.record.publish import Sequencer
from gatepost.upkeep.retention import Keeper, Plans, Roll
from journeys.scene import Scene
from outbound import AGENT, BOSS, TENANT, entropy

PLANS = Plans({"free": 7, "team": 365}, other_days=0)
TABLES = ("opening", "email", "body", "submission", "email_words", "unindexed", "thread_message")
REMAINS = frozenset({"opening", "thread_message"})
"""Of what the keeper reaches: the entries that say what went, and tokens of Message-IDs of our own answers."""
_EACH = (f"select '{name}' as name, count(*) from {name} where tenant = %(tenant)s" for name in TABLES)  # noqa: S608  # the names above
_COUNTED = " union all ".join(_EACH)


class Full(Folder):
    """A store on which nothing can be removed."""

    @override
    async def remove(self, *paths: str) -> None:
        raise BlobsUnavailableError(*paths)


@dataclass
class Kept:
    """A house's keeper, and the scene it works in."""

    scene: Scene
    keeper: Keeper
    sequencer: Sequencer

    @property
    def house(self) -> House:
        return self.scene.house

    async def index(self) -> None:
        """Give all mail its tokens, and all entries their places."""
        await Indexer(self.house.db).round()
        await self.sequencer.sequence(TENANT)

    async def rows(self, tenant: TenantId = TENANT) -> dict[str, int]:
        """Return how many rows there are of each kind that a person may lie in."""
        async with self.keeper.own.transaction(tenant) as tx:
            return {row.name: row.count for row in await tx.all(_COUNTED)}

    async def reached(self) -> dict[str, int]:
        """Return how many rows there are in each table the keeper may remove from; its own cursors aside."""
        tables = """
            select relname as name from pg_class
            where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
              and has_table_privilege('gatepost_keeper', oid, 'delete') and relname <> 'retention_cursor'
              and %(tenant)s <> ''
        """
        counted = {}
        async with self.keeper.own.transaction(TENANT) as tx:
            for row in await tx.all(tables):
                query = f"select count(*) from {row.name} where tenant = %(tenant)s"  # noqa: S608  # a table's name
                counted[row.name] = (await tx.one(query)).count
        return counted

    async def turn(self, email: EmailId) -> None:
        """Let a hosted agent have taken a turn about the boss's mail, with one step and one call of a model."""
        now = self.scene.clock.now
        turn = Turn(
            id=TurnId(f"tu_{email}"),
            tenant=TENANT,
            account=self.scene.account,
            agent=AgentId("ag_1"),
            version=1,
            email=email,
            thread=ThreadId("th_1"),
            sender="token",
            subject=BOSS.key,
            state=TurnState.DONE,
            reason="",
            label=Label.SENDER,
            capabilities=frozenset(),
            audience=frozenset(),
            failures=0,
            began_at=now,
        )
        step = Step(
            step=1,
            place=0,
            tool="",
            state=StepState.SAID,
            reason="",
            label=Label.SENDER,
            content={"said": "On Tuesday."},
            actor="",
            at=now,
        )
        async with self.house.db.transaction(TENANT) as tx:
            await store.insert_turn(tx, turn)
            await store.put_step(tx, turn, step)
            await meter_store.reserve(tx, turn, 1, model="m", tokens=10, at=now)

    async def verified(self) -> Report:
        """Return what a verification of the whole log says."""
        await self.sequencer.sequence(TENANT)
        return await verify_log(self.house.db, self.house.blobs, TENANT)

    async def tenant(self, tenant: TenantId = TENANT) -> Tenant:
        async with self.house.db.transaction(tenant) as tx:
            found = await access.tenant(tx)
        assert found is not None
        return found

    def later(self, **time: float) -> None:
        self.scene.clock.move(timedelta(**time))

    async def leaves(self, action: str) -> list[dict[str, Any]]:
        """Return the details of the log's entries of an action, oldest first."""
        query = "select leaf from entry where tenant = %(tenant)s order by id"
        async with self.house.db.transaction(TENANT) as tx:
            every = [orjson.loads(row.leaf) for row in await tx.all(query)]
        return [leaf for leaf in every if leaf["action"] == action]


def keeper_of(scene: Scene, own: Database, folder: Path) -> Kept:
    house = scene.house
    second = Blobs(Folder(folder / "second"))
    one = Sequencer(house.db, house.blobs, second, house.keyring, house.clock, entropy, f"{house.hostname}/log")
    keeper = Keeper(
        db=house.db,
        own=own,
        blobs=house.blobs,
        roll=Roll(folder / "keys", second),
        plans=PLANS,
        sequence=one.sequence,
        clock=house.clock,
        past=house.past,
        entropy=house.entropy,
    )
    return Kept(scene, keeper, one)


async def stranger_writes(scene: Scene, number: int = 1, text: str = "Hello?") -> EmailId:
    """Let mail arrive from somebody the policy does not know: it is refused, and recorded."""
    raw = f"From: other@example.net\r\nTo: agent@gatepost.test\r\nSubject: {number}\r\n\r\n{text}\r\n".encode()
    sender = replace(BOSS, local="other", domain="example.net")
    done = await scene.boss_writes(raw=raw, envelope=Envelope(sender, (AGENT,)))
    return done.recorded.arrived.email
