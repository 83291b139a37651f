"""The front door on real PostgreSQL: what is appended shows, joined with what followed."""

from dataclasses import replace

import pytest

import singly
from gatepost import record
from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.decide.paper import Decided, Disposition, Outcome
from gatepost.decide.reasons import Reason
from gatepost.ids import AccountId, EntryId, TenantId, ThreadId
from gatepost.record import AuditQuery, AuditRow, UnrecordableError, store
from gatepost.record.indexer import Indexer
from gatepost.record.paper import Json, Kind, Recorded
from gatepost.record.publish import Sequencer
from gatepost.verify.paper import Result
from record.papers import ACCOUNT, TENANT, consequence, counting, decision, email_id, inbound, outbound

QUERY = AuditQuery(account=ACCOUNT, limit=50)


@pytest.fixture
def entropy() -> Entropy:
    return counting()


async def write(db: Database, decided: Decided, entropy: Entropy, *, thread: ThreadId | None = None) -> Recorded:
    async with db.transaction(decided.arrived.tenant) as tx:
        return await singly.append(tx, decided, entropy=entropy, thread=thread)


async def rows(db: Database, query: AuditQuery = QUERY, *, tenant: TenantId = TENANT) -> list[AuditRow]:
    async with db.transaction(tenant) as tx:
        return await record.audit_rows(tx, query)


async def test_a_decision_is_shown_as_it_was_taken(db: Database, entropy: Entropy) -> None:
    recorded = await write(db, inbound(), entropy, thread=ThreadId("th_1"))
    (row,) = await rows(db)
    arrived, decided = recorded.arrived, recorded.decision
    assert (row.entry,) == recorded.entries
    assert (row.email, row.thread, row.account) == (arrived.email, "th_1", ACCOUNT)
    assert (row.sender, row.recipient, row.mail_from) == (
        "boss@corp.example",
        "agent@house.example",
        "bounces@corp.example",
    )
    assert (row.remote_address, row.tls, row.size_octets) == ("192.0.2.7", "TLSv1.3", len(arrived.raw))
    assert (row.disposition, row.outcome, row.reason) == (Disposition.DELIVER, Outcome.DELIVERED, "rule.matched")
    assert (row.spf, row.dkim, row.dmarc, row.arc) == (Result.PASS, Result.PASS, Result.PASS, Result.NONE)
    assert (row.grant, row.trace, row.policy_version) == (decided.grant, decided.trace, 3)
    assert (row.received_at, row.policy_digest) == (arrived.received_at, decided.policy_digest)
    assert (row.leaf_index, row.body_hash, row.reply_sent, row.tokens_consumed) == (None, None, None, None)


async def test_each_recipient_has_a_row(db: Database, entropy: Entropy) -> None:
    recorded = await write(db, inbound(rcpt_to=("a@h.example", "b@h.example", "c@h.example")), entropy)
    shown = await rows(db)
    assert [row.recipient for row in shown] == ["c@h.example", "b@h.example", "a@h.example"]
    assert [row.entry for row in shown] == sorted(recorded.entries, reverse=True)


async def test_a_guards_own_reason_is_the_rows_reason(db: Database, entropy: Entropy) -> None:
    judged = decision(
        disposition=Disposition.REJECT,
        outcome=Outcome.REJECTED_AT_CONTENT_GUARD,
        reason=Reason.CONTENT_GUARD,
        detail="prompt_injection_suspected",
        grant=None,
        body_hash_wanted=True,
    )
    await write(db, inbound(decided=judged), entropy)
    (row,) = await rows(db)
    assert (row.reason, row.grant) == ("prompt_injection_suspected", None)
    assert row.body_hash is not None


async def test_a_hold_shows_once_it_is_settled(db: Database, entropy: Entropy) -> None:
    await write(db, inbound(decided=decision(disposition=Disposition.HOLD)), entropy)
    assert await rows(db) == []
    await write(db, inbound(decided=decision()), entropy)
    assert [row.disposition for row in await rows(db)] == [Disposition.DELIVER]


async def test_rows_are_paged_and_filtered(db: Database, entropy: Entropy) -> None:
    refused = decision(disposition=Disposition.REJECT, outcome=Outcome.REJECTED_AT_POLICY)
    for number in range(1, 6):
        judged = refused if number == 4 else decision()
        await write(db, inbound(number, decided=judged), entropy, thread=ThreadId(f"th_{number % 2}"))
    everything = await rows(db)
    assert [row.email for row in everything] == [email_id(number) for number in (5, 4, 3, 2, 1)]
    page = await rows(db, replace(QUERY, limit=2, before=everything[1].entry))
    assert [row.email for row in page] == [email_id(3), email_id(2)]
    assert [row.email for row in await rows(db, replace(QUERY, email=email_id(2)))] == [email_id(2)]
    assert len(await rows(db, replace(QUERY, thread=ThreadId("th_1")))) == 3
    assert [row.email for row in await rows(db, replace(QUERY, outcome=Outcome.REJECTED_AT_POLICY))] == [email_id(4)]


