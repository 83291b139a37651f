"""What waits to leave, as the operator sees it and moves it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gatepost.blobs import address_of
from gatepost.db import Database, Transaction
from gatepost.deliver import FAILED, attempt, queue, store
from gatepost.deliver.paper import State, Submission
from gatepost.deliver.queue import UnderWayError, Waiting
from gatepost.ids import EmailId, SubmissionId, TenantId
from gatepost.jobs import store as job_store
from gatepost.journey import House
from outbound import ACCOUNT, AGENT, BOSS, KEPT, NOW, TENANT, Hands, consequences, house

ONE, TWO = SubmissionId("su_one"), SubmissionId("su_two")
LATER = NOW + timedelta(hours=4)


@dataclass
class Stage:
    house: House
    clock: Hands
    settled: list[tuple[SubmissionId, State, datetime]] = field(default_factory=list)

    async def queued(self, identifier: SubmissionId, **changes: Any) -> None:
        submission = Submission(
            id=identifier,
            email=EmailId("em_a"),
            answers=KEPT.id,
            account=ACCOUNT,
            blob=address_of(b""),
            author_domain="gatepost.test",
            mail_from=AGENT,
            rcpt_to=BOSS,
            state=State.QUEUED,
            attempts=3,
            submitted_at=NOW,
            due_at=LATER,
        )
        async with self.house.db.transaction(TENANT) as tx:
            await store.insert(tx, replace(submission, **changes))
            await tx.run(
                "update submission set state = 'deferred', attempts = 3, reply_code = 451 where id = %(id)s",
                id=identifier,
            )
            await self.house.jobs.enqueue(tx, attempt(identifier), at=LATER)
            await tx.run("update job set reason = 'remote.deferred' where key = %(id)s", id=identifier)

    async def waiting(self, tenant: TenantId = TENANT) -> list[Waiting]:
        async with self.house.db.transaction(tenant) as tx:
            return await queue.waiting(tx, self.house)

    async def retry(self, *wanted: SubmissionId) -> int:
        async with self.house.db.transaction(TENANT) as tx:
            return await queue.retry(tx, self.house, wanted, actor="operator")

    async def give_up(self, wanted: SubmissionId) -> Submission | None:
        async with self.house.db.transaction(TENANT) as tx:
            return await queue.give_up(tx, self.house, wanted, self.on_settled, actor="operator")

    async def on_settled(self, _tx: Transaction, submission: Submission, state: State, at: datetime) -> None:
        self.settled.append((submission.id, state, at))

    async def lease(self) -> Sequence[job_store.Leased]:
        async with self.house.db.transaction(None) as tx:
            until = LATER + timedelta(seconds=30)
            return await job_store.lease(tx, ["deliver.attempt"], at=LATER, until=until, wanted=9)


@pytest.fixture
def stage(db: Database, tmp_path: Path) -> Stage:
    clock = Hands()
    return Stage(house(db, tmp_path, clock), clock)


async def test_what_waits_is_seen_with_its_reason_and_its_time_by_its_tenant_alone(stage: Stage) -> None:
    await stage.queued(ONE)
    [seen] = await stage.waiting()
    assert (seen.destination, seen.reason, seen.submission.reply_code) == (BOSS.domain, "remote.deferred", 451)
    assert (seen.due_at, seen.is_under_way, seen.submission.attempts) == (LATER, False, 3)
    assert await stage.waiting(TenantId("tn_other")) == []


async def test_what_is_tried_at_once_is_due_for_queue_and_worker_and_each_is_an_entry(stage: Stage) -> None:
    await stage.queued(ONE)
    await stage.queued(TWO)
    assert await stage.retry(ONE) == 1
    due = {each.submission.id: (each.due_at, each.submission.due_at) for each in await stage.waiting()}
    assert due == {ONE: (NOW, NOW), TWO: (LATER, LATER)}
    assert await consequences(stage.house.db) == [(KEPT.id, "delivery.retry")]


async def test_what_is_being_tried_is_left_alone(stage: Stage) -> None:
    await stage.queued(ONE)
    await stage.lease()
    assert await stage.retry(ONE) == 0
    with pytest.raises(UnderWayError):
        await stage.give_up(ONE)
    [seen] = await stage.waiting()
    assert (seen.is_under_way, seen.submission.state) == (True, State.DEFERRED)
    assert await consequences(stage.house.db) == []


async def test_what_is_given_up_is_told_to_its_mailbox_and_never_tried_again(stage: Stage) -> None:
    await stage.queued(ONE)
    given_up = await stage.give_up(ONE)
    assert given_up is not None
    assert await stage.waiting() == []
    assert await stage.give_up(ONE) is None
    assert await consequences(stage.house.db) == [(KEPT.id, "delivery.giveup")]
    async with stage.house.db.transaction(TENANT) as tx:
        after = await store.by_id(tx, ONE)
        rows = await tx.all("select body from job where tenant = %(tenant)s and kind = %(kind)s", kind=FAILED)
    assert after is not None
    assert (after.state, after.attempts, after.reply_code) == (State.FAILED, 3, 451)
    assert [row.body for row in rows] == [{"submission": ONE, "status": "5.4.7", "reply_code": 0}]
    assert stage.settled == [(ONE, State.FAILED, NOW)]


async def test_a_notice_that_is_given_up_is_answered_by_none(stage: Stage) -> None:
    await stage.queued(ONE, mail_from=None)
    assert await stage.give_up(ONE) is not None
    async with stage.house.db.transaction(TENANT) as tx:
        assert await tx.all("select 1 from job where tenant = %(tenant)s and kind = %(kind)s", kind=FAILED) == []
