"""What is known about where a message goes, on a real PostgreSQL; no limit is passed however many come at once."""

import asyncio
from dataclasses import replace
from typing import Any

from msgspec import structs

import singly
from decide.scene import ACCOUNT, BOSS, NOON, TENANT, content, document, outbound
from decide.test_recall import KEY, THREAD, kept
from gatepost import decide
from gatepost.db import Database
from gatepost.decide import outbound_store
from gatepost.decide.paper import Counted, Decision, Disposition, Leaving
from gatepost.decide.reasons import Reason
from gatepost.ids import AccountId, EmailId
from gatepost.mail.address import Address
from gatepost.mail.reading import of_text
from gatepost.verify.paper import Verified

ALICE = Address("alice", "customer.example")


async def put(db: Database, outbound_part: dict[str, Any]) -> None:
    async with db.transaction(TENANT) as tx:
        await decide.put_policy(tx, ACCOUNT, {**document(), "outbound": outbound_part}, at=NOON, actor=KEY)


async def keep_parent(db: Database, **changes: Any) -> None:
    async with db.transaction(TENANT) as tx:
        await singly.keep(tx, kept(**changes))


async def meet(db: Database, *persons: Address, account: AccountId = ACCOUNT) -> None:
    async with db.transaction(TENANT) as tx:
        outbound_store.add_correspondents(tx, [outbound_store.Met(account, each.key, NOON) for each in persons])


async def leaving(db: Database, verified: Verified) -> Leaving:
    async with db.transaction(TENANT) as tx:
        _, facts = await singly.recall(tx, verified)
        return facts.leaving


async def send(db: Database, verified: Verified) -> Decision:
    """Judge and count one message in one transaction, as the journey does."""
    async with db.transaction(TENANT) as tx:
        policy, facts = await singly.recall(tx, verified)
        decided = decide.settle(verified, policy, facts)
        if decided.decision.disposition is Disposition.DELIVER:
            decide.charge_sent(tx, decided, THREAD, is_queued=True)
        return decided.decision


def saying(text: str, number: int = 1, **changes: Any) -> Verified:
    message = outbound(**changes)
    said = replace(message.evidence, content=content(text))
    return Verified(structs.replace(message.arrived, email=EmailId(f"em_out{number}")), said)


async def test_a_recipient_that_was_met_is_a_contact(db: Database) -> None:
    await keep_parent(db)
    assert (await leaving(db, saying("hi"))).contacts == frozenset()
    await meet(db, BOSS)
    await meet(db, ALICE, account=AccountId(8))
    assert (await leaving(db, saying("hi", to=[BOSS, ALICE]))).contacts == {BOSS.key}


async def test_whoever_is_sent_to_is_met_then(db: Database) -> None:
    await keep_parent(db)
    await send(db, saying("hi"))
    assert (await leaving(db, saying("hi", 2))).contacts == {BOSS.key}


async def test_what_is_held_counts_and_makes_no_contact(db: Database) -> None:
    await keep_parent(db)
    async with db.transaction(TENANT) as tx:
        policy, facts = await singly.recall(tx, saying("hi"))
        decide.charge_sent(tx, decide.settle(saying("hi"), policy, facts), THREAD, is_queued=False)
    found = await leaving(db, saying("hi", 2))
    assert (found.contacts, found.agent, found.replies) == (frozenset(), Counted(2, 2), Counted(2, 2))


async def test_the_thread_is_whoever_wrote_proven_in_it(db: Database) -> None:
    await put(db, {"recipients": {"thread": True}})
    await keep_parent(db)
    await keep_parent(db, id=EmailId("em_2"), author=ALICE, message_id="2@x")
    await keep_parent(db, id=EmailId("em_3"), author=Address("eve", "x.example"), message_id="3@x", is_proven=False)
    assert (await leaving(db, saying("hi"))).thread == {BOSS.key, ALICE.key}
    assert (await send(db, saying("hi", to=[BOSS, ALICE]))).reason is Reason.SEND_LISTED


async def test_other_correspondents_named_are_counted_and_no_strangers(db: Database) -> None:
    await put(db, {"otherCorrespondents": "hold"})
    await keep_parent(db, reading=of_text("is dave@known.example there?"))
    dave = Address("dave", "known.example")
    await meet(db, BOSS, dave)
    await meet(db, ALICE, account=AccountId(8))
    text = f"No. Ask {ALICE}, nobody@nowhere.example, {BOSS}, {dave} or agent@gate.example."
    assert (await leaving(db, saying(text))).others == 1
    assert (await send(db, saying(text))).reason is Reason.LEAK_CORRESPONDENT
    assert (await send(db, saying("No."))).reason is Reason.REPLY_TO_AUTHOR


async def test_whoever_wrote_in_the_thread_may_be_named_in_it(db: Database) -> None:
    """Only where ``recipients`` asked for the thread, too, was it known who that is."""
    await put(db, {"otherCorrespondents": "hold"})
    await keep_parent(db)
    await keep_parent(db, id=EmailId("em_2"), author=ALICE, message_id="2@x")
    await meet(db, BOSS, ALICE)
    assert (await leaving(db, saying(f"As {ALICE} said."))).others == 0


async def test_a_tag_hides_no_correspondent_and_makes_none_of_a_recipient(db: Database) -> None:
    await put(db, {"otherCorrespondents": "hold"})
    await keep_parent(db)
    await meet(db, ALICE, BOSS)
    assert (await leaving(db, saying("Ask alice+shop@customer.example."))).others == 1
    tagged = Address(f"{BOSS.local}+desk", BOSS.domain)
    assert (await leaving(db, saying(f"You are {tagged}, or {BOSS}.", to=[tagged]))).others == 0


async def test_nobody_is_looked_up_where_no_gate_asks(db: Database) -> None:
    await keep_parent(db)
    await meet(db, ALICE)
    assert (await leaving(db, saying(f"Ask {ALICE}"))).others == 0


async def test_too_many_addresses_are_unknown_and_stop_the_mail(db: Database) -> None:
    await put(db, {"otherCorrespondents": "reject"})
    await keep_parent(db)
    text = " ".join(f"u{number}@example.com" for number in range(1_100))
    assert (await leaving(db, saying(text))).others is None
    assert (await send(db, saying(text))).reason is Reason.LEAK_CORRESPONDENT


async def test_a_limit_is_kept_however_many_are_sent_at_once(db: Database) -> None:
    await put(db, {"rateLimit": {"perAgent": {"perHour": 5}}})
    await keep_parent(db)
    decisions = await asyncio.gather(*(send(db, saying(f"{number}", number)) for number in range(20)))
    sent = [one for one in decisions if one.disposition is Disposition.DELIVER]
    assert len(sent) == 5
    assert {one.reason for one in decisions} - {Reason.REPLY_TO_AUTHOR} == {Reason.SEND_RATE_AGENT}


async def test_the_fullest_recipient_and_domain_count(db: Database) -> None:
    await keep_parent(db)
    await send(db, saying("hi"))
    sales = Address("sales", "example.com")
    found = await leaving(db, saying("hi", 2, to=[BOSS, sales]))
    assert (found.recipient, found.domain, found.agent) == (Counted(2, 2), Counted(3, 3), Counted(3, 3))
