"""What must hold after every journey and every fault, whatever happened: ``check`` looks at all a tenant has.

It reads the tables and the files by itself and believes no room; only the log is walked by the house's own verifier,
which is held to an outsider's in ``tests/ledger`` and ``tests/tools``.
"""

import asyncio
import base64
import hashlib
import json
from collections import defaultdict
from collections.abc import Collection
from types import SimpleNamespace
from typing import Any, LiteralString

import pytest

from gatepost import mailbox
from gatepost.act import petition
from gatepost.act.hosted import approvals, asking, worker
from gatepost.db import Transaction
from gatepost.deliver import ask, hold, send
from gatepost.ids import BlobId, EmailId, TenantId
from gatepost.journey import House
from gatepost.record.check import verify_log
from gatepost.record.commitment import commit
from gatepost.record.publish import Sequencer

_ABOUT: dict[str, LiteralString] = {
    ask.ASK: "select from hold where tenant = %(tenant)s and id = %(hold)s and %(person)s::text is not null",
    petition.ASK: (
        "select from petition where tenant = %(tenant)s and id = %(petition)s and %(person)s::text is not null"
    ),
    worker.TURN: "select from email where tenant = %(tenant)s and id = %(email)s",
    asking.ASK: (
        "select from turn_step where tenant = %(tenant)s and turn = %(turn)s and step = %(step)s"
        " and place = %(place)s and %(person)s::text is not null"
    ),
    approvals.LAPSE: "select from turn where tenant = %(tenant)s and id = %(turn)s",
    hold.EXPIRE: "select from hold where tenant = %(tenant)s and id = %(hold)s",
    send.KIND: "select from submission where tenant = %(tenant)s and id = %(submission)s",
    send.FAILED: (
        "select from submission where tenant = %(tenant)s and id = %(submission)s and state = 'failed'"
        " and %(status)s <> '' and %(reply_code)s >= 0"
    ),
}


SETTLED_WITHIN = 10
"""How often the log is looked at before an entry without a place in it is a fault."""


async def check(house: House, tenant: TenantId, sequencer: Sequencer | None = None) -> None:
    """Fail with the first law that is broken.

    Args:
        house: what is looked at.
        tenant: whose part of it.
        sequencer: gives the newest entries their places. A house that has a second store needs one that writes there:
            without it the first store stands for both.
    """
    origin = f"{house.hostname}/log"
    one = sequencer or Sequencer(house.db, house.blobs, house.blobs, house.keyring, house.clock, house.entropy, origin)
    await one.sequence(tenant)
    async with house.db.transaction(tenant) as tx:
        decisions = await _decisions(tx)
        await _mail_has_its_decision(tx, decisions)
        abandoned = await _what_waits_was_held(tx, decisions)
        await _a_promise_has_its_row(tx)
        await _a_submission_has_its_decision(tx, decisions)
    await _bodies_are_what_was_committed(house, tenant, decisions, abandoned)
    await _the_log_is_whole(house, tenant)


async def _decisions(tx: Transaction) -> dict[str, list[Any]]:
    """Return every decision with its leaf and opening, by email."""
    rows = await tx.all(
        "select decided.*, entry.leaf, opening.ref, opening.sealed from decision_row as decided"
        " join entry on entry.id = decided.entry left join opening on opening.entry = decided.entry"
        " where decided.tenant = %(tenant)s order by decided.entry"
    )
    assert len(rows) == (await tx.one("select count(*) from decision_row where tenant = %(tenant)s")).count
    found: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        opening = json.loads(tx.vault.open(f"opening/{row.ref}", row.sealed))
        if found[row.email] and found[row.email][0].disposition == "hold" and row.disposition != "hold":
            found[row.email].clear()  # somebody ruled on it: the later decision is the one that counts
        found[row.email].append(SimpleNamespace(**row._asdict(), opening=opening))
    return found


async def _what_waits_was_held(tx: Transaction, decisions: dict[str, list[Any]]) -> set[str]:
    """Return the emails whose wait ended with no second decision."""
    holds = {row.email: row for row in await tx.all("select * from hold where tenant = %(tenant)s")}
    for email, rows in decisions.items():
        is_held = rows[0].disposition == "hold"
        assert not is_held or email in holds, f"{email}: held, and nothing waits"
    for email, row in holds.items():
        last = decisions[email][0].disposition
        ends = {"waiting": {"hold"}, "released": {"deliver"}, "refused": {"discard", "reject", "hold"}}
        assert last in ends[row.state], f"{row.id} is {row.state}, and was decided to {last}"
    crowd = {row.email for row in await tx.all("select email from waiting_message where tenant = %(tenant)s")}
    assert crowd == {email for email, row in holds.items() if row.state == "waiting"}, "another crowd than waits"
    return {
        email for email, row in holds.items() if row.state == "refused" and decisions[email][0].disposition == "hold"
    }


