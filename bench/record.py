"""Fill a record with millions of entries through the house's own door, and measure how its pages are found.

    python bench/record.py [--entries 5000000] [--folder FOLDER]

Every entry is written by ``record.append_all`` and ``record.note_all``, in batches: real leaves, real commitments, real
seals. With ``--folder`` what is written stays there, and another run goes on where this one ended.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import psycopg
import uvloop

from gatepost import ids, record
from gatepost.app.process import settle_in
from gatepost.arrive.paper import Arrived, Peer, Tls
from gatepost.blobs import address_of
from gatepost.db import Database
from gatepost.db.launcher import Cluster, find_binaries
from gatepost.db.migrate import migrate
from gatepost.decide.paper import Decided, Decision, Disposition, Grant, Outcome, Step
from gatepost.decide.reasons import Reason
from gatepost.domains.paper import Destination
from gatepost.ids import AccountId, EmailId, TenantId, ThreadId
from gatepost.keys import KeyStore
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope
from gatepost.record import log_store, search, word_store
from gatepost.record.indexer import Indexer
from gatepost.record.paper import Consequence, Kind
from gatepost.record.search import Page, Sought
from gatepost.record.word_store import Place
from gatepost.verify.paper import (
    ArcVerdict,
    Content,
    DkimVerdict,
    DmarcVerdict,
    Evidence,
    ModelView,
    Reading,
    Result,
    SpfVerdict,
    Verified,
)

TENANT = TenantId("tn_bench")
BATCH = 1000
AT_ONCE = 1000
TURNS = 12
ACCOUNTS = 40
SENDERS = 20_000
BEGAN = datetime(2025, 11, 1, tzinfo=UTC)
APART = timedelta(seconds=6)  # 5 million of them are a year
RAW = b"From: somebody\r\nSubject: an order\r\n\r\nHello\r\n"
BLOB = address_of(RAW)
FATES = (
    (Disposition.DELIVER, Outcome.DELIVERED, Reason.RULE_MATCHED, 760),
    (Disposition.REJECT, Outcome.REJECTED_AT_POLICY, Reason.SENDER_UNMATCHED, 150),
    (Disposition.REJECT, Outcome.REJECTED_AT_VERIFICATION, Reason.SENDER_UNPROVEN, 60),
    (Disposition.REJECT, Outcome.REJECTED_AT_CONTENT_GUARD, Reason.CONTENT_GUARD, 19),
    (Disposition.DEFER, Outcome.RATE_LIMITED, Reason.RATE_PER_HOUR, 10),
    (Disposition.DEFER, Outcome.BUDGET_EXHAUSTED, Reason.BUDGET_PER_DAY, 1),
)
EVIDENCE = Evidence(
    author=None,
    author_problem="",
    spf=SpfVerdict(Result.PASS, "corp.example", "mailfrom"),
    helo=SpfVerdict(Result.NONE, "mx.corp.example", "helo"),
    dkim=(DkimVerdict(Result.PASS, "corp.example", "s1", "rsa-sha256", is_aligned=True),),
    dmarc=DmarcVerdict(Result.PASS, "corp.example", "reject", "corp.example"),
    arc=ArcVerdict(Result.NONE),
    is_aligned=True,
    is_unsettled=False,
    content=Content(
        subject="an order",
        plain="Hello",
        html="",
        reading=Reading("Hello", ModelView("Hello")),
        message_id="",
        references=(),
        reply_to=(),
    ),
)
PEER = Peer(IPv4Address("192.0.2.7"), "mx.corp.example", Tls("TLSv1.3", "TLS_AES_128_GCM_SHA256"))


def decisions() -> list[Decision]:
    """Return a thousand decisions, as often each as its fate."""
    return [
        Decision(
            disposition=disposition,
            outcome=outcome,
            reason=reason,
            detail="payment details" if reason is Reason.CONTENT_GUARD else "",
            grant=Grant(("read_calendar",), 0) if disposition is Disposition.DELIVER else None,
            policy_version=3,
            policy_digest="ab" * 32,
            trace=(Step("rule", "senders[0]"), Step("assurance", "pass")),
        )
        for disposition, outcome, reason, share in FATES
        for _ in range(share)
    ]


class Writer:
    """Makes up the life of a busy house; the same from the same number on."""

    def __init__(self) -> None:
        self._decisions = decisions()
        self._senders = [Address.parse(f"sender{at}@corp{at % 400}.example") for at in range(SENDERS)]
        self._agents = [Address.parse(f"agent{at}@house.example") for at in range(ACCOUNTS)]

    def decided(self, number: int, chance: random.Random) -> tuple[Decided, ThreadId]:
        """Return message ``number`` and the thread it lies in; some senders write far more than others."""
        sender = self._senders[min(int(SENDERS * chance.random() ** 4), SENDERS - 1)]
        at = chance.randrange(ACCOUNTS)
        arrived = Arrived.by_smtp(
            email=EmailId(ids.token("em", number.to_bytes(10, "big"))),
            destination=Destination(TENANT, AccountId(at + 1)),
            envelope=Envelope(sender, (self._agents[at],)),
            peer=PEER,
            raw=RAW,
            blob=BLOB,
            received_at=BEGAN + number * APART,
        )
        seen = replace(EVIDENCE, author=sender, content=replace(EVIDENCE.content, message_id=f"m{number}@corp.example"))
        thread = ThreadId(ids.token("th", (number // 3).to_bytes(10, "big")))
        return Decided(Verified(arrived, seen), chance.choice(self._decisions)), thread

    def followed(self, number: int, email: EmailId) -> Iterator[Consequence]:
        """Yield what follows from message ``number``: tokens for every seventh, an act of a person for every 500th."""
        at = BEGAN + number * APART + timedelta(seconds=1)
        if number % 7 == 0:
            yield Consequence(
                kind=Kind.USAGE,
                action="usage.reported",
                actor=f"ky_agent{number % 20}",
                at=at,
                account=AccountId(number % ACCOUNTS + 1),
                email=email,
                public={"tokens": 100, "is_signed": False},
                private={"tools": ["calendar"]},
            )
        if number % 500 == 0:
            yield Consequence(
                kind=Kind.ACT,
                action="policy.set",
                actor=f"ky_person{number // 500 % 9}",
                at=at,
                account=AccountId(1),
                object_ref="1",
                public={"policy_version": number // 500 + 1},
                private={"policy_digest": "0" * 64},
            )


async def fill(db: Database, count: int) -> None:
    """Write entries until there are ``count``; print how fast."""
    writer = Writer()
    async with db.transaction(TENANT) as tx:
        row = await tx.one("select count(*) as have, max(id) as last from entry where tenant = %(tenant)s")
    have, number = int(row.have), int(row.last or 0)
    began_s, began_cpu_s, before = time.monotonic(), time.process_time(), have
    while have < count:
        chance = random.Random(number)  # noqa: S311  # repeatable, not secret
        batch = [writer.decided(number + each, chance) for each in range(BATCH)]
        async with db.transaction(TENANT) as tx:
            await record.append_all(tx, [one for one, _ in batch], [thread for _, thread in batch], entropy=os.urandom)
            acts = [act for at, (one, _) in enumerate(batch, number) for act in writer.followed(at, one.arrived.email)]
            await record.note_all(tx, acts, entropy=os.urandom)
        have, number = have + BATCH + len(acts), number + BATCH
        if have // 100_000 != (have - BATCH - len(acts)) // 100_000:
            each_us = (time.monotonic() - began_s) / (have - before) * 1e6
            print(f"{have:,} entries, {each_us:.0f} us each", file=sys.stderr, flush=True)
    if have > before:
        cpu_us = (time.process_time() - began_cpu_s) / (have - before) * 1e6
        print(f"written: {have:,} entries; {cpu_us:.0f} us of CPU each on our side, in batches of {BATCH}")


async def place(db: Database) -> None:
    """Give every entry its place in the log, as the sequencer does; what it publishes is another bench's."""
    while True:
        async with db.transaction(TENANT) as tx:
            if not await log_store.assign(tx, 50_000):
                return


