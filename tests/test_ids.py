from datetime import UTC, datetime, timedelta
from hashlib import sha256

import psycopg
from msgspec.structs import replace

from gatepost import mailbox
from gatepost.db import Database
from gatepost.db.column import texts
from gatepost.ids import EmailId, email_id, token
from gatepost.mailbox.threads import new_thread
from outbound import KEPT, TENANT

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_emails_of_one_minute_and_their_threads_begin_alike() -> None:
    first, second = email_id(AT, b"\0" * 10), email_id(AT + timedelta(seconds=30), b"\xff" * 10)
    assert first != second
    assert first[:7] == second[:7]
    assert new_thread(first)[:7] == new_thread(second)[:7] == first[:7].replace("em", "th")


def test_emails_of_other_times_begin_otherwise_and_only_a_generation_later_alike_again() -> None:
    beginnings = {email_id(AT + timedelta(minutes=2 * number), b"\0" * 10)[:8] for number in range(1_000)}
    assert len(beginnings) == 1_000
    assert email_id(AT, b"\0" * 10) == email_id(AT + timedelta(seconds=64 * 2**24), b"\0" * 10)


def test_what_nobody_can_guess_is_in_the_id_whole() -> None:
    octets = bytes(range(10))
    made = {email_id(AT, octets[:place] + b"\x80" + octets[place + 1 :]) for place in range(10)}
    assert len(made | {email_id(AT, octets)}) == 11


async def test_mail_of_one_time_changes_few_pages_of_a_full_house(db: Database, owner_dsn: str) -> None:
    """After a checkpoint each page that changes is written to the write-ahead log whole."""
    async with db.transaction(TENANT) as tx:
        await tx.run(
            """
            insert into email (tenant, id, account, thread, size_octets, received_at, is_proven, is_automatic, sealed)
            select %(tenant)s, id, 1, replace(id, 'em_', 'th_'), 1, now(), true, false, '' from unnest(%(ids)s) as id
            """,
            ids=texts([_anywhere(number) for number in range(20_000)]),
        )
    anywhere = [_anywhere(number) for number in range(20_000, 20_032)]
    together = [email_id(AT, number.to_bytes(10, "big")) for number in range(32)]
    assert await _written(db, owner_dsn, together) * 2 < await _written(db, owner_dsn, anywhere)


def _anywhere(number: int) -> EmailId:
    return EmailId(token("em", sha256(number.to_bytes(4, "big")).digest()[:10]))


async def _written(db: Database, owner_dsn: str, names: list[EmailId]) -> int:
    """Return how many octets of write-ahead log keeping such messages takes."""
    emails = [replace(KEPT, id=name, thread=new_thread(name), message_id="", references=()) for name in names]
    async with await psycopg.AsyncConnection.connect(owner_dsn, autocommit=True) as owner:
        await owner.execute("checkpoint")
        begins = await _end_of_log(owner)
        async with db.transaction(TENANT) as tx:
            await mailbox.keep_all(tx, emails)
        return await _end_of_log(owner) - begins


async def _end_of_log(owner: psycopg.AsyncConnection[tuple[int]]) -> int:
    row = await (await owner.execute("select (pg_current_wal_insert_lsn() - '0/0')::bigint")).fetchone()
    assert row
    return row[0]
