import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gatepost.db import Database
from gatepost.deliver import store
from gatepost.deliver.paper import State, Submission
from gatepost.ids import AccountId, BlobId, EmailId, SubmissionId, TenantId
from outbound import ACCOUNT, AGENT, BOSS, KEPT, NOW, TENANT

DAY = timedelta(hours=24)
ONE, TWO = SubmissionId("su_one"), SubmissionId("su_two")
SUBMISSION = Submission(
    id=ONE,
    email=EmailId("em_one"),
    answers=KEPT.id,
    account=ACCOUNT,
    blob=BlobId("cd" * 32),
    author_domain="gatepost.test",
    mail_from=AGENT,
    rcpt_to=BOSS,
    state=State.QUEUED,
    attempts=0,
    submitted_at=NOW,
    due_at=NOW,
)


async def test_the_first_claim_holds_for_a_day(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        assert await store.claim(tx, ACCOUNT, "same", ONE, at=NOW, held_for=DAY) is None
        later = NOW + DAY - timedelta(seconds=1)
        assert await store.claim(tx, ACCOUNT, "same", TWO, at=later, held_for=DAY) == ONE
        assert await store.claim(tx, ACCOUNT, "same", TWO, at=NOW + DAY, held_for=DAY) is None
        assert await store.holder(tx, ACCOUNT, "same", since=NOW) == TWO


async def test_one_identity_cannot_say_two_things(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await store.claim(tx, ACCOUNT, "same", ONE, at=NOW, held_for=DAY, said="a")
        assert await store.claim(tx, ACCOUNT, "same", TWO, at=NOW, held_for=DAY, said="a") == ONE
        with pytest.raises(store.KeyReusedError):
            await store.claim(tx, ACCOUNT, "same", TWO, at=NOW, held_for=DAY, said="b")
        with pytest.raises(store.KeyReusedError):
            await store.holder(tx, ACCOUNT, "same", since=NOW - DAY, said="b")
        assert await store.claim(tx, ACCOUNT, "same", TWO, at=NOW + DAY, held_for=DAY, said="b") is None
        assert await store.holder(tx, ACCOUNT, "same", since=NOW, said="b") == TWO


async def test_what_an_earlier_release_claimed_is_believed_to_be_the_same(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await store.claim(tx, ACCOUNT, "same", ONE, at=NOW, held_for=DAY)
        await tx.run("update submission_claim set said = null where tenant = %(tenant)s")
        assert await store.claim(tx, ACCOUNT, "same", TWO, at=NOW, held_for=DAY, said="b") == ONE


async def test_another_identity_account_or_tenant_is_free(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await store.claim(tx, ACCOUNT, "same", ONE, at=NOW, held_for=DAY)
        assert await store.claim(tx, ACCOUNT, "other", TWO, at=NOW, held_for=DAY) is None
        assert await store.claim(tx, AccountId(8), "same", TWO, at=NOW, held_for=DAY) is None
    async with db.transaction(TenantId("tn_two")) as tx:
        assert await store.claim(tx, ACCOUNT, "same", TWO, at=NOW, held_for=DAY) is None


async def test_of_many_claims_at_once_one_wins(db: Database) -> None:
    async def claim(number: int) -> SubmissionId | None:
        async with db.transaction(TENANT) as tx:
            return await store.claim(tx, ACCOUNT, "same", SubmissionId(f"su_{number}"), at=NOW, held_for=DAY)

    held = await asyncio.gather(*(claim(number) for number in range(8)))
    assert held.count(None) == 1
    winner = SubmissionId(f"su_{held.index(None)}")
    assert {holder for holder in held if holder} == {winner}


async def _claim_then_fail(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await store.claim(tx, ACCOUNT, "same", ONE, at=NOW, held_for=DAY)
        raise ZeroDivisionError


async def test_a_claim_that_was_rolled_back_holds_nothing(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        await _claim_then_fail(db)
    async with db.transaction(TENANT) as tx:
        assert await store.claim(tx, ACCOUNT, "same", TWO, at=NOW, held_for=DAY) is None


@pytest.mark.parametrize("submission", [SUBMISSION, replace(SUBMISSION, mail_from=None)])
async def test_what_was_queued_comes_back_as_it_was(db: Database, submission: Submission) -> None:
    async with db.transaction(TENANT) as tx:
        await store.insert(tx, submission)
        assert await store.by_id(tx, ONE) == submission
        assert await store.by_id(tx, ONE, is_locked=True) == submission
        assert await store.by_id(tx, TWO) is None


async def test_an_attempt_leaves_its_trace(db: Database) -> None:
    again = NOW + timedelta(minutes=5)
    async with db.transaction(TENANT) as tx:
        await store.insert(tx, SUBMISSION)
        await store.update(tx, ONE, state=State.DEFERRED, attempts=1, reply_code=451, due_at=again, settled_at=None)
        found = await store.by_id(tx, ONE)
    assert found == replace(SUBMISSION, state=State.DEFERRED, attempts=1, reply_code=451, due_at=again)
    assert not found.is_settled


async def test_another_tenant_sees_no_submission(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await store.insert(tx, SUBMISSION)
    async with db.transaction(TenantId("tn_two")) as tx:
        assert await store.by_id(tx, ONE) is None


async def test_some_are_found_and_made_due_together(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await store.insert(tx, SUBMISSION)
        await store.insert(tx, replace(SUBMISSION, id=TWO, due_at=NOW + timedelta(hours=4)))
        await store.make_due(tx, [ONE, TWO], at=NOW + timedelta(hours=1))
        found = await store.by_ids(tx, [ONE, TWO, SubmissionId("su_none")])
    assert {each.id: each.due_at for each in found.values()} == {ONE: SUBMISSION.due_at, TWO: NOW + timedelta(hours=1)}