async def index(db: Database) -> None:
    """Give every entry its words, as the indexer does, without its rests; print what it costs."""
    settle_in()
    indexer, done, began_s, began_cpu_s = Indexer(db), 0, time.monotonic(), time.process_time()
    while some := await indexer.index(TENANT, AT_ONCE):
        done += some
        if done // 100_000 != (done - some) // 100_000:
            print(
                f"{done:,} indexed, {(time.monotonic() - began_s) / done * 1e6:.0f} us each",
                file=sys.stderr,
                flush=True,
            )
    if done:
        cpu_us = (time.process_time() - began_cpu_s) / done * 1e6
        print(f"indexed: {done:,} entries, {cpu_us:.0f} us of CPU each on our side, in batches of {AT_ONCE}")


async def settle(owner_dsn: str) -> None:
    """Let PostgreSQL look at what it has, as it does by itself some time after."""
    async with await psycopg.AsyncConnection.connect(owner_dsn, autocommit=True) as owner:
        await owner.execute("vacuum analyze")
        await owner.execute("checkpoint")


def questions(place: Place) -> dict[str, tuple[Sought, Place | None]]:
    """Return what is asked, each with where its page begins."""
    middle, later = BEGAN + timedelta(days=150), BEGAN + timedelta(days=151)
    week_ago = place.at - timedelta(days=7)
    facts: dict[str, dict[str, str | None]] = {
        "kind, common": {"kind": "decision"},
        "kind, rare": {"kind": "act"},
        "action": {"action": "policy.set"},
        "outcome, common": {"outcome": "delivered"},
        "outcome, 1 in 60": {"outcome": "rejected_at_content_guard"},
        "outcome, 1 in 1,100": {"outcome": "budget_exhausted"},
        "reason": {"reason": "rate.per_hour"},
        "actor, common": {"actor": "house"},
        "actor, a person": {"actor": "ky_person3"},
        "actor, nobody": {"actor": "ky_nobody"},
        "thread": {"thread": ids.token("th", (77_777).to_bytes(10, "big"))},
        "message": {"message": ids.token("em", (77_777).to_bytes(10, "big"))},
    }
    return {
        "nothing: the newest": (Sought(), None),
        "nothing: from the middle on": (Sought(), place),
        "mailbox": (Sought(account=AccountId(7)), None),
        **{name: (Sought(facts=given), None) for name, given in facts.items()},
        "sender, who writes most": (Sought(sender="sender0@corp0.example"), None),
        "sender, who writes little": (Sought(sender="sender19876@corp276.example"), None),
        "sender, never seen": (Sought(sender="nobody@corp.example"), None),
        "sender's domain": (Sought(sender="corp17.example"), None),
        "recipient": (Sought(recipient="agent7@house.example"), None),
        "text, one word": (Sought(text="sender4321"), None),
        "text, two words, one common": (Sought(text="payment example"), None),
        "text, no such word": (Sought(text="zebra"), None),
        "a day half a year ago": (Sought(since=middle, until=later), None),
        "that day, one outcome": (Sought(since=middle, until=later, facts={"outcome": "rate_limited"}), None),
        "mailbox, sender and outcome": (
            Sought(account=AccountId(3), sender="corp17.example", facts={"outcome": "rejected_at_policy"}),
            None,
        ),
        **{
            f"{name}, in a week": (
                Sought(sender=sender, facts={"outcome": outcome, "reason": reason}, since=week_ago, until=place.at),
                None,
            )
            for name, sender, outcome, reason in (
                ("busy sender, outcome, reason", "sender0@corp0.example", Outcome.DELIVERED, Reason.RULE_MATCHED),
                ("domain, outcome, reason", "corp17.example", Outcome.REJECTED_AT_POLICY, Reason.SENDER_UNMATCHED),
                ("big domain, guard, reason", "corp0.example", Outcome.REJECTED_AT_CONTENT_GUARD, Reason.CONTENT_GUARD),
                (
                    "quiet sender, outcome, reason",
                    "sender19876@corp276.example",
                    Outcome.DELIVERED,
                    Reason.RULE_MATCHED,
                ),
            )
        },
    }