async def test_a_threads_rows_are_the_same_before_and_after_they_are_indexed(
    db: Database, entropy: Entropy, sequencer: Sequencer
) -> None:
    for number in range(1, 7):
        judged = decision(disposition=Disposition.HOLD) if number == 5 else decision()
        await write(db, inbound(number, decided=judged), entropy, thread=ThreadId(f"th_{number % 2}"))
    of_thread = replace(QUERY, thread=ThreadId("th_1"))
    before = await rows(db, of_thread)
    await sequencer.sequence(TENANT)
    assert await Indexer(db).index(TENANT) == 6
    after = await rows(db, of_thread)
    assert [row.email for row in after] == [row.email for row in before] == [email_id(3), email_id(1)]
    assert [row.email for row in await rows(db, replace(of_thread, before=after[0].entry))] == [email_id(1)]
    assert await rows(db, replace(of_thread, account=AccountId(8))) == []


async def test_another_account_and_another_tenant_see_nothing(db: Database, entropy: Entropy) -> None:
    await write(db, inbound(), entropy)
    assert await rows(db, replace(QUERY, account=AccountId(8))) == []
    assert await rows(db, tenant=TenantId("tn_b")) == []


async def note(
    db: Database, entropy: Entropy, kind: Kind, action: str, public: dict[str, Json], object_ref: str = ""
) -> EntryId:
    async with db.transaction(TENANT) as tx:
        made = consequence(kind, action, email=email_id(1), public=public, object_ref=object_ref)
        return await record.note(tx, made, entropy=entropy)


async def test_tokens_add_up_and_tools_are_listed(db: Database, entropy: Entropy) -> None:
    await write(db, inbound(), entropy)
    told: list[tuple[int, list[Json]]] = [(5, ["calendar"]), (7, [{"name": "write to Bob"}]), (0, [])]
    for tokens, tools in told:
        used = consequence(
            Kind.USAGE, "usage.reported", email=email_id(1), public={"tokens": tokens}, private={"tools": tools}
        )
        async with db.transaction(TENANT) as tx:
            await record.note(tx, used, entropy=entropy)
    (row,) = await rows(db)
    assert (row.tokens_consumed, row.tools_used) == (12, ["calendar", {"name": "write to Bob"}])


ENDS = [
    ("attempt.deferred", "deferred", "deferred"),
    ("attempt.deferred", "failed", "failed"),  # the last of many
    ("attempt.failed", "failed", "failed"),
    ("attempt.accepted", "sent", "sent"),
]


async def test_a_reply_shows_what_became_of_it(db: Database, entropy: Entropy) -> None:
    await write(db, inbound(), entropy)
    await write(db, outbound(2, answers=email_id(1)), entropy)
    queued: dict[str, Json] = {"submission": "su_1", "email": email_id(2)}
    await note(db, entropy, Kind.REPLY, "reply.queued", queued, "su_1")
    (row,) = await rows(db)
    expected = {
        "kind": "reply",
        "submission": "su_1",
        "email": email_id(2),
        "status": "queued",
        "at": "2026-11-20T12:00:00.000000Z",
        "reply_code": None,
        "count": 1,
    }
    assert row.reply_sent == expected
    for code, (action, state, status) in enumerate(ENDS, 450):
        await note(db, entropy, Kind.ATTEMPT, action, {"reply_code": code, "state": state}, "su_1")
        await note(db, entropy, Kind.ATTEMPT, "attempt.failed", {"reply_code": 550, "state": "failed"}, "su_other")
        (row,) = await rows(db)
        assert row.reply_sent == {**expected, "status": status, "reply_code": code}


async def test_a_consequence_names_the_decision_it_follows(db: Database, entropy: Entropy) -> None:
    first = await write(db, inbound(), entropy)
    reply = await write(db, outbound(2, answers=email_id(1)), entropy)
    used = await note(db, entropy, Kind.USAGE, "usage.reported", {"tokens": 1})
    async with db.transaction(TENANT) as tx:
        act = await record.note(tx, consequence(Kind.ACT, "policy.set"), entropy=entropy)
        found = await tx.all("select id, convert_from(leaf, 'UTF8')::jsonb -> 'prev_decision_ref' as ref from entry")
    assert {row.id: row.ref for row in found} == {
        first.entries[0]: None,
        reply.entries[0]: first.entries[0],
        used: first.entries[0],
        act: None,
    }


async def test_what_a_stranger_hides_in_a_name_is_kept_as_it_came(db: Database, entropy: Entropy) -> None:
    await write(db, inbound(helo="a\x00b\udc80\u2028'\"\\"), entropy)
    async with db.transaction(TENANT) as tx:
        (entry,) = await tx.all("select entry from opening")
        opening = await store.opening(tx, entry.entry)
    assert opening is not None
    assert opening["helo"]["value"] == "a\x00b\\udc80\u2028'\"\\"


async def test_values_that_are_no_json_are_refused_and_nothing_is_written(db: Database, entropy: Entropy) -> None:
    with pytest.raises(UnrecordableError):
        await note(db, entropy, Kind.USAGE, "usage.reported", {"tools": [float("nan")]})
    async with db.transaction(TENANT) as tx:
        assert (await tx.one("select count(*) as n from entry")).n == 0


async def test_what_rolls_back_was_never_recorded(db: Database, entropy: Entropy) -> None:
    async def delivery_fails() -> None:
        async with db.transaction(TENANT) as tx:
            await singly.append(tx, inbound(), entropy=entropy)
            raise RuntimeError("delivery failed")

    with pytest.raises(RuntimeError, match="delivery failed"):
        await delivery_fails()
    assert await rows(db) == []
