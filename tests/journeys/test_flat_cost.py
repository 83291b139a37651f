"""A message costs as much in a house full of mail as in an empty one: no statement walks through what is stored."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from typing_extensions import override

from gatepost import decide, deliver, mailbox, record
from gatepost.blobs import Blobs
from gatepost.blobs.folder import Folder
from gatepost.db import Database, Plans, Transaction
from gatepost.ids import KeyId, TenantId
from gatepost.record.publish import Sequencer
from outbound import ACCOUNT, NOW, TENANT, content, entropy, inbound, recorded
from record.papers import OpenKeyring

STORED = 3_000
POLICY = {
    "defaultAction": "bounce",
    "senders": [
        {
            "match": {"address": "boss@example.org"},
            "when": {"replayed": False},
            "rateLimit": {"perHour": 1_000, "perDay": 1_000},
            "tokenBudget": {"perThread": 1_000, "perDay": 1_000},
        }
    ],
    "auditLog": {"retentionDays": 30},
}


class Watched(Database):
    """A database that counts how many rows its transactions read, by table."""

    read: Counter[str]

    @classmethod
    def over(cls, db: Database) -> "Watched":
        watched = cls(db._pool, db._dsn, db.keys)
        watched.read = Counter()
        return watched

    @asynccontextmanager
    @override
    async def transaction(self, tenant: TenantId | None, *, plans: Plans = Plans.USUAL) -> AsyncIterator[Transaction]:
        async with super().transaction(tenant, plans=plans) as tx:
            before = await _rows_read(tx)
            yield tx
            for name, count in (await _rows_read(tx)).items():
                self.read[name] += count - before.get(name, 0)


async def _rows_read(tx: Transaction) -> dict[str, int]:
    """Return what PostgreSQL has not summed up yet: this transaction, and some before it on the same connection."""
    query = "select relname, seq_tup_read + coalesce(idx_tup_fetch, 0) as rows_read from pg_stat_xact_user_tables"
    return {row.relname: row.rows_read for row in await tx.all(query)}


async def _accept(tx: Transaction, number: int) -> None:
    """Do to one message what the journey does inside its transaction."""
    said = content(message_id=f"{number}@example.org", references=(f"{number - 1}@example.org",))
    paper = recorded(inbound(f"em_{number:016}"), said=said, thread=None)
    verified = [paper.decided.verified]
    known = await decide.recall_all(tx, verified)
    assert known[0].is_counted
    assert known[0].facts.is_replayed is False
    threads = deliver.threads_of([paper.decided], await deliver.conversations(tx, verified))
    numbers = await record.draw_numbers(tx, verified)
    written = await record.append_all(tx, [paper.decided], threads, entropy=entropy, numbers=numbers)
    await deliver.carry_out_all(tx, written, entropy=entropy)


def _fill(owner_dsn: str) -> None:
    """Let much mail of other senders lie in the same account."""
    values = {"tenant": TENANT, "account": ACCOUNT, "count": STORED, "at": NOW}
    with psycopg.connect(owner_dsn) as owner:
        for columns in (
            "thread_message select %(tenant)s, %(account)s, sha256(n::text::bytea), 'th_' || n",
            "delivered_message select %(tenant)s, %(account)s, n || '@example.net', %(at)s, 'em_x' || n, 'mark ' || n",
            "sent_message select %(tenant)s, %(account)s, n || '@gate.example', n || '@example.net', %(at)s",
            "spent_token select %(tenant)s, %(account)s, n || '@example.net', 'th_' || n, %(at)s, 1",
            "body select %(tenant)s, 'em_x' || n, 'x'",
            "known_author select %(tenant)s, %(account)s, n || '@example.net', %(at)s",
            "correspondent select %(tenant)s, %(account)s, n || '@example.net', %(at)s",
        ):
            owner.execute(f"insert into {columns} from generate_series(1, %(count)s) as n", values)
        owner.execute("analyze spent_token")  # two indexes: it takes statistics to tell them apart


async def test_no_statement_of_the_accepting_transaction_walks_through_what_is_stored(
    db: Database, owner_dsn: str
) -> None:
    async with db.transaction(TENANT) as tx:
        await decide.put_policy(tx, ACCOUNT, POLICY, at=NOW, actor=KeyId("ky_1"))
    for number in range(8):  # plans are made, and kept, while the house is nearly empty
        async with db.transaction(TENANT, plans=Plans.KEPT) as tx:
            await _accept(tx, number)
    _fill(owner_dsn)
    async with db.transaction(TENANT, plans=Plans.KEPT) as tx:
        await _accept(tx, 9)
        read = await _rows_read(tx)
    assert read["email"] == 0  # the names are those we mean
    assert {name: count for name, count in read.items() if count > STORED // 10} == {}


async def test_what_happens_after_the_commit_does_not_walk_through_what_is_stored_either(
    db: Database, owner_dsn: str, tmp_path: Path
) -> None:
    watched = Watched.over(db)
    stores = (Blobs(Folder(tmp_path / "blobs")), Blobs(Folder(tmp_path / "second")))
    sequencer = Sequencer(watched, *stores, OpenKeyring(), lambda: NOW, entropy, "log.house.example")
    indexers = (mailbox.Indexer(watched), record.Indexer(watched))

    async def settle(number: int) -> None:
        """Accept a message and do what is done for it later, until nothing is left to do."""
        async with db.transaction(TENANT) as tx:
            await _accept(tx, number)
        await sequencer.sequence(TENANT)
        for indexer in indexers:
            while await indexer.round():
                pass

    async with db.transaction(TENANT) as tx:
        await decide.put_policy(tx, ACCOUNT, POLICY, at=NOW, actor=KeyId("ky_1"))
    for number in range(8):  # nearly empty, and so are the tables that plans are made for
        await settle(number)
    _fill_log(owner_dsn)
    await settle(8)  # gives the rest its places
    watched.read.clear()
    await settle(9)
    assert watched.read["decision_row"] > 0  # the names are those we mean
    assert {name: count for name, count in watched.read.items() if count > STORED // 10} == {}


def _fill_log(owner_dsn: str) -> None:
    """Let there be many more messages, none of which can be opened, and many more entries about them."""
    with psycopg.connect(owner_dsn) as owner:
        for table, named in (("email", "id"), ("entry", "id"), ("decision_row", "entry")):
            name = "to_jsonb('em_x' || n)" if table == "email" else "to_jsonb(1000000 + n)"
            owner.execute(f"""
                insert into {table} overriding system value select copy.* from generate_series(1, {STORED}) as n,
                  (select * from {table} where tenant = '{TENANT}' order by {named} desc limit 1) as one,
                  jsonb_populate_record(null::{table}, to_jsonb(one) || jsonb_build_object('{named}', {name})) as copy
            """)  # noqa: S608  # the names above
        owner.execute("insert into unsequenced select id, tenant from entry where id > 1000000")
