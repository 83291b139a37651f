"""Facts under a lock: what is read for which message, and that no limit is exceeded however many come at once."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from msgspec import structs

import singly
from decide.scene import ACCOUNT, AGENT, BOSS, NOON, TENANT, content, document, evidence, inbound, outbound, unproven
from gatepost import decide
from gatepost.arrive.paper import Direction
from gatepost.db import Database
from gatepost.decide.paper import Decision, Disposition, Facts
from gatepost.decide.reasons import Reason
from gatepost.decide.store import policy_place
from gatepost.ids import AccountId, BlobId, EmailId, KeyId, TenantId, ThreadId
from gatepost.keys import KeyStore
from gatepost.mail.address import Address
from gatepost.mail.reading import of_text
from gatepost.mailbox.paper import Email
from gatepost.verify.paper import Evidence, Verified

KEY = KeyId("ky_1")
THREAD = ThreadId("th_1")


async def put(db: Database, policy: dict[str, Any], *, tenant: TenantId = TENANT) -> decide.Stored:
    async with db.transaction(tenant) as tx:
        return await decide.put_policy(tx, ACCOUNT, policy, at=NOON, actor=KEY)


async def receive(db: Database, verified: Verified) -> Decision:
    """Judge and count one message in one transaction, as the journey does."""
    async with db.transaction(TENANT) as tx:
        (decided,) = decide.settle_all([verified], await decide.recall_all(tx, [verified]))
        if decided.decision.disposition is Disposition.DELIVER:
            decide.charge_all(tx, [decided])
        return decided.decision


async def recalled(db: Database, found: Evidence, **changes: Any) -> Facts:
    async with db.transaction(TENANT) as tx:
        _, facts = await singly.recall(tx, inbound(found, **changes))
        return facts


async def test_no_policy_is_no_policy(db: Database) -> None:
    assert (await receive(db, inbound())).reason is Reason.POLICY_MISSING
    await put(db, document(), tenant=TenantId("tn_b"))
    assert (await receive(db, inbound())).reason is Reason.POLICY_MISSING
    assert (await receive(db, inbound(account=AccountId(8)))).reason is Reason.POLICY_MISSING


async def test_the_newest_version_decides_and_is_named_in_the_decision(db: Database) -> None:
    first = await put(db, document())
    assert (await receive(db, inbound())).policy_version == first.version == 1
    second = await put(db, document({"address": "other@example.com"}))
    decision = await receive(db, inbound())
    assert (decision.policy_version, decision.policy_digest) == (2, second.digest)
    assert decision.reason is Reason.SENDER_UNMATCHED
    third = await put(db, document())
    assert third.digest == first.digest
    assert (await receive(db, inbound())).policy_version == 3


async def test_the_stored_document_is_what_its_author_wrote(db: Database) -> None:
    written = document({"address": "Boss@EXAMPLE.com"}, capabilities=["fly"])
    stored = await put(db, written)
    async with db.transaction(TENANT) as tx:
        assert await decide.get_policy(tx, ACCOUNT) == stored
    assert (stored.document, stored.warnings) == (written, ["unknown_capability:fly"])
    assert (await receive(db, inbound())).reason is Reason.RULE_MATCHED


async def test_a_document_with_faults_stores_nothing(db: Database) -> None:
    with pytest.raises(decide.PolicyError):
        await put(db, {"defaultAction": "bounce"})
    async with db.transaction(TENANT) as tx:
        assert await decide.get_policy(tx, ACCOUNT) is None


async def test_two_who_write_at_once_get_two_versions(db: Database) -> None:
    async with asyncio.TaskGroup() as group:
        writers = [group.create_task(put(db, document())) for _ in range(6)]
    assert sorted(writer.result().version for writer in writers) == [1, 2, 3, 4, 5, 6]


async def test_the_hour_slides(db: Database) -> None:
    await put(db, document(rateLimit={"perHour": 2}))
    for after_s, expected in [(0, True), (1800, True), (3599, False), (3600, True), (5399, False), (5400, True)]:
        decision = await receive(db, inbound(received_at=NOON + timedelta(seconds=after_s)))
        assert (decision.disposition is Disposition.DELIVER) is expected, after_s


async def test_refused_mail_does_not_count(db: Database) -> None:
    guard = {"reject": "never", "reason": "no"}
    await put(db, {**document(rateLimit={"perDay": 1}), "contentGuards": [guard]})
    bad = evidence(content=content("never"))
    assert (await receive(db, inbound(bad))).reason is Reason.CONTENT_GUARD
    assert (await receive(db, inbound(unproven()))).reason is Reason.SENDER_UNPROVEN
    assert (await receive(db, inbound())).reason is Reason.RULE_MATCHED
    assert (await receive(db, inbound())).reason is Reason.RATE_PER_DAY
    day_later = NOON + timedelta(days=1)
    assert (await receive(db, inbound(received_at=day_later))).reason is Reason.RULE_MATCHED


async def test_one_address_in_two_spellings_has_one_window(db: Database) -> None:
    await put(db, document({"domain": "example.com"}, rateLimit={"perHour": 1}))
    assert (await receive(db, inbound())).reason is Reason.RULE_MATCHED
    louder = evidence(author=Address("BOSS", "example.com"))
    assert (await receive(db, inbound(louder))).reason is Reason.RATE_PER_HOUR
    other = evidence(author=Address("other", "example.com"))
    assert (await receive(db, inbound(other))).reason is Reason.RULE_MATCHED


async def test_of_many_at_once_exactly_as_many_pass_as_the_limit_says(app_dsn: str, keys: KeyStore) -> None:
    async with Database.open(app_dsn, keys, size=16) as db:
        await put(db, document(rateLimit={"perHour": 5}))
        # Received in one order, judged in any other.
        mails = [inbound(email=EmailId(f"em_{n}"), received_at=NOON - timedelta(seconds=n)) for n in range(64)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(receive(db, mail)) for mail in mails]
    outcomes = [task.result().reason for task in tasks]
    assert outcomes.count(Reason.RULE_MATCHED) == 5
    assert outcomes.count(Reason.RATE_PER_HOUR) == 59


async def test_a_forger_neither_waits_on_nor_fills_the_windows_of_whom_it_forges(db: Database) -> None:
    await put(db, document(rateLimit={"perHour": 1}))
    async with db.transaction(TENANT) as holder:
        await singly.recall(holder, inbound())  # holds the boss's windows
        async with asyncio.timeout(5):
            assert (await receive(db, inbound(unproven()))).reason is Reason.SENDER_UNPROVEN


async def test_facts_are_counted_only_where_the_rule_has_a_limit(db: Database) -> None:
    await put(db, document())
    await receive(db, inbound())
    assert await recalled(db, evidence()) == Facts()
    await put(db, document(rateLimit={"perDay": 9}))
    assert await recalled(db, evidence()) == Facts(messages_hour=1, messages_day=1)


async def test_spent_tokens_reach_the_facts(db: Database) -> None:
    await put(db, document(tokenBudget={"perDay": 100}))
    async with db.transaction(TENANT) as tx:
        await decide.charge_tokens(tx, account=ACCOUNT, sender="Boss@Example.com", thread=THREAD, tokens=100, at=NOON)
    assert (await recalled(db, evidence())).tokens_day == 100
    assert (await receive(db, inbound())).reason is Reason.BUDGET_PER_DAY


async def test_tokens_cannot_be_given_back(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        with pytest.raises(ValueError, match="negative"):
            await decide.charge_tokens(tx, account=ACCOUNT, sender=str(BOSS), thread=THREAD, tokens=-1, at=NOON)


async def test_postmaster_mail_asks_nothing_and_counts_nowhere(db: Database) -> None:
    await put(db, document(rateLimit={"perHour": 1}))
    for _ in range(2):
        assert (await receive(db, inbound(is_postmaster=True))).reason is Reason.POSTMASTER_OPEN
    assert (await receive(db, inbound())).reason is Reason.RULE_MATCHED


async def test_an_answer_to_nothing_has_no_parent(db: Database) -> None:
    orphan = inbound(direction=Direction.OUTBOUND)
    async with db.transaction(TENANT) as tx:
        policy, facts = await singly.recall(tx, orphan)
        _, other = await singly.recall(tx, outbound())
    assert (policy, facts.answered, other.answered) == (None, None, None)


def kept(**changes: Any) -> Email:
    """Return the message that ``scene.outbound`` answers."""
    email = Email(
        id=EmailId("em_parent"),
        account=ACCOUNT,
        thread=THREAD,
        blob=BlobId("00"),
        size_octets=1,
        received_at=NOON,
        author=BOSS,
        recipient=AGENT,
        reply_to=(Address("sales", "example.com"),),
        subject="lunch",
        reading=of_text("hello"),
        message_id="parent@example.com",
        references=(),
        is_proven=True,
        is_automatic=False,
        capabilities=(),
        verification={},
    )
    return structs.replace(email, **changes)


@pytest.mark.parametrize(
    ("parent", "reason"),
    [
        (kept(), Reason.REPLY_TO_AUTHOR),
        (kept(is_proven=False), Reason.REPLY_UNPROVEN_PARENT),
        (kept(account=AccountId(8)), Reason.REPLY_UNKNOWN_PARENT),
        (kept(author=Address("other", "example.org")), Reason.REPLY_FOREIGN_RECIPIENT),
    ],
)
async def test_an_answer_is_judged_by_the_message_it_answers(db: Database, parent: Email, reason: Reason) -> None:
    async with db.transaction(TENANT) as tx:
        await singly.keep(tx, parent)
    assert (await receive(db, outbound())).reason is reason


async def test_an_answer_may_follow_a_reply_to_of_the_authors_organisation(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await singly.keep(tx, kept())
    assert (await receive(db, outbound([Address("sales", "example.com")]))).reason is Reason.REPLY_TO_AUTHOR
    notice = outbound([Address("sales", "example.com")], is_notice=True)
    assert (await receive(db, notice)).reason is Reason.REPLY_FOREIGN_RECIPIENT


async def test_a_threads_budget_counts_what_was_spent_on_any_message_of_it(db: Database) -> None:
    await put(db, document({"domain": "example.com"}, tokenBudget={"perThread": 100}))
    async with db.transaction(TENANT) as tx:
        await singly.keep(tx, kept())
        other = "other@example.com"
        await decide.charge_tokens(tx, account=ACCOUNT, sender=other, thread=THREAD, tokens=100, at=NOON)
    in_thread = evidence(content=content(references=("parent@example.com",), message_id="next@example.com"))
    assert (await receive(db, inbound(in_thread))).reason is Reason.BUDGET_PER_THREAD
    elsewhere = inbound(email=EmailId("em_elsewhere"))
    assert (await receive(db, elsewhere)).reason is Reason.RULE_MATCHED


async def test_a_rate_per_domain_or_per_rule_counts_all_it_is_for(db: Database) -> None:
    for limit in ({"perHour": 2, "per": "domain"}, {"perHour": 3, "per": "rule"}):
        await put(db, document({"domain": "example.com", "subdomains": True}, name="all", rateLimit=limit))
        outcomes = []
        for number in range(5):
            author = evidence(author=Address(f"a{number}", "example.com"))
            outcomes.append((await receive(db, inbound(author))).reason)
        assert outcomes.count(Reason.RULE_MATCHED) == limit["perHour"]
        assert set(outcomes[int(str(limit["perHour"])) :]) == {Reason.RATE_PER_HOUR}


async def test_an_author_is_new_until_something_of_theirs_was_delivered(db: Database) -> None:
    written = document(when={"firstTime": True}, labels=["new"])
    written["senders"].append({"match": {"address": "boss@example.com"}, "labels": ["known"]})
    await put(db, written)
    assert (await receive(db, inbound(unproven()))).reason is Reason.SENDER_UNPROVEN
    assert [(await receive(db, inbound())).labels for _ in range(3)] == [("new",), ("known",), ("known",)]
    much_later = NOON + timedelta(days=400)
    await decide.forget_counts(db, much_later)
    assert (await receive(db, inbound(received_at=much_later))).labels == ("known",)
    assert (await receive(db, inbound(account=AccountId(8)))).reason is Reason.POLICY_MISSING


async def test_of_many_first_messages_at_once_one_is_the_first(app_dsn: str, keys: KeyStore) -> None:
    written = document(when={"firstTime": True}, labels=["new"])
    written["senders"].append({"match": {"address": "boss@example.com"}})
    async with Database.open(app_dsn, keys, size=8) as db:
        await put(db, written)
        mails = [inbound(email=EmailId(f"em_{n}")) for n in range(16)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(receive(db, mail)) for mail in mails]
    assert sorted(task.result().labels for task in tasks) == [()] * 15 + [("new",)]


async def test_the_same_message_come_again_is_known_for_a_week(db: Database) -> None:
    written = document(when={"replayed": True}, action="reject")
    written["senders"].append({"match": {"domain": "example.com"}})
    await put(db, written)
    signed = content(message_id="1@example.com")

    async def again(**changes: Any) -> Reason:
        raw = changes.pop("raw", b"Received: elsewhere\r\n\r\nhello")
        found = evidence(content=changes.pop("content", signed), author=changes.pop("author", BOSS))
        return (await receive(db, inbound(found, raw=raw, **changes))).reason

    assert await again() is Reason.RULE_MATCHED
    assert await again(raw=b"Received: by another way\r\n\r\nhello") is Reason.RULE_REJECTED
    assert await again(raw=b"\r\nhello you") is Reason.RULE_MATCHED
    assert await again(content=content(message_id="2@example.com")) is Reason.RULE_MATCHED
    assert await again(author=Address("other", "example.com")) is Reason.RULE_MATCHED
    assert await again(received_at=NOON + timedelta(days=6, hours=23)) is Reason.RULE_REJECTED
    assert await again(received_at=NOON + timedelta(days=7)) is Reason.RULE_MATCHED


async def test_an_answer_to_what_we_sent_is_known_by_its_recipient_and_by_nobody_else(db: Database) -> None:
    await put(db, document({"answersUs": True}))
    async with db.transaction(TENANT) as tx:
        await singly.keep(tx, kept())
    ours = outbound()
    ours = replace(ours, evidence=replace(ours.evidence, content=content(message_id="ours@gate.example")))
    assert (await receive(db, ours)).reason is Reason.REPLY_TO_AUTHOR
    answer = content(references=("parent@example.com", "ours@gate.example"))
    assert (await receive(db, inbound(evidence(content=answer)))).reason is Reason.RULE_MATCHED
    stranger = evidence(content=answer, author=Address("other", "example.com"))
    assert (await receive(db, inbound(stranger))).reason is Reason.SENDER_UNMATCHED
    elsewhere = evidence(content=content(references=("parent@example.com",)))
    assert (await receive(db, inbound(elsewhere))).reason is Reason.SENDER_UNMATCHED


async def test_the_tenants_policy_stands_above_each_of_its_mailboxes(db: Database) -> None:
    await put(db, document())
    for account, tenant in ((decide.TENANT_WIDE, TENANT), (decide.TENANT_WIDE, TenantId("tn_b"))):
        async with db.transaction(tenant) as tx:
            written = document({"domain": "example.com"}, action="hold")
            await decide.put_policy(tx, account, written, at=NOON, actor=KEY)
    decision = await receive(db, inbound())
    assert (decision.reason, decision.tenant_policy_version) == (Reason.RULE_HELD, 1)
    limited = document({"domain": "example.com"}, name="all", rateLimit={"perHour": 1, "per": "rule"})
    async with db.transaction(TENANT) as tx:
        await decide.put_policy(tx, decide.TENANT_WIDE, limited, at=NOON, actor=KEY)
    assert [(await receive(db, inbound())).reason for _ in range(2)] == [Reason.RULE_MATCHED, Reason.RATE_PER_HOUR]


@pytest.mark.parametrize("account", [ACCOUNT, decide.TENANT_WIDE])
async def test_a_stored_policy_this_release_cannot_read_decides_nothing(
    db: Database, owner_dsn: str, account: AccountId
) -> None:
    await put(db, document())
    async with db.transaction(TENANT) as tx:
        await decide.put_policy(tx, decide.TENANT_WIDE, document({"domain": "example.com"}), at=NOON, actor=KEY)
    sealed = db.keys.vault(TENANT).seal_lasting(policy_place(account, 1), b'{"document": {}, "warnings": []}')
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("update policy set sealed = %s, digest = 'unknown' where account = %s", [sealed, account])
    with pytest.raises(decide.PolicyUnreadableError):
        await receive(db, inbound())
