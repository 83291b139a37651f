"""What reading and keeping ask of a mailbox does not grow with it: rows read, as PostgreSQL counts them."""

from collections.abc import Awaitable, Callable

import psycopg

from gatepost import mailbox
from gatepost.db import Database, Transaction
from gatepost.ids import ThreadId
from outbound import ACCOUNT, TENANT
from postbag import find, keep, letter

SMALL, LARGE = 4_000, 20_000
RECENT = 60
"""Letters of the test's own, the newest; what lies below them are copies of one letter's rows."""
RARE = "zeppelin"
MORE_MAX = 20
"""Rows that a larger table may cost more: where the pages of an index split."""

COPIED = """
    with fresh as materialized (select 'em_copy' || n as id, n from generate_series({first}, {last}) as n),
    kept as (
      insert into email (tenant, id, account, thread, size_octets, received_at, is_proven, is_automatic, sealed)
      select tenant, fresh.id, account, 'th_copy' || n, size_octets, received_at - n * interval '1 s', is_proven,
        is_automatic, sealed
      from fresh, (select * from email order by seq limit 1) as e returning id, seq, received_at
    ), keys as (
      insert into thread_message (tenant, account, message_key, thread)
      select tenant, account, sha256(fresh.id::bytea), 'th_copy' || n
      from fresh, (select * from thread_message limit 1) as t
    )
    insert into email_words (tenant, account, at, seq, email, sealed_under, tokens)
    select tenant, account, kept.received_at, kept.seq, kept.id, sealed_under, tokens
    from kept, (select * from email_words order by seq limit 1) as w
"""


async def _read(tx: Transaction) -> int:
    """Return how many rows this transaction has read so far, of whatever table."""
    query = "select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) as n from pg_stat_xact_user_tables"
    return int((await tx.one(query)).n)


async def _costs(db: Database, number: int) -> dict[str, int]:
    """Return how many rows each of these reads; ``number``: of a letter that is new."""
    async with db.transaction(TENANT) as tx:
        newest = (await mailbox.page(tx, ACCOUNT, limit=50)).emails
        cursor = (await mailbox.page(tx, ACCOUNT, limit=40)).after
    works: dict[str, Callable[[Transaction], Awaitable[object]]] = {
        "page": lambda tx: mailbox.page(tx, ACCOUNT, limit=50),
        "next page": lambda tx: mailbox.page(tx, ACCOUNT, limit=5, cursor=cursor),
        "one": lambda tx: mailbox.get(tx, ACCOUNT, newest[-1].id),
        "thread": lambda tx: mailbox.thread(tx, ACCOUNT, newest[0].thread, limit=50),
        "a word of all": lambda tx: find(tx, "friday"),
        "a rare word": lambda tx: find(tx, RARE),
        "keep": lambda tx: mailbox.keep_all(tx, [letter(number, "Pay by Friday.")]),
    }
    costs = {}
    for name, work in works.items():
        async with db.transaction(TENANT) as tx:
            before = await _read(tx)
            assert await work(tx) or name == "keep", f"{name}: nothing was found"
            costs[name] = await _read(tx) - before
    return costs


async def test_what_reading_and_keeping_read_does_not_grow_with_the_mailbox(db: Database, owner_dsn: str) -> None:
    await keep(db, letter(0, "Pay by Friday."), indexed=True)
    found, filled = [], 0
    for number, size in enumerate((SMALL, LARGE)):
        with psycopg.connect(owner_dsn, autocommit=True) as owner:
            owner.execute(COPIED.format(first=filled + 1, last=size).encode())
            first = 1_000 * (number + 1)
            thread = ThreadId(f"th_{first:016}")
            await keep(db, *(letter(first + n, "Pay by Friday.", thread=thread) for n in range(RECENT)), indexed=True)
            await keep(db, letter(first + RECENT, f"Pay by Friday, {RARE}.", thread=thread), indexed=True)
            owner.execute("vacuum analyze")
        filled = size
        found.append(await _costs(db, first + RECENT + 1))
    small, large = found
    assert all(cost for name, cost in small.items() if name != "keep"), "something was not counted"
    grown = {name: (small[name], large[name]) for name in small if large[name] > small[name] + MORE_MAX}
    assert not grown, f"rows read at {SMALL} and at {LARGE} messages: {grown}"
