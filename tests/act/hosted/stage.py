"""A house with a boss, an agent's mailbox, a hosted agent in it, and a model that says what the test wants."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gatepost import decide, deliver
from gatepost.act import hosted
from gatepost.act.hosted import store
from gatepost.act.hosted.approvals import LAPSE
from gatepost.act.hosted.gate import Judge
from gatepost.act.hosted.paper import Said, Step, Turn
from gatepost.act.hosted.price import shipped
from gatepost.act.hosted.tools import Tool
from gatepost.act.hosted.worker import TURN, turn_of
from gatepost.app.agent_worker import speak
from gatepost.db import Database
from gatepost.egress import Errand, Purpose
from gatepost.ids import EmailId
from gatepost.jobs import Handler, Promise, TryAgainError
from invariants import check
from journeys.scene import KEY, Scene, set_scene
from model_api import ModelApi
from outbound import NOW, TENANT, entropy, job

DOCUMENT: dict[str, Any] = {
    "name": "Scheduler",
    "instructions": "Answer questions about meetings.",
    "model": "claude-sonnet-4-5",
    "tools": ["reply", "handover", "search_mail", "read_attachment"],
}


@dataclass
class Stage:
    """The scene, the model's endpoint, and the worker that takes turns."""

    scene: Scene
    api: ModelApi
    tools: list[Tool] = field(default_factory=list)
    judge: Judge = hosted.judge
    waits: list[str] = field(default_factory=list)

    async def host(self, **changes: Any) -> None:
        """Put a version of the agent in force and switch agents on."""
        document = hosted.parse({**DOCUMENT, **changes})
        async with self.scene.house.db.transaction(TENANT) as tx:
            await hosted.put_agent(tx, self.scene.account, document, at=NOW, actor=KEY, entropy=entropy)
            await hosted.switch(tx, is_on=True, at=NOW, actor=KEY, entropy=entropy)

    async def allow(self, *capabilities: str, **more: Any) -> None:
        """Let the boss's rule grant these."""
        policy = {
            "defaultAction": "bounce",
            "senders": [{"match": {"address": "boss@example.org"}, "capabilities": list(capabilities), **more}],
            "auditLog": {"retentionDays": 30},
        }
        async with self.scene.house.db.transaction(TENANT) as tx:
            await decide.put_policy(tx, self.scene.account, policy, at=NOW, actor=KEY)

    async def narrow(self, email: EmailId) -> None:
        """Let a turn have read something whose grant holds nothing."""
        async with self.scene.house.db.transaction(TENANT) as tx:
            found = await store.find_turn(tx, turn_of(email))
            assert found is not None
            await store.change_turn(tx, replace(found, capabilities=frozenset()), NOW)

    def desk(self) -> hosted.Desk:
        house = self.scene.house

        async def ask(turn: Turn, body: bytes) -> Said:
            errand = Errand(Purpose.MODEL, turn.agent, turn.tenant)
            return await hosted.ask(house.egress, errand, self.api.url, self.api.key, body, timeout_s=10)

        return hosted.Desk(
            db=house.db,
            jobs=house.jobs,
            clock=house.clock,
            entropy=house.entropy,
            ask=ask,
            tools=hosted.toolbox([*hosted.kit(house.db, lambda speech: speak(speech, house)), *self.tools]),
            judge=self.judge,
            prices=shipped(),
        )

    async def work(self, kinds: Sequence[str] = (TURN,)) -> None:
        """Keep the promises of turns, once each, and those of everybody else."""
        for row in await self.jobs(kinds):
            try:
                await self.keep(row)
            except TryAgainError as later:
                self.waits.append(later.reason)
                self.scene.clock.now = max(self.scene.clock.now, later.at)
                continue
            await self._forget(row.id)

    async def keep(self, row: Any) -> None:
        """Keep one promise of a turn, once."""
        await hosted.handlers(self.desk())[row.kind](job(Promise(row.kind, row.key, row.body)))

    async def send(self) -> None:
        """Let what is queued leave."""
        await self._keep(deliver.handlers(self.scene.house))

    async def _keep(self, handlers: dict[str, Handler]) -> None:
        for row in await self.jobs(list(handlers)):
            await handlers[row.kind](job(Promise(row.kind, row.key, row.body)))
            await self._forget(row.id)

    async def _forget(self, identifier: int) -> None:
        async with self.scene.house.db.transaction(TENANT) as tx:
            await tx.run("delete from job where tenant = %(tenant)s and id = %(id)s", id=identifier)

    async def jobs(self, kinds: Sequence[str]) -> list[Any]:
        async with self.scene.house.db.transaction(TENANT) as tx:
            return await tx.all(
                "select id, kind, key, body from job where tenant = %(tenant)s and kind = any(%(kinds)s) order by id",
                kinds=list(kinds),
            )

    async def turn(self, email: EmailId) -> Turn:
        async with self.scene.house.db.transaction(TENANT) as tx:
            found = await store.find_turn(tx, turn_of(email))
        assert found is not None
        return found

    async def steps(self, email: EmailId) -> list[Step]:
        async with self.scene.house.db.transaction(TENANT) as tx:
            return await store.steps(tx, turn_of(email))


EVERYTHING = (TURN, LAPSE)


@asynccontextmanager
async def open_stage(
    db: Database, folder: Path, api: ModelApi, *, accepting: Database | None = None, sink_port: int = 0
) -> AsyncIterator[Stage]:
    """Set the stage; whatever was played, what must always hold holds at the end."""
    stage = Stage(await set_scene(db, folder, accepting=accepting, sink_port=sink_port), api)
    yield stage
    await check(stage.scene.house, TENANT)