async def measure(db: Database) -> None:
    """Print what a page of 50 costs for each question, from asking to the opened entries; the warm ones."""
    async with db.transaction(TENANT) as tx:
        row = await tx.one("select id, at from entry where id = (select max(id) / 2 from entry)")
    print(f"{'question':32} {'found':>5} {'least':>8} {'median':>8} {'longest':>8}")
    page = Page((), None, 0)
    for name, (sought, after) in questions(Place(row.at, row.id)).items():
        taken_s = []
        for _ in range(TURNS):
            async with db.transaction(TENANT) as tx:
                began_s = time.perf_counter()
                page = await search.page(tx, sought, limit=50, after=after)
                taken_s.append(time.perf_counter() - began_s)
        warm = sorted(taken_s[1:])
        figures = " ".join(f"{each * 1e3:5.1f} ms" for each in (warm[0], warm[len(warm) // 2], warm[-1]))
        print(f"{name:32} {len(page.rows):5} {figures}", flush=True)


async def explain(db: Database, owner_dsn: str) -> None:
    """Print the plans of both ways through one partition, for a rare token and a common one."""
    async with db.transaction(TENANT) as tx:
        tokens = word_store.tokens(tx.vault.blinder, ["actor:ky_person3", "outcome:delivered"])
        three = ["from:corp17.example", "outcome:rejected_at_policy", "reason:sender.unmatched"]
        together = ",".join(map(str, word_store.tokens(tx.vault.blinder, three)))
        last = (await tx.one("select at from entry where id = (select max(id) from entry)")).at
    async with await psycopg.AsyncConnection.connect(owner_dsn) as owner:
        found = await owner.execute(
            "select child.oid::regclass::text, child.reltuples::bigint, pg_relation_size(child.oid),"
            " pg_indexes_size(child.oid) from pg_inherits join pg_class as child on child.oid = inhrelid"
            " where inhparent = 'entry_words'::regclass order by 1"
        )
        parts = await found.fetchall()
        for name, rows, size, indexes in parts:
            print(f"{name}: {rows:,} rows, {size / 2**20:.0f} MB, its indexes {indexes / 2**20:.0f} MB")
        part = parts[len(parts) // 2][0]
        walk = f"select at, entry, tokens @> '{{{tokens[1]}}}' from {part} where tenant = '{TENANT}'"  # noqa: S608  # our own
        ask = (
            f"with holding as materialized (select tenant, at, entry from {part} where tokens @> '{{{tokens[0]}}}')"  # noqa: S608  # our own
            f" select at, entry from holding where tenant = '{TENANT}'"
        )
        week = f"at >= '{last - timedelta(days=7)}'"
        filtered = (
            f"with holding as materialized (select tenant, at, entry from {part} where tokens @> '{{{together}}}')"  # noqa: S608  # our own
            f" select at, entry from holding where tenant = '{TENANT}' and {week}"
        )
        newest = "order by at desc, entry desc limit"
        for query in (f"{walk} {newest} 512", f"{ask} {newest} 50", f"{filtered} {newest} 50"):
            plan = await owner.execute(f"explain (analyze, buffers, costs off) {query}".encode())
            print("\n".join(line for (line,) in await plan.fetchall()))


async def run(folder: Path, count: int) -> None:
    """Fill and measure, with PostgreSQL in ``folder``."""
    cluster = Cluster(folder, find_binaries(folder, prefer_wheel=False))
    await asyncio.to_thread(cluster.start)
    try:
        await asyncio.to_thread(migrate, cluster.dsn("gatepost_owner"))
        (folder / "keys").mkdir(mode=0o700, exist_ok=True)
        keys = KeyStore.open(folder / "keys", os.urandom)
        try:
            async with Database.open(cluster.dsn("gatepost_app"), keys) as db:
                await fill(db, count)
                await place(db)
                await index(db)
                await settle(cluster.dsn("gatepost_owner"))
                await measure(db)
                await explain(db, cluster.dsn("gatepost_owner"))
        finally:
            keys.close()
    finally:
        await asyncio.to_thread(cluster.stop)


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--entries", type=int, default=5_000_000)
    parser.add_argument("--folder", type=Path, help="where the house lies and stays; else a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gatepost-bench-", dir="/tmp") as made:
        folder = options.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)  # PostgreSQL's account passes through it
        uvloop.run(run(folder, options.entries))


if __name__ == "__main__":
    main()
