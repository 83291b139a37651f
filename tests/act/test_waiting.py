"""What waits for a person, whatever it is, in one list."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from act.hosted.stage import Stage, open_stage
from gatepost.act import petition
from gatepost.act.hosted import digest_of
from gatepost.act.petition import Kind
from gatepost.act.waiting import Sort, Waiting, waiting
from gatepost.db import Database
from gatepost.deliver.paper import DefaultOutcome
from gatepost.ids import AccountId
from gatepost.mail.address import Address
from journeys.scene import KEY
from model_api import model_api, use
from outbound import TENANT, entropy


@pytest.fixture
async def stage(db: Database, tmp_path: Path) -> AsyncIterator[Stage]:
    async with model_api() as api, open_stage(db, tmp_path, api) as opened:
        yield opened


async def listed(stage: Stage, *, later: timedelta = timedelta(0)) -> list[Waiting]:
    async with stage.scene.house.db.transaction(TENANT) as tx:
        assert await waiting(tx, AccountId(999), at=stage.scene.house.clock(), limit=10) == []
        return await waiting(tx, stage.scene.account, at=stage.scene.house.clock() + later, limit=10)


async def test_held_calls_held_mail_and_petitions_are_listed_by_their_end(stage: Stage) -> None:
    await stage.host(approval={"reply": "always"})
    stage.api.script = [[use("reply", text="Yes.")]]
    asked = await stage.scene.boss_asks()
    await stage.work()
    await stage.allow(action="hold")
    held = (await stage.scene.boss_writes()).recorded.arrived.email
    async with stage.scene.house.db.transaction(TENANT) as tx:
        made = await petition.make(
            tx,
            stage.scene.account,
            Kind.SENDER,
            sender=Address.parse("ann@customer.test"),
            why="Ten replies went well.",
            proposer=KEY,
            email=None,
            at=stage.scene.house.clock(),
            entropy=entropy,
            jobs=None,
        )
    call, mail, question = await listed(stage)
    [step] = [each for each in await stage.steps(asked) if each.place]
    assert (call.sort, call.what, call.email, call.digest) == (Sort.CALL, "reply", asked, digest_of(step))
    assert (mail.sort, mail.what, mail.email, mail.digest) == (Sort.MESSAGE, "inbound", held, None)
    assert (question.sort, question.id, question.digest) == (Sort.PETITION, made.id, made.digest)
    assert {each.then for each in (call, mail, question)} == {DefaultOutcome.REFUSE}
    assert call.expires_at < mail.expires_at < question.expires_at
    assert [each.sort for each in await listed(stage, later=timedelta(days=30))] == [Sort.CALL, Sort.MESSAGE]
