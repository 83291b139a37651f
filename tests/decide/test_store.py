"""Policies and windows on a real PostgreSQL."""

from datetime import timedelta

import psycopg
import pytest

from decide.scene import ACCOUNT, NOON, TENANT
from gatepost.db import Database
from gatepost.decide import past_store, store
from gatepost.decide.paper import Mark
from gatepost.ids import AccountId, EmailId, KeyId, TenantId, ThreadId

KEY = KeyId("ky_1")
THREAD = ThreadId("th_1")
BOSS_KEY = "boss@example.com"


async def windows(db: Database, *, after_s: float, tenant: TenantId = TENANT, sender: str = BOSS_KEY) -> store.Windows:
    async with db.transaction(tenant) as tx:
        at = NOON + timedelta(seconds=after_s)
        token = store.blind_sender(tx.vault, sender)
        (found,) = await store.count_windows(tx, [store.Asked(ACCOUNT, token, THREAD, at, is_ever_asked=True)])
        return found


async def delivered(db: Database, *, after_s: float = 0) -> None:
    async with db.transaction(TENANT) as tx:
        at = NOON + timedelta(seconds=after_s)
        mark = Mark(BOSS_KEY, "", "")
        past_store.add_delivered(tx, [past_store.Delivered(ACCOUNT, mark, EmailId("em_1"), at)])


@pytest.mark.parametrize(
    ("after_s", "hour", "day"), [(3599.999999, 1, 1), (3600, 0, 1), (86399.999999, 0, 1), (86400, 0, 0)]
)
async def test_a_message_leaves_a_window_exactly_at_its_edge(db: Database, after_s: float, hour: int, day: int) -> None:
    await delivered(db)
    found = await windows(db, after_s=after_s)
    assert (found.messages_hour, found.messages_day) == (hour, day)


async def test_a_message_received_later_but_judged_earlier_counts(db: Database) -> None:
    await delivered(db, after_s=10)
    assert (await windows(db, after_s=0)).messages_hour == 1


async def test_tokens_count_in_their_thread_for_ever_and_for_their_sender_one_day(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await store.add_tokens(tx, ACCOUNT, sender=BOSS_KEY, thread=THREAD, tokens=70, at=NOON)
        await store.add_tokens(tx, ACCOUNT, sender=BOSS_KEY, thread=ThreadId("th_2"), tokens=5, at=NOON)
        await store.add_tokens(tx, ACCOUNT, sender="x@example.com", thread=THREAD, tokens=1, at=NOON)
    now, later = await windows(db, after_s=1), await windows(db, after_s=86400)
    assert (now.tokens_thread, now.tokens_day, now.tokens_sender) == (71, 75, 75)
    assert (later.tokens_thread, later.tokens_day, later.tokens_sender) == (71, 0, 75)


async def test_windows_of_another_tenant_or_sender_are_empty(db: Database) -> None:
    await delivered(db)
    nothing = store.Windows(0, 0, 0, 0, 0)
    assert await windows(db, after_s=1, tenant=TenantId("tn_b")) == nothing
    assert await windows(db, after_s=1, sender="x@example.com") == nothing


async def test_windows_asked_together_are_counted_each_for_itself_in_the_order_asked(db: Database) -> None:
    await delivered(db)
    async with db.transaction(TENANT) as tx:
        asked = [
            store.Asked(ACCOUNT, store.blind_sender(tx.vault, sender), None, NOON + timedelta(seconds=after_s))
            for sender, after_s in (("z@example.com", 1), (BOSS_KEY, 3600), (BOSS_KEY, 1), ("a@example.com", 1))
        ]
        found = await store.count_windows(tx, asked)
    assert [(one.messages_hour, one.messages_day) for one in found] == [(0, 0), (0, 1), (1, 1), (0, 0)]


async def test_versions_count_up_and_the_newest_is_in_force(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        assert await store.in_force(tx, [ACCOUNT]) == {}
        for number in (1, 2):
            version = await store.add_version(
                tx, ACCOUNT, digest=f"d{number}", document={"b": number, "a": 0}, warnings=["w"], at=NOON, actor=KEY
            )
            assert version == number
        assert await store.in_force(tx, [ACCOUNT, AccountId(8)]) == {ACCOUNT: store.Current(2, "d2")}
        assert await store.document(tx, ACCOUNT, 1) == {"b": 1, "a": 0}
        newest = await store.newest(tx, ACCOUNT)
        assert newest is not None
        assert (newest.version, newest.document, newest.warnings) == (2, {"b": 2, "a": 0}, ["w"])
        assert await store.newest(tx, AccountId(8)) is None


async def test_a_stored_version_cannot_be_changed_or_removed(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await store.add_version(tx, ACCOUNT, digest="d", document={}, warnings=[], at=NOON, actor=KEY)
    for statement in ("update policy set digest = 'x'", "delete from policy"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with db.transaction(TENANT) as tx:
                await tx.run(statement)
