"""Accepting costs as much in a house full of mail as in an empty one: no statement walks through what is stored."""

import psycopg

from gatepost import decide, deliver, record
from gatepost.db import Database, Transaction
from gatepost.ids import KeyId
from outbound import ACCOUNT, NOW, TENANT, content, entropy, inbound, recorded

STORED = 3_000
POLICY = {
    "defaultAction": "bounce",
    "senders": [
        {
            "match": {"address": "boss@example.org"},
            "rateLimit": {"perHour": 1_000, "perDay": 1_000},
            "tokenBudget": {"perThread": 1_000, "perDay": 1_000},
        }
    ],
    "auditLog": {"retentionDays": 30},
}


async def _accept(tx: Transaction, number: int) -> None:
    """Do to one message what the journey does inside its transaction."""
    said = content(message_id=f"{number}@example.org", references=(f"{number - 1}@example.org",))
    paper = recorded(inbound(f"em_{number:016}"), said=said, thread=None)
    known = await decide.recall_all(tx, [paper.decided.verified])
    assert known[0].is_counted
    threads = await deliver.threads_of(tx, [paper.decided])
    written = await record.append_all(tx, [paper.decided], threads, entropy=entropy)
    await deliver.carry_out_all(tx, written, entropy=entropy)


def _fill(owner_dsn: str) -> None:
    """Let much mail of other senders lie in the same account."""
    values = {"tenant": TENANT, "account": ACCOUNT, "count": STORED, "at": NOW}
    with psycopg.connect(owner_dsn) as owner:
        for columns in (
            "thread_message select %(tenant)s, %(account)s, sha256(n::text::bytea), 'th_' || n",
            "delivered_message select %(tenant)s, %(account)s, n || '@example.net', %(at)s, 'em_x' || n",
            "spent_token select %(tenant)s, %(account)s, n || '@example.net', 'th_' || n, %(at)s, 1",
            "body select %(tenant)s, 'em_x' || n, 'x'",
        ):
            owner.execute(f"insert into {columns} from generate_series(1, %(count)s) as n", values)
        owner.execute("analyze spent_token")  # two indexes: it takes statistics to tell them apart


async def test_no_statement_of_the_accepting_transaction_walks_through_what_is_stored(
    db: Database, owner_dsn: str
) -> None:
    async with db.transaction(TENANT) as tx:
        await decide.put_policy(tx, ACCOUNT, POLICY, at=NOW, actor=KeyId("ky_1"))
    for number in range(8):  # plans are made, and kept, while the house is nearly empty
        async with db.transaction(TENANT) as tx:
            await _accept(tx, number)
    _fill(owner_dsn)
    async with db.transaction(TENANT) as tx:
        await _accept(tx, 9)
        rows = await tx.all(
            "select relname, seq_tup_read + coalesce(idx_tup_fetch, 0) as rows_read from pg_stat_xact_user_tables"
        )
    read = {row.relname: row.rows_read for row in rows}
    assert read["email"] == 0  # the names are those we mean
    assert {name: count for name, count in read.items() if count > STORED // 10} == {}
