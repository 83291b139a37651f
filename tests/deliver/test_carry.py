from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

import singly
from gatepost import mailbox
from gatepost.arrive.paper import Arrived
from gatepost.db import Database, Transaction
from gatepost.decide.paper import USUAL_WAIT, Disposition
from gatepost.deliver import (
    AlreadySubmittedError,
    Held,
    Kept,
    Queued,
    Refused,
    email_of,
    store,
    submitted,
)
from gatepost.deliver.carry import NO_AUTHOR
from gatepost.deliver.hold import hold_of
from gatepost.ids import EmailId, SubmissionId
from gatepost.mail.envelope import Envelope
from gatepost.mailbox.store import body as body_of
from gatepost.record.paper import Recorded
from gatepost.verify.paper import AutoMail, Marker
from outbound import (
    ACCOUNT,
    AGENT,
    BOSS,
    KEPT,
    NOW,
    TENANT,
    consequences,
    content,
    entropy,
    inbound,
    outbound,
    recorded,
)


async def _kept(tx: Transaction, paper: Recorded) -> mailbox.Email:
    done = await singly.carry_out(tx, paper, entropy=entropy)
    assert isinstance(done.outcome, Kept)
    email = await mailbox.get(tx, ACCOUNT, done.outcome.email)
    assert email is not None
    return email


async def _queue(db: Database, arrived: Arrived) -> SubmissionId:
    said = content(message_id=f"{arrived.email}@gatepost.test")
    async with db.transaction(TENANT) as tx:
        done = await singly.carry_out(tx, recorded(arrived, author=AGENT, said=said), entropy=entropy)
    assert isinstance(done.outcome, Queued)
    return done.outcome.submission


async def test_what_was_let_in_lies_in_the_mailbox_and_wakes(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        done = await singly.carry_out(tx, recorded(inbound()), entropy=entropy)
        assert done.outcome == Kept(KEPT.id, KEPT.thread, wakes=True)
        email = await mailbox.get(tx, ACCOUNT, KEPT.id)
        octets = await body_of(tx, KEPT.id)
    arrived = inbound()
    verification = {**KEPT.verification, "injection_score": 0.0}
    assert email == replace(KEPT, blob=arrived.blob, size_octets=len(arrived.raw), verification=verification)
    assert octets == arrived.raw


async def test_the_postmasters_mail_wakes_nobody(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        done = await singly.carry_out(tx, recorded(inbound(is_postmaster=True)), entropy=entropy)
    assert done.outcome == Kept(KEPT.id, KEPT.thread, wakes=False)


async def test_mail_without_an_author_is_nobodys_and_proves_nothing(db: Database) -> None:
    nobody = inbound(is_postmaster=True, envelope=Envelope(None, (AGENT,)))
    async with db.transaction(TENANT) as tx:
        email = await _kept(tx, recorded(nobody, author=None))
    assert (email.author, email.is_proven, email.is_automatic) == (NO_AUTHOR, False, True)
    assert email.verification["from_alignment"] is None


async def test_a_machines_mail_is_known_as_such(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        email = await _kept(tx, recorded(inbound(), auto=AutoMail("auto-replied", (Marker.AUTO_SUBMITTED,))))
    assert email.is_automatic


@pytest.mark.parametrize("disposition", [Disposition.REJECT, Disposition.DEFER, Disposition.DISCARD])
async def test_what_was_refused_leaves_nothing(db: Database, disposition: Disposition) -> None:
    async with db.transaction(TENANT) as tx:
        done = await singly.carry_out(tx, recorded(inbound(), disposition), entropy=entropy)
        assert (done.outcome, await mailbox.page(tx, ACCOUNT, limit=1)) == (Refused(), ([], None))
        assert await body_of(tx, KEPT.id) is None


async def test_what_is_held_is_in_no_mailbox(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        done = await singly.carry_out(tx, recorded(inbound(), Disposition.HOLD), entropy=entropy)
        held = Held(KEPT.id, hold_of(KEPT.id), inbound().received_at + USUAL_WAIT.lasts)
        assert (done.outcome, await mailbox.page(tx, ACCOUNT, limit=1)) == (held, ([], None))
        assert await body_of(tx, KEPT.id) == inbound().raw  # a human may still release it


async def test_a_reply_is_queued_and_the_record_knows_it(db: Database) -> None:
    identifier = await _queue(db, outbound())
    async with db.transaction(TENANT) as tx:
        found = await store.by_id(tx, identifier)
    assert found is not None
    assert (found.answers, found.author_domain, found.mail_from, found.rcpt_to) == (
        KEPT.id,
        "gatepost.test",
        AGENT,
        BOSS,
    )
    assert email_of(identifier) == outbound().email
    assert await consequences(db) == [(KEPT.id, "reply.queued")]


async def test_a_notice_is_a_bounce_in_the_record(db: Database) -> None:
    await _queue(db, outbound(envelope=Envelope(None, (BOSS,))))
    assert await consequences(db) == [(KEPT.id, "bounce.queued")]


async def test_the_same_again_within_a_day_changes_nothing(db: Database) -> None:
    first = await _queue(db, outbound())
    later = outbound("em_cccccccccccccccc", received_at=NOW + timedelta(hours=23))
    with pytest.raises(AlreadySubmittedError) as caught:
        await _queue(db, later)
    assert (caught.value.submission, caught.value.email) == (first, outbound().email)
    assert await consequences(db) == [(KEPT.id, "reply.queued")]


async def test_the_same_again_after_a_day_is_a_new_mail(db: Database) -> None:
    first = await _queue(db, outbound())
    later = NOW + timedelta(hours=24)
    async with db.transaction(TENANT) as tx:
        assert await submitted(tx, ACCOUNT, "same", "", at=later - timedelta(seconds=1)) == first
        assert await submitted(tx, ACCOUNT, "same", "", at=later) is None
    second = await _queue(db, outbound("em_cccccccccccccccc", received_at=later))
    assert second != first


async def test_what_answers_our_reply_comes_back_into_its_thread(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await singly.keep(tx, KEPT)
    await _queue(db, outbound())
    answer = content(message_id="three@example.org", references=("em_bbbbbbbbbbbbbbbb@gatepost.test",))
    async with db.transaction(TENANT) as tx:
        assert await singly.thread_of(tx, recorded(inbound("em_dddddddddddddddd"), said=answer).decided) == KEPT.thread


async def test_an_answer_lies_in_the_thread_of_what_it_answers(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        assert await singly.thread_of(tx, recorded(outbound(), author=AGENT).decided) is None
        await singly.keep(tx, KEPT)
        assert await singly.thread_of(tx, recorded(outbound(), author=AGENT).decided) == KEPT.thread


async def test_what_is_not_delivered_lies_in_no_thread(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        assert await singly.thread_of(tx, recorded(inbound(), Disposition.REJECT).decided) is None


@pytest.mark.parametrize("broken", [{"identity": None}])
async def test_an_outbound_message_must_say_what_it_is(db: Database, broken: dict[str, Any]) -> None:
    async with db.transaction(TENANT) as tx:
        with pytest.raises(RuntimeError):
            await singly.carry_out(tx, recorded(outbound(**broken), author=AGENT), entropy=entropy)


def test_ids_of_one_message_share_their_suffix() -> None:
    assert email_of(SubmissionId("su_abc")) == EmailId("em_abc")
