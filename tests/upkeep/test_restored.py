"""After a restore nothing that the record says is done is done again."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gatepost import access, decide, journey
from gatepost.act import petition
from gatepost.act.petition import store as petition_store
from gatepost.act.petition.paper import State as Asked
from gatepost.db import Database
from gatepost.decide.paper import Ruling
from gatepost.deliver import Held, hold, store
from gatepost.deliver.paper import HoldState, State
from gatepost.ids import HoldId, LeafIndex, PetitionId
from gatepost.jobs import Promise
from gatepost.mail.address import Address
from gatepost.record import note
from gatepost.record.paper import Consequence, Kind
from gatepost.upkeep import restored_store
from journeys.scene import KEY, POLICY, Scene, set_scene
from outbound import TENANT, Sink, entropy, http_receiver, job, smtp_sink
from restoring import backup

YES = Ruling(is_approved=True, by="pe_officer")
NO = Ruling(is_approved=False, by="pe_officer")


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with smtp_sink() as running:
        yield running


@pytest.fixture
async def scene(db: Database, accepting: Database, tmp_path: Path, sink: Sink) -> Scene:
    """Without what must always hold: of a restored house, the record knows mail that the tables lost."""
    return await set_scene(db, tmp_path, accepting=accepting, sink_port=sink.port)


async def sandbox(scene: Scene) -> None:
    async with scene.house.db.transaction(TENANT) as tx:
        await access.set_sandboxed(tx, scene.account, is_sandboxed=True)


async def state(scene: Scene, waiting: HoldId) -> HoldState:
    async with scene.house.db.transaction(TENANT) as tx:
        return (await hold.get(tx, waiting)).state


async def proposed(scene: Scene) -> HoldId:
    sent = await scene.agent_says(await scene.boss_asks(), "Yes.")
    assert sent.hold is not None
    return sent.hold


async def held_mail(scene: Scene) -> HoldId:
    policy: dict[str, Any] = {**POLICY, "senders": [{"match": {"address": "boss@example.org"}, "action": "hold"}]}
    async with scene.house.db.transaction(TENANT) as tx:
        await decide.put_policy(tx, scene.account, policy, at=scene.clock.now, actor=KEY)
    done = await scene.boss_writes()
    assert isinstance(done.outcome, Held), done.recorded.decision
    return done.outcome.hold


async def test_where_no_entry_came_back_nothing_is_settled(scene: Scene) -> None:
    await scene.agent_says(await scene.boss_asks(), "Yes.")
    async with scene.house.db.transaction(TENANT) as tx:
        assert await restored_store.settle_submissions(tx, LeafIndex(1_000)) == 0
        assert await restored_store.rulings(tx, LeafIndex(1_000)) == []


async def test_mail_that_left_after_the_backup_does_not_leave_again(scene: Scene, sink: Sink, owner_dsn: str) -> None:
    sent = await scene.agent_says(await scene.boss_asks(), "Yes.")
    older = await backup(scene.house.db, owner_dsn)
    await scene.work()
    assert len(sink.mails) == 1
    async with scene.house.db.transaction(TENANT) as tx:
        before = await tx.one("select * from submission where tenant = %(tenant)s")
    assert await older.recover(scene.house, entropy) == 1
    async with scene.house.db.transaction(TENANT) as tx:
        found = await store.by_id(tx, sent.submission)
        after = await tx.one("select * from submission where tenant = %(tenant)s")
    assert found is not None
    assert found.state is State.SENT
    assert after == before
    await scene.work()
    assert len(sink.mails) == 1


async def test_mail_that_was_refused_for_good_is_not_offered_again_and_one_put_off_is(
    scene: Scene, sink: Sink, owner_dsn: str
) -> None:
    await scene.agent_says(await scene.boss_asks(), "Yes.")
    await scene.agent_says(await scene.boss_asks(), "And yes.")
    older = await backup(scene.house.db, owner_dsn)
    sink.replies = ["550 5.1.1 no", "451 4.3.0 later"]
    await scene.work()
    assert await older.recover(scene.house, entropy) == 1
    async with scene.house.db.transaction(TENANT) as tx:
        rows = await tx.all("select state from submission where tenant = %(tenant)s order by state")
    assert [row.state for row in rows] == ["failed", "queued"]


async def test_what_a_receiver_confirmed_is_not_told_again(scene: Scene, owner_dsn: str) -> None:
    async with http_receiver() as receiver:
        await scene.listen(receiver.url)
        await scene.boss_asks()
        older = await backup(scene.house.db, owner_dsn)
        await scene.tell()
        assert len(receiver.requests) == 1
        assert await older.recover(scene.house, entropy) == 1
        await scene.tell()
        assert len(receiver.requests) == 1


async def test_what_was_denied_stays_so_and_what_was_let_go_and_left_too(
    scene: Scene, sink: Sink, owner_dsn: str
) -> None:
    await sandbox(scene)
    denied, left, queued = [await proposed(scene) for _ in range(3)]
    older = await backup(scene.house.db, owner_dsn)
    await journey.release(TENANT, denied, NO, scene.house, digest=None)
    await journey.release(TENANT, left, YES, scene.house, digest=None)
    await scene.work()
    await journey.release(TENANT, queued, YES, scene.house, digest=None)
    assert len(sink.mails) == 1
    assert await older.recover(scene.house, entropy) == 2
    states = [await state(scene, each) for each in (denied, left, queued)]
    assert states == [HoldState.REFUSED, HoldState.RELEASED, HoldState.WAITING]
    async with scene.house.db.transaction(TENANT) as tx:
        ended = await hold.get(tx, left)
    assert (ended.settled_by, ended.settled_reason) == ("pe_officer", "hold.approved")
    await journey.release(TENANT, queued, YES, scene.house, digest=None)
    await scene.work()
    assert len(sink.mails) == 2


async def test_held_mail_that_was_refused_comes_in_by_no_second_word(scene: Scene, owner_dsn: str) -> None:
    waiting = await held_mail(scene)
    older = await backup(scene.house.db, owner_dsn)
    await journey.release(TENANT, waiting, NO, scene.house, digest=None)
    assert await older.recover(scene.house, entropy) == 1
    assert await state(scene, waiting) is HoldState.REFUSED


async def test_nobody_is_mailed_again_about_what_waits(scene: Scene, sink: Sink, owner_dsn: str) -> None:
    house = scene.house = replace(scene.house, public_url="https://mail.gatepost.test/")
    async with house.db.transaction(TENANT) as tx:
        address = Address.parse("officer@example.org")
        await access.add_person(tx, address, access.Role.APPROVER, at=scene.clock.now, entropy=house.entropy)
    await held_mail(scene)
    older = await backup(house.db, owner_dsn)
    for _ in range(2):
        async with house.db.transaction(TENANT) as tx:
            rows = await tx.all("select kind, key, body from job where tenant = %(tenant)s and kind = 'hold.ask'")
        assert rows
        for row in rows:
            await journey.outgoing(house)[row.kind](job(Promise(row.kind, row.key, row.body)))
        assert len(sink.mails) == 1
        await older.recover(house, entropy)


async def test_a_petition_that_was_denied_is_and_one_that_was_approved_waits_for_another_yes(
    scene: Scene, owner_dsn: str
) -> None:
    house, now = scene.house, scene.clock.now
    made = [
        petition.Petition(
            id=PetitionId(f"pt_{number}"),
            account=scene.account,
            kind=petition.Kind.SENDER,
            state=Asked.WAITING,
            sender=f"ann{number}@customer.example",
            why="",
            proposer=KEY,
            email=None,
            made_at=now,
            expires_at=now + timedelta(days=14),
        )
        for number in range(2)
    ]
    async with house.db.transaction(TENANT) as tx:
        for each in made:
            await petition_store.insert(tx, each)
    older = await backup(house.db, owner_dsn)
    async with house.db.transaction(TENANT) as tx:
        for each, word in zip(made, ("deny", "approve"), strict=True):
            said = Consequence(
                kind=Kind.ACT,
                action=f"petition.{word}",
                actor="pe_owner",
                at=now,
                account=scene.account,
                object_ref=each.id,
                public={"asks": "sender"},
                private={"digest": each.digest},
            )
            await note(tx, said, entropy=entropy)
    assert await older.recover(house, entropy) == 1
    async with house.db.transaction(TENANT) as tx:
        after = [await petition_store.by_id(tx, each.id) for each in made]
    assert [each and each.state for each in after] == [Asked.DENIED, Asked.WAITING]


async def test_a_log_that_came_back_whole_changes_nothing(scene: Scene, owner_dsn: str) -> None:
    await scene.agent_says(await scene.boss_asks(), "Yes.")
    older = await backup(scene.house.db, owner_dsn)
    assert await older.recover(scene.house, entropy) == 0