async def _mail_has_its_decision(tx: Transaction, decisions: dict[str, list[Any]]) -> None:
    kept = {row.id: row for row in await tx.all("select * from email where tenant = %(tenant)s")}
    for email, rows in decisions.items():
        recipients = [row.opening["recipient"]["value"] for row in rows]
        assert len(recipients) == len(set(recipients)), f"{email}: a recipient has two decisions"
        assert len({(row.disposition, row.outcome, row.reason) for row in rows}) == 1, f"{email}: recipients disagree"
        is_kept = rows[0].direction == "inbound" and rows[0].disposition == "deliver"
        assert (email in kept) == is_kept, f"{email}: decided {rows[0].disposition}, kept: {email in kept}"
    for email, row in kept.items():
        assert email in decisions, f"{email}: kept without a decision"
        openings = [decided.opening for decided in decisions[email]]
        content = json.loads(tx.vault.open(f"email/{row.id}", row.sealed))
        assert {opening["blob"]["value"] for opening in openings} == {content["blob"]}
        assert content["recipient"] in [opening["recipient"]["value"] for opening in openings]
    counted = await tx.all("select email from delivered_message where tenant = %(tenant)s")
    assert {row.email for row in counted} <= set(kept), "mail that was not kept counts in a window"
    assert len({row.email for row in counted}) == len(counted), "one mail counts twice"


async def _a_promise_has_its_row(tx: Transaction) -> None:
    jobs = await tx.all(
        "select kind, body from job where tenant = %(tenant)s"
        " union all select kind, body from dead_job where tenant = %(tenant)s"
    )
    for job in jobs:
        assert await tx.maybe(_ABOUT[job.kind], **job.body) is not None, f"{job.kind} {job.body}: about nothing"
    lost = await tx.all(
        "select event.id from event where tenant = %(tenant)s and email is not null and not exists (select from"
        " decision_row as decided where decided.tenant = %(tenant)s and decided.email = event.email)"
        " union all select event from telling where tenant = %(tenant)s and not exists (select from event where"
        " event.tenant = %(tenant)s and event.id = telling.event)"
    )
    assert lost == [], f"{lost[0].id}: about nothing"


async def _a_submission_has_its_decision(tx: Transaction, decisions: dict[str, list[Any]]) -> None:
    submissions = await tx.all("select * from submission where tenant = %(tenant)s")
    for row in submissions:
        decided = decisions[row.email][0]  # those of the other recipients say the same
        assert (decided.direction, decided.disposition) == ("outbound", "deliver"), f"{row.id}: sent without leave"
        assert (decided.in_reply_to or row.email) == row.answers
        content = json.loads(tx.vault.open(f"submission/{row.id}", row.sealed))
        assert decided.opening["blob"]["value"] == content["blob"]
        queued = await tx.all(
            "select entry.leaf from consequence join entry on entry.id = consequence.entry"
            " where consequence.tenant = %(tenant)s and consequence.email = %(answers)s and action like '%%.queued'",
            answers=row.answers,
        )
        named = [json.loads(each.leaf)["object_ref"] for each in queued]
        assert named.count(row.id) == 1, f"{row.id}: {named.count(row.id)} entries say it was queued"
    sent = {row.email for row in submissions}
    for email, rows in decisions.items():
        if rows[0].direction == "outbound":
            assert (email in sent) == (rows[0].disposition == "deliver"), f"{email}: {rows[0].disposition}"
    claims = await tx.all("select submission from submission_claim where tenant = %(tenant)s")
    held = await tx.all("select id from hold where tenant = %(tenant)s and direction = 'outbound'")
    sent_or_held = {row.id for row in submissions} | {f"su_{row.id.removeprefix('ho_')}" for row in held}
    assert {row.submission for row in claims} <= sent_or_held


async def _bodies_are_what_was_committed(
    house: House, tenant: TenantId, decisions: dict[str, list[Any]], abandoned: Collection[str]
) -> None:
    for rows in decisions.values():
        for row in rows:
            leaf = json.loads(row.leaf)
            for name, opened in row.opening.items():
                found = commit(name, base64.b64decode(opened["salt"]), opened["value"])
                assert leaf["c"][name] == base64.b64encode(found).decode(), f"{row.email}: {name} does not open"
            blob = BlobId(row.opening["blob"]["value"])
            reading = mailbox.read_body(house.db, house.blobs, tenant, EmailId(row.email), blob)
            if row.disposition not in {"deliver", "hold"} or row.email in abandoned:
                with pytest.raises(mailbox.BodyMissingError):  # of refused mail nothing is kept but the entry
                    await reading
                continue
            raw = await reading  # raises where it is missing or changed
            assert len(raw) == leaf["decision"]["size_octets"]
            if "body_hash" in row.opening:
                body = raw.split(b"\r\n\r\n", 1)[1] if b"\r\n\r\n" in raw else b""
                assert row.opening["body_hash"]["value"] == hashlib.sha256(body).hexdigest()


async def _the_log_is_whole(house: House, tenant: TenantId) -> None:
    for left in range(SETTLED_WITHIN, 0, -1):  # a house that is up may write an entry between two of these questions
        report = await verify_log(house.db, house.blobs, tenant)
        assert report.is_sound, "; ".join(report.findings)
        async with house.db.transaction(tenant) as tx:
            entries = (await tx.one("select count(*) from entry where tenant = %(tenant)s")).count
            waiting = (await tx.one("select count(*) from unsequenced where tenant = %(tenant)s")).count
        if (report.size, waiting) == (entries, 0):
            return
        assert left > 1, f"{report.size} leaves for {entries} entries, {waiting} waiting"
        await asyncio.sleep(0.5)
