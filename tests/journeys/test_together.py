"""Mails that arrive at once share a commit, and each comes out as if it had come alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gatepost import decide
from gatepost.db import Database, GroupCommit, UndecidedError
from gatepost.decide.reasons import Reason
from gatepost.deliver.paper import CarriedOut, Kept
from gatepost.ids import EmailId
from gatepost.mailbox.body import INLINE_MAX_OCTETS
from journeys.scene import KEY, POLICY, Scene, open_scene
from outbound import NOW, TENANT

EVE = {"header": "From: eve@evil.example\r\n"}


@pytest.fixture
async def scene(db: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    async with open_scene(db, tmp_path) as scene:
        await scene.listen("http://127.0.0.1:9/hook")
        yield scene


THEIRS = "from pg_stat_activity where usename = 'gatepost_app' and datname = current_database()"


async def _at_once(*mails: Awaitable[CarriedOut]) -> list[CarriedOut | BaseException]:
    return await asyncio.gather(*mails, return_exceptions=True)


async def _rows(scene: Scene, table: str) -> list[str]:
    """The emails a table names, sorted."""
    queries = {
        "decision_row": "select email from decision_row where tenant = %(tenant)s order by email",
        "email": "select id as email from email where tenant = %(tenant)s order by id",
        "body": "select email from body where tenant = %(tenant)s order by email",
        "delivered_message": "select email from delivered_message where tenant = %(tenant)s order by email",
        "event": "select email from event where tenant = %(tenant)s order by email",
        "unsequenced": (
            "select email from unsequenced join decision_row using (entry, tenant)"
            " where tenant = %(tenant)s order by email"
        ),
    }
    async with scene.house.db.transaction(TENANT) as tx:
        return [row.email for row in await tx.all(queries[table])]


def _transactions(owner_dsn: str) -> int:
    """How many transactions wrote entries so far."""
    with psycopg.connect(owner_dsn) as owner:
        row = owner.execute("select count(distinct xmin::text) from entry").fetchone()
    assert row is not None
    return int(row[0])


async def test_many_at_once_share_a_few_commits_and_leave_what_each_alone_would(scene: Scene, owner_dsn: str) -> None:
    mails = [scene.boss_writes(**(EVE if n % 4 == 3 else {})) for n in range(40)]
    done = [each for each in await _at_once(*mails) if isinstance(each, CarriedOut)]
    emails = [each.recorded.arrived.email for each in done]
    kept = sorted(each.outcome.email for each in done if isinstance(each.outcome, Kept))
    assert (len(set(emails)), len(kept)) == (40, 30)
    assert await _rows(scene, "decision_row") == await _rows(scene, "unsequenced") == sorted(emails)
    for table in ("email", "body", "delivered_message", "event"):
        assert await _rows(scene, table) == kept, table
    assert _transactions(owner_dsn) < 10


async def test_large_messages_share_commits_like_others(scene: Scene, owner_dsn: str) -> None:
    """Their words are judged before, and beside the loop."""
    large = "Can we meet? " * (INLINE_MAX_OCTETS // len("Can we meet?"))
    done = await _at_once(*(scene.boss_writes(large if n % 2 else "Can we meet?") for n in range(20)))
    assert [each.recorded.decision.reason for each in done if isinstance(each, CarriedOut)] == [
        Reason.RULE_MATCHED
    ] * 20
    assert len(await _rows(scene, "body")) == 10  # the others are too large for it
    assert _transactions(owner_dsn) < 10


@pytest.mark.parametrize("place", range(5))
async def test_a_bad_row_in_any_place_fails_alone(scene: Scene, owner_dsn: str, place: int) -> None:
    bad = f"em_{place + 1:016}"
    with psycopg.connect(owner_dsn) as owner:
        owner.execute(
            "create function refuse() returns trigger language plpgsql as"
            f" $$ begin if new.id = '{bad}' then raise exception 'no'; end if; return new; end $$"
        )
        owner.execute("create trigger refuse before insert on email for each row execute function refuse()")
    found = await _at_once(*(scene.boss_writes() for _ in range(5)))
    assert [isinstance(each, psycopg.errors.RaiseException) for each in found] == [n == place for n in range(5)]
    others = [f"em_{n + 1:016}" for n in range(5) if n != place]
    for table in ("decision_row", "email", "body", "delivered_message", "event", "unsequenced"):
        assert await _rows(scene, table) == others, table


async def test_of_many_at_once_exactly_as_many_pass_as_the_limit_says(scene: Scene) -> None:
    rule: dict[str, Any] = {**POLICY["senders"][0], "rateLimit": {"perHour": 3}}  # type: ignore[index]  # a document
    async with scene.house.db.transaction(TENANT) as tx:
        await decide.put_policy(tx, scene.account, {**POLICY, "senders": [rule]}, at=NOW, actor=KEY)
    second = replace(scene.house, commits=GroupCommit())  # as a second process on the same database
    elsewhere = replace(scene, house=second, mails=100)
    found = await _at_once(*(one.boss_writes() for _ in range(10) for one in (scene, elsewhere)))
    reasons = [each.recorded.decision.reason for each in found if isinstance(each, CarriedOut)]
    assert (reasons.count(Reason.RULE_MATCHED), reasons.count(Reason.RATE_PER_HOUR)) == (3, 17)
    assert len(await _rows(scene, "email")) == 3


async def test_a_conversation_that_arrives_at_once_is_one_thread(scene: Scene) -> None:
    links = [f"In-Reply-To: <{n}@example.org>\r\nReferences: <{n}@example.org>\r\n" if n else "" for n in range(6)]
    found = await _at_once(*(scene.boss_writes(header=link) for link in links))
    threads = [each.outcome.thread for each in found if isinstance(each, CarriedOut) and isinstance(each.outcome, Kept)]
    assert (len(threads), len(set(threads))) == (6, 1)


async def test_postgresql_that_ends_all_connections_and_is_back_at_once_puts_nobody_off(
    scene: Scene, owner_dsn: str
) -> None:
    taken: list[str] = []
    undecided = 0
    is_over = asyncio.Event()

    async def send() -> None:
        nonlocal undecided
        while not is_over.is_set():
            try:
                done = await scene.boss_writes()
            except UndecidedError:
                undecided += 1
            else:
                taken.append(done.recorded.arrived.email)

    async def end_all(times: int) -> None:
        async with await psycopg.AsyncConnection.connect(owner_dsn, autocommit=True) as owner:
            for n in range(times):
                so_far = len(taken)
                while len(taken) < so_far + 10:  # noqa: ASYNC110  # nobody tells
                    await asyncio.sleep(0.001 * (n % 7))
                await owner.execute(f"select pg_terminate_backend(pid) {THEIRS}")  # of our own
        is_over.set()

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for _ in range(10):
            group.create_task(send())
        group.create_task(end_all(20))
    kept = await _rows(scene, "email")
    assert await _rows(scene, "decision_row") == kept
    assert (len(taken), set(taken) <= set(kept)) == (len(set(taken)), True)
    assert len(kept) - len(taken) <= undecided


async def test_a_commit_that_may_have_been_sent_is_not_repeated(scene: Scene, owner_dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(owner_dsn, autocommit=True) as owner:
        await owner.execute("create sequence begun")
        await owner.execute(
            "create function dawdle() returns trigger language plpgsql security definer as"
            " $$ begin perform nextval('begun'), pg_sleep(60); return null; end $$"
        )
        await owner.execute(
            "create constraint trigger dawdle after insert on email initially deferred"
            " for each row execute function dawdle()"
        )
        writing = asyncio.ensure_future(scene.boss_writes())
        asleep = f"select {THEIRS} and wait_event = 'PgSleep'"
        while not await (await owner.execute(asleep)).fetchall():  # noqa: ASYNC110  # PostgreSQL does not tell
            await asyncio.sleep(0.01)
        await owner.execute(f"select pg_terminate_backend(pid) {THEIRS}")  # of our own
        with pytest.raises(UndecidedError):
            await writing
        assert await (await owner.execute("select nextval('begun')")).fetchall() == [(2,)]
    assert await _rows(scene, "email") == []


async def test_a_client_that_is_gone_takes_nobody_along(scene: Scene) -> None:
    tasks = [asyncio.ensure_future(scene.boss_writes()) for _ in range(6)]
    await asyncio.sleep(0)
    tasks[2].cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    kept = [each.recorded.arrived.email for each in found if isinstance(each, CarriedOut)]
    assert len(kept) == 5
    assert set(kept) <= set(await _rows(scene, "email"))
    assert await _rows(scene, "email") == await _rows(scene, "decision_row")


async def test_each_recipient_of_each_mail_has_its_entry_in_order(scene: Scene) -> None:
    found = await _at_once(*(scene.boss_writes() for _ in range(8)))
    entries = {each.recorded.arrived.email: each.recorded.entries for each in found if isinstance(each, CarriedOut)}
    async with scene.house.db.transaction(TENANT) as tx:
        rows = await tx.all("select email, entry from decision_row where tenant = %(tenant)s order by entry")
    assert [EmailId(row.email) for row in rows] == [email for email, _ in sorted(entries.items(), key=lambda e: e[1])]
    assert all(entries[EmailId(row.email)] == (row.entry,) for row in rows)
