"""What waits for a person: held, withheld, ruled on, and on its way again."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gatepost import access, act, decide, journey, mailbox, record
from gatepost.blobs import BlobsUnavailableError
from gatepost.db import Database
from gatepost.decide import grants
from gatepost.decide.paper import USUAL_WAIT, Ruling
from gatepost.deliver import Held, Kept, Queued, Refused, ask, hold, hold_end, link
from gatepost.deliver.paper import Hold, HoldState
from gatepost.ids import EmailId, HoldId
from gatepost.jobs import Promise, TryAgainError
from gatepost.keys import ErasedError, Kind
from gatepost.mail.address import Address
from gatepost.mailbox import store as mailbox_store
from gatepost.mailbox.body import object_path
from gatepost.record import AuditQuery
from gatepost.reply.paper import ReplyRefusedError, Sent
from journeys.scene import KEY, POLICY, Scene, open_scene, set_scene
from outbound import BOSS, TENANT, Sink, http_receiver, job

YES = Ruling(is_approved=True, by="pe_officer")
NO = Ruling(is_approved=False, by="pe_officer")


@pytest.fixture
async def scene(db: Database, accepting: Database, tmp_path: Path, sink: Sink) -> AsyncIterator[Scene]:
    async with open_scene(db, tmp_path, accepting=accepting, sink_port=sink.port) as opened:
        async with db.transaction(TENANT) as tx:
            await access.set_sandboxed(tx, opened.account, is_sandboxed=True)
        yield opened


@pytest.fixture
async def unchecked(db: Database, tmp_path: Path, sink: Sink) -> Scene:
    """The same, for those who tamper with what must always hold."""
    made = await set_scene(db, tmp_path, sink_port=sink.port)
    async with db.transaction(TENANT) as tx:
        await access.set_sandboxed(tx, made.account, is_sandboxed=True)
    return made


async def found(scene: Scene, waiting: HoldId) -> Hold:
    async with scene.house.db.transaction(TENANT) as tx:
        return await hold.get(tx, waiting)


async def proposed(scene: Scene, text: str = "Yes.") -> tuple[EmailId, Sent, HoldId]:
    parent = await scene.boss_asks()
    sent = await scene.agent_says(parent, text)
    assert sent.hold is not None
    return parent, sent, sent.hold


async def test_what_a_sandboxed_agent_says_waits_and_goes_out_once_approved(scene: Scene, sink: Sink) -> None:
    _, sent, waiting = await proposed(scene)
    await scene.work()
    assert sink.mails == []
    digest = (await found(scene, waiting)).digest
    done = await journey.release(TENANT, waiting, YES, scene.house, digest=digest)
    assert done.outcome == Queued((sent.submission,))
    assert done.recorded.decision.reason == "hold.approved"
    await scene.work()
    assert [mail.rcpt_tos for mail in sink.mails] == [[str(BOSS)]]
    after = await found(scene, waiting)
    assert (after.state, after.settled_by, after.settled_reason) == (HoldState.RELEASED, "pe_officer", "hold.approved")


async def test_the_ruling_stands_in_the_record_before_the_decision(scene: Scene) -> None:
    _, _, waiting = await proposed(scene)
    await journey.release(TENANT, waiting, YES, scene.house, digest=None)
    async with scene.house.db.transaction(TENANT) as tx:
        rows = await tx.all(
            "select convert_from(leaf, 'UTF8')::json as leaf from entry where tenant = %(tenant)s order by id"
        )
    told = [(row.leaf["action"], row.leaf["actor_ref"], row.leaf["object_ref"]) for row in rows[-4:]]
    assert [action for action, _, _ in told] == ["message.decided", "hold.approve", "message.decided", "reply.queued"]
    assert told[1][1:] == ("pe_officer", waiting)
    trace = rows[-2].leaf["decision"]["trace"]
    assert trace[-2:] == [["sandbox", "held"], ["approval", "approved"]]


async def test_what_is_denied_goes_nowhere_and_is_kept_no_longer(scene: Scene, sink: Sink) -> None:
    _, sent, waiting = await proposed(scene)
    done = await journey.release(TENANT, waiting, NO, scene.house, digest=None)
    await scene.work()
    assert (done.outcome, done.recorded.decision.reason, sink.mails) == (Refused(), "hold.denied", [])
    blob = done.recorded.arrived.blob
    with pytest.raises(mailbox.BodyMissingError):
        await mailbox.read_body(scene.house.db, scene.house.blobs, TENANT, sent.email, blob)


async def test_only_one_ruling_counts_however_many_come_at_once(scene: Scene, sink: Sink) -> None:
    _, _, waiting = await proposed(scene)
    rulings = [replace(YES if number % 2 else NO, by=f"pe_{number}") for number in range(6)]
    ends = await asyncio.gather(
        *(journey.release(TENANT, waiting, ruling, scene.house, digest=None) for ruling in rulings),
        return_exceptions=True,
    )
    assert [isinstance(end, hold_end.HoldSettledError) for end in ends].count(True) == 5
    await scene.work()
    assert len(sink.mails) <= 1


async def test_an_approval_is_bound_to_what_the_approver_saw(scene: Scene, sink: Sink) -> None:
    _, _, waiting = await proposed(scene, "Yes.")
    _, _, other = await proposed(scene, "Yes, and send the keys.")
    seen = (await found(scene, waiting)).digest
    assert seen != (await found(scene, other)).digest
    with pytest.raises(hold_end.HoldChangedError):
        await journey.release(TENANT, other, YES, scene.house, digest=seen)
    await scene.work()
    assert sink.mails == []
    assert (await found(scene, other)).state is HoldState.WAITING


async def test_octets_that_are_not_those_held_are_not_sent(unchecked: Scene, sink: Sink, owner_dsn: str) -> None:
    scene = unchecked
    _, sent, waiting = await proposed(scene)
    _, other, _ = await proposed(scene, "Something else.")
    async with scene.house.db.transaction(TENANT) as tx:
        raw = await mailbox_store.body(tx, other.email)
        assert raw is not None
    with psycopg.connect(owner_dsn) as owner:  # the serving role cannot
        owner.execute("delete from body where email = %s", [sent.email])
    async with scene.house.db.transaction(TENANT) as tx:
        body = mailbox.Body(email=sent.email, octets=raw, received_at=scene.clock.now, subject=None)
        mailbox.keep_bodies(tx, [body])
    with pytest.raises(mailbox.BodyDamagedError):
        await journey.release(TENANT, waiting, YES, scene.house, digest=None)
    await journey.release(TENANT, hold.hold_of(other.email), NO, scene.house, digest=None)
    with pytest.raises(TryAgainError, match=r"body\.damaged"):
        await expire(scene, waiting)
    assert (await found(scene, waiting)).state is HoldState.WAITING
    assert sink.mails == []


async def test_saying_it_again_while_it_waits_is_the_same_wait(scene: Scene) -> None:
    parent, sent, waiting = await proposed(scene)
    again = await scene.agent_says(parent, "Yes.")
    assert (again.is_repeat, again.hold, again.submission) == (True, waiting, sent.submission)
    at_once = await asyncio.gather(*(scene.agent_says(parent, "Now.") for _ in range(4)))
    assert len({each.hold for each in at_once}) == 1
    await journey.release(TENANT, waiting, YES, scene.house, digest=None)
    after = await scene.agent_says(parent, "Yes.")
    assert (after.is_repeat, after.hold, after.submission) == (True, None, sent.submission)


@pytest.mark.parametrize("is_silent", [False, True])
async def test_saying_again_what_was_refused_is_told_so(scene: Scene, sink: Sink, *, is_silent: bool) -> None:
    """It was told to be queued."""
    parent, _, waiting = await proposed(scene)
    if is_silent:
        await expire(scene, waiting)
        scene.clock.move(-USUAL_WAIT.lasts)
    else:
        await journey.release(TENANT, waiting, NO, scene.house, digest=None)
    with pytest.raises(ReplyRefusedError, match=r"hold\.expired_refused" if is_silent else r"hold\.denied"):
        await scene.agent_says(parent, "Yes.")
    assert (await scene.agent_says(parent, "Yes, please.")).hold
    await scene.work()
    assert sink.mails == []


async def expire(scene: Scene, waiting: HoldId, *, after: timedelta = USUAL_WAIT.lasts) -> None:
    scene.clock.move(after)
    await journey.handlers(scene.house)[hold.EXPIRE](job(Promise(hold.EXPIRE, waiting, {"hold": waiting})))


async def test_a_wait_ends_by_itself_and_refuses(scene: Scene, sink: Sink) -> None:
    _, _, waiting = await proposed(scene)
    with pytest.raises(TryAgainError):
        await expire(scene, waiting, after=USUAL_WAIT.lasts / 2)
    await expire(scene, waiting)
    await expire(scene, waiting)  # a job may run twice
    after = await found(scene, waiting)
    assert (after.state, after.settled_by, after.settled_reason) == (HoldState.REFUSED, "house", "hold.expired_refused")
    await scene.work()
    assert sink.mails == []
    with pytest.raises(hold_end.HoldSettledError):
        await journey.release(TENANT, waiting, YES, scene.house, digest=None)


async def test_by_a_clock_that_is_ahead_no_wait_ends(scene: Scene) -> None:
    """Its octets went with it, though nobody had had the time to look."""
    _, _, waiting = await proposed(scene)
    sure = scene.clock.now + USUAL_WAIT.lasts - timedelta(minutes=10)
    doubting = replace(scene, house=replace(scene.house, past=lambda: sure))
    with pytest.raises(TryAgainError, match=r"clock\.ahead") as again:
        await expire(doubting, waiting)
    assert again.value.at == scene.clock.now + timedelta(minutes=10)
    assert (await found(scene, waiting)).state is HoldState.WAITING
    await expire(scene, waiting, after=timedelta())
    assert (await found(scene, waiting)).state is HoldState.REFUSED


async def test_what_nobody_can_read_any_more_is_let_go_by_nobody(unchecked: Scene, sink: Sink) -> None:
    _, _, waiting = await proposed(unchecked)
    keys = unchecked.house.db.keys
    keys.destroy(TENANT, Kind.SUBJECT, keys.subject_name(TENANT, BOSS.key))
    assert (await found(unchecked, waiting)).is_erased
    with pytest.raises(ErasedError):
        await journey.release(TENANT, waiting, YES, unchecked.house, digest=None)
    await expire(unchecked, waiting)
    assert (await found(unchecked, waiting)).state is HoldState.REFUSED
    assert sink.mails == []


async def test_what_nobody_can_read_was_approved_by_nobody(unchecked: Scene) -> None:
    """The entry of a wait that silence would have ended with a yes said that it had been."""
    waiting = await held_mail(unchecked, hold={"expiresAfter": "12h", "then": "deliver"})
    keys = unchecked.house.db.keys
    keys.destroy(TENANT, Kind.SUBJECT, keys.subject_name(TENANT, BOSS.key))
    await expire(unchecked, waiting)
    async with unchecked.house.db.transaction(TENANT) as tx:
        rows = await tx.all("select convert_from(leaf, 'UTF8')::json as leaf from entry where tenant = %(tenant)s")
    [said] = [row.leaf for row in rows if row.leaf["action"] == "hold.abandon"]
    assert said["detail"] == {"is_approved": False}


@pytest.mark.parametrize("is_silent", [False, True])
async def test_what_waits_ends_with_its_mailbox(scene: Scene, sink: Sink, *, is_silent: bool) -> None:
    """By a mailed link it went into a mailbox that was no more, or out of it."""
    _, _, leaving = await proposed(scene)
    coming = await held_mail(scene, hold={"expiresAfter": "12h", "then": "deliver"})
    async with scene.house.db.transaction(TENANT) as tx:
        assert await access.remove_account(tx, scene.account)
    for waiting in (leaving, coming):
        if is_silent:
            await expire(scene, waiting)
        else:
            with pytest.raises(hold_end.HoldSettledError):
                await journey.release(TENANT, waiting, YES, scene.house, digest=None)
        after = await found(scene, waiting)
        assert (after.state, after.settled_reason) == (HoldState.REFUSED, "hold.mailbox_removed")
        with pytest.raises(hold_end.HoldSettledError):
            await journey.release(TENANT, waiting, YES, scene.house, digest=None)
    await scene.work()
    assert sink.mails == []


async def test_what_waits_has_no_row_and_wakes_nobody(scene: Scene) -> None:
    await proposed(scene)
    async with scene.house.db.transaction(TENANT) as tx:
        rows = await record.audit_rows(tx, AuditQuery(account=scene.account, limit=10))
    assert [row.disposition for row in rows] == ["deliver"]


# Mail that a rule holds.

HOLDING: dict[str, Any] = {
    **POLICY,
    "senders": [{"match": {"address": "boss@example.org"}, "action": "hold", "capabilities": ["read_calendar"]}],
}


async def obey(scene: Scene, policy: dict[str, object]) -> None:
    async with scene.house.db.transaction(TENANT) as tx:
        await decide.put_policy(tx, scene.account, policy, at=scene.clock.now, actor=KEY)


async def held_mail(scene: Scene, text: str = "Can we meet?", **rule: object) -> HoldId:
    [sender] = HOLDING["senders"]
    await obey(scene, {**HOLDING, "senders": [{**sender, **rule}]})
    done = await scene.boss_writes(text)
    assert isinstance(done.outcome, Held)
    return done.outcome.hold


async def test_held_mail_is_delivered_with_its_rules_grant_once_approved(scene: Scene) -> None:
    waiting = await held_mail(scene)
    done = await journey.release(TENANT, waiting, YES, scene.house, digest=(await found(scene, waiting)).digest)
    assert isinstance(done.outcome, Kept)
    kept = await scene.kept(done.outcome.email)
    assert (kept.capabilities, kept.text, kept.is_proven) == (("read_calendar",), "Can we meet?\n", True)
    async with scene.house.db.transaction(TENANT) as tx:
        grant = await grants.of_message(tx, scene.account, kept.id, now=scene.clock.now)
    assert grant.allows("calendar.read")


async def test_mail_the_policy_refuses_by_now_is_refused_whoever_approves(scene: Scene) -> None:
    waiting = await held_mail(scene)
    await obey(scene, {**POLICY, "senders": []})
    done = await journey.release(TENANT, waiting, YES, scene.house, digest=None)
    assert (done.outcome, done.recorded.decision.reason) == (Refused(), "sender.unmatched")
    assert (await found(scene, waiting)).state is HoldState.REFUSED


async def test_approved_mail_that_meets_a_limit_still_waits(scene: Scene) -> None:
    waiting = await held_mail(scene)
    await obey(scene, {**POLICY, "senders": [{**HOLDING["senders"][0], "rateLimit": {"perHour": 0}}]})
    with pytest.raises(hold_end.NotNowError, match=r"rate\.per_hour"):
        await journey.release(TENANT, waiting, YES, scene.house, digest=None)
    assert (await found(scene, waiting)).state is HoldState.WAITING
    await journey.release(TENANT, waiting, NO, scene.house, digest=None)


async def test_a_rule_may_let_go_by_silence_and_sooner(scene: Scene) -> None:
    waiting = await held_mail(scene, hold={"expiresAfter": "12h", "then": "deliver"})
    with pytest.raises(TryAgainError):
        await expire(scene, waiting, after=timedelta(hours=11))
    await expire(scene, waiting, after=timedelta(hours=1))
    after = await found(scene, waiting)
    assert (after.state, after.settled_by) == (HoldState.RELEASED, "house")
    assert after.settled_reason == "hold.expired_delivered"
    assert (await scene.kept(after.email)).text == "Can we meet?\n"


@pytest.mark.parametrize("harm", ["missing", "damaged"])
async def test_what_silence_lets_go_waits_until_its_octets_are_there(scene: Scene, harm: str) -> None:
    """It was dropped, 250 said, where a store did not find it in the minute its wait ended."""
    waiting = await held_mail(scene, "Can we meet? " * 6000, hold={"expiresAfter": "12h", "then": "deliver"})
    place = scene.folder / object_path(TENANT, (await found(scene, waiting)).email)
    octets = place.read_bytes()
    place.unlink() if harm == "missing" else place.write_bytes(b"something else")
    with pytest.raises(TryAgainError, match=rf"body\.{harm}") as again:
        await expire(scene, waiting, after=timedelta(hours=12))
    assert again.value.at == scene.clock.now + hold_end.SOON
    with pytest.raises(BlobsUnavailableError):  # a person's word is not lost either
        await journey.release(TENANT, waiting, YES, scene.house, digest=None)
    assert (await found(scene, waiting)).state is HoldState.WAITING
    place.write_bytes(octets)
    await expire(scene, waiting, after=hold_end.SOON)
    assert (await found(scene, waiting)).settled_reason == "hold.expired_delivered"


async def test_silence_lets_go_no_longer_what_the_policy_in_force_would_not(scene: Scene) -> None:
    waiting = await held_mail(scene, hold={"expiresAfter": "12h", "then": "deliver"})
    await obey(scene, HOLDING)
    await expire(scene, waiting, after=timedelta(hours=12))
    after = await found(scene, waiting)
    assert (after.state, after.settled_reason) == (HoldState.REFUSED, "hold.expired_refused")


async def test_a_webhook_that_asks_for_held_mail_is_told_why_and_nothing_it_says(scene: Scene) -> None:
    async with http_receiver() as receiver:
        async with scene.house.db.transaction(TENANT) as tx:
            await act.add(tx, scene.house, scene.account, receiver.url, events=act.CHOICES)
        waiting = await held_mail(scene, "The nightingale sings.")
        await scene.tell()
        [(_, before)] = receiver.requests
        assert b"rule.held" in before
        assert b"nightingale" not in before
        assert b"The meeting" not in before
        await journey.release(TENANT, waiting, YES, scene.house, digest=None)
        await scene.tell()
        assert b"nightingale" in receiver.requests[-1][1]


# Asking people.


async def test_each_approver_is_mailed_a_link_of_their_own_which_quotes_nothing(scene: Scene, sink: Sink) -> None:
    house = replace(scene.house, public_url="https://mail.gatepost.test/")
    scene.house = house
    async with house.db.transaction(TENANT) as tx:
        officer, _, author = [
            await access.add_person(tx, Address.parse(address), role, at=scene.clock.now, entropy=house.entropy)
            for address, role in (
                ("officer@example.org", access.Role.APPROVER),
                ("auditor@example.org", access.Role.AUDITOR),
                (str(BOSS), access.Role.OWNER),
            )
        ]
    waiting = await held_mail(scene, "The nightingale sings.")
    async with house.db.transaction(TENANT) as tx:
        rows = await tx.all("select kind, key, body from job where tenant = %(tenant)s and kind = 'hold.ask'")
    for row in rows:
        await journey.outgoing(house)[row.kind](job(Promise(row.kind, row.key, row.body)))
    [mail] = sink.mails  # not the auditor, and not whoever wrote it
    assert mail.rcpt_tos == ["officer@example.org"]
    assert b"nightingale" not in mail.content
    assert b"boss" not in mail.content
    assert b"DKIM-Signature" in mail.content
    [token] = re.findall(rb"https://mail.gatepost.test/approve/(\S+)", mail.content)
    found_link = link.read(token.decode(), house.keyring, now=scene.clock.now)
    assert found_link == link.Link(TENANT, waiting, officer.id, (await found(scene, waiting)).expires_at)
    assert author.id not in {row.body["person"] for row in rows} or len(sink.mails) == 1
    await journey.release(TENANT, waiting, NO, house, digest=None)
    for row in rows:
        await journey.outgoing(house)[row.kind](job(Promise(row.kind, row.key, row.body)))
    assert len(sink.mails) == 1  # nobody is asked about what is over


async def test_a_mail_that_is_not_taken_yet_is_sent_again_and_without_a_url_nobody_is_asked(
    scene: Scene, sink: Sink
) -> None:
    sink.rcpt_reply = "451 later"
    async with scene.house.db.transaction(TENANT) as tx:
        officer = await access.add_person(
            tx,
            Address.parse("officer@example.org"),
            access.Role.APPROVER,
            at=scene.clock.now,
            entropy=scene.house.entropy,
        )
    waiting = await held_mail(scene)
    promise = Promise(ask.ASK, "x", {"hold": waiting, "person": officer.id})
    await journey.outgoing(scene.house)[ask.ASK](job(promise))
    house = replace(scene.house, public_url="https://mail.gatepost.test")
    with pytest.raises(TryAgainError):
        await journey.outgoing(house)[ask.ASK](job(promise))
    assert sink.mails == []
