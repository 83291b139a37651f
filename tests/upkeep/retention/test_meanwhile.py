"""What is held while something is being removed: on connections of their own, at the worst moment."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from typing_extensions import override

from gatepost.app.chores import fates
from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.blobs.folder import Folder
from gatepost.db import Database, Plans, Transaction
from gatepost.ids import TenantId
from gatepost.keys import Kind
from gatepost.record.check import verify_log
from gatepost.upkeep.retention import (
    Expired,
    Hold,
    HoldBusyError,
    HoldError,
    Scope,
    erase_person,
    expire,
    hold,
    lock,
    misheld,
    place_hold,
    release_hold,
    replay,
)
from outbound import BOSS, TENANT
from upkeep.retention.scene import Full, Kept

LARGE = "large\r\n" * 20_000
QUICK_S = 0.3
"""Longer than an act takes that waits for nobody."""

Between = Callable[[], Awaitable[object]]


class Paused(Transaction):
    """A transaction that lets something happen, on other connections, after its first statement."""

    between: Between

    @classmethod
    def of(cls, tx: Transaction, between: Between) -> "Paused":
        made = cls.__new__(cls)
        made.__dict__.update(tx.__dict__, between=between)
        return made

    @override
    async def all(self, query: LiteralString, **values: object) -> list[Any]:
        rows = await super().all(query, **values)
        between, self.between = self.between, _nothing
        await between()
        return rows


async def _nothing() -> None:
    pass


class PausedDatabase(Database):
    """A database whose transactions are ``Paused``."""

    between: Between

    @classmethod
    def of(cls, db: Database, between: Between) -> "PausedDatabase":
        made = cls.__new__(cls)
        made.__dict__.update(db.__dict__, between=between)
        return made

    @override
    @asynccontextmanager
    async def transaction(self, tenant: TenantId | None, *, plans: Plans = Plans.USUAL) -> AsyncIterator[Transaction]:
        async with super().transaction(tenant, plans=plans) as tx:
            yield Paused.of(tx, self.between)


class Gate(Folder):
    """A store whose first removal lets something begin beside it, and waits a while before it goes on."""

    def __init__(self, folder: Path, begin: Between) -> None:
        super().__init__(folder)
        self._begin = begin
        self.begun: asyncio.Task[object] | None = None
        self.was_done = False

    @override
    async def remove(self, *paths: str) -> None:
        if self.begun is None and paths:
            self.begun = asyncio.ensure_future(self._begin())
            await asyncio.sleep(QUICK_S)
            self.was_done = self.begun.done()
        await super().remove(*paths)


async def _hold(kept: Kept, scope: Scope | None = None) -> Hold:
    return await place_hold(kept.keeper, TENANT, scope or Scope(), reason="Matter 7", actor="ky_o")


async def test_a_hold_placed_between_two_looks_is_in_table_and_log(kept: Kept, db: Database) -> None:
    async def place() -> None:
        await _hold(kept)

    async with db.transaction(TENANT) as tx:
        assert await hold.in_force(Paused.of(tx, place)) == []
    assert await misheld(PausedDatabase.of(db, place), TENANT) == []
    async with db.transaction(TENANT) as tx:
        assert len(await hold.in_force(tx)) == 2


@pytest.mark.parametrize("which", ["expiry", "erasure"])
async def test_a_hold_is_not_answered_while_a_batch_is_being_removed(kept: Kept, which: str) -> None:
    await kept.scene.boss_asks(text=LARGE)
    await kept.index()
    gate = Gate(kept.scene.folder, lambda: _hold(kept))
    keeper = replace(kept.keeper, blobs=Blobs(gate))
    if which == "expiry":
        kept.later(days=366)
        await expire(keeper, await kept.tenant())
    else:
        await erase_person(keeper, TENANT, BOSS, actor="operator")
    assert gate.begun is not None
    assert not gate.was_done
    await gate.begun
    assert (await kept.rows())["email"] == 0
    assert await misheld(kept.house.db, TENANT) == []


@pytest.mark.parametrize("scope", [Scope(), Scope(person=BOSS)])
async def test_a_hold_stops_an_erasure_under_way_and_its_replay_until_it_is_released(kept: Kept, scope: Scope) -> None:
    await kept.scene.boss_asks(text=LARGE)
    await kept.index()
    await kept.scene.boss_asks(text="without a place in the log yet")
    before = await kept.rows()

    async def sequence(tenant: TenantId) -> int:
        placed.append(await _hold(kept, scope))
        return await kept.sequencer.sequence(tenant)

    placed: list[Hold] = []
    with pytest.raises(HoldError, match=r"Matter 7\. .* had removed the words of 1 entries"):
        await erase_person(replace(kept.keeper, sequence=sequence), TENANT, BOSS, actor="operator")
    stopped = await kept.rows()
    assert stopped["opening"] == before["opening"] - 1 + 2  # what says so, of the erasure and of the hold
    assert await replay(kept.keeper) == 0
    assert await kept.rows() == stopped
    await release_hold(kept.keeper, TENANT, placed[0].id, actor="operator")
    assert await replay(kept.keeper) == 1
    assert (await kept.rows())["email"] == (await kept.rows())["submission"] == 0
    assert await replay(kept.keeper) == 0
    assert (await kept.verified()).findings == []


@pytest.mark.parametrize("scope", ["all", "person", "mailbox"])
async def test_a_hold_placed_when_the_keys_are_dead_keeps_what_is_left_and_the_record_stays_true(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, scope: str
) -> None:
    """It was not asked: mail that came last went with its body after the hold was answered."""
    scopes = {"all": Scope(), "person": Scope(person=BOSS), "mailbox": Scope(account=kept.scene.account)}
    await kept.scene.boss_asks()
    await kept.index()
    await kept.scene.boss_asks(text=LARGE)  # which gets no place until the keys are dead
    placed: list[Hold] = []
    rows: list[dict[str, int]] = []
    monkeypatch.setattr("gatepost.upkeep.retention.erase.WAITS_MAX", 2)

    async def sequence(tenant: TenantId) -> int:
        if kept.keeper.own.keys.ids(tenant, Kind.SUBJECT, kept.keeper.own.keys.subject_name(tenant, BOSS.key)):
            return -1  # another process is at it
        if not placed:
            placed.append(await _hold(kept, scopes[scope]))
            rows.append(await kept.rows())
        return await kept.sequencer.sequence(tenant)

    done = await erase_person(replace(kept.keeper, sequence=sequence), TENANT, BOSS, actor="operator")
    assert (done.keys, done.waiting) == (1, 0)
    assert done.held == 1
    said = 1  # the entry that names what opens no more
    assert await kept.rows() == {**rows[0], "opening": rows[0]["opening"] + said}, "nothing went after the answer"
    await kept.index()
    assert (await kept.verified()).findings == []
    before = await kept.rows()
    for _ in range(2):
        await replay(kept.keeper)
        assert await kept.rows() == before, "the next round says it no second time, and removes nothing"
    await release_hold(kept.keeper, TENANT, placed[0].id, actor="operator")
    assert await replay(kept.keeper) == 1
    assert (await kept.rows())["email"] == (await kept.rows())["body"] == 0
    assert await replay(kept.keeper) == 0
    await kept.index()
    assert (await kept.verified()).findings == []


async def test_a_hold_that_a_restore_brought_back_keeps_nobody_who_was_erased_after_it(
    kept: Kept, owner_dsn: str
) -> None:
    await kept.scene.boss_asks(text=LARGE)
    await kept.index()
    first = await _hold(kept)
    await release_hold(kept.keeper, TENANT, first.id, actor="operator")
    kept.later(hours=1)
    stuck = replace(kept.keeper, blobs=Blobs(Full(kept.scene.folder)))
    with pytest.raises(BlobsUnavailableError):
        await erase_person(stuck, TENANT, BOSS, actor="operator")
    with psycopg.connect(owner_dsn) as owner:  # as if the release had come after the backup
        owner.execute("update legal_hold set released_at = null")
        owner.execute("delete from consequence where action = 'hold.release'")
    assert await replay(kept.keeper) == 1
    assert (await kept.rows())["email"] == 0


async def test_a_mailbox_is_held_also_for_mail_that_has_no_place_in_the_log_yet(kept: Kept) -> None:
    await kept.scene.boss_asks()
    await _hold(kept, Scope(account=kept.scene.account))
    before = await kept.rows()
    with pytest.raises(HoldError, match="Matter 7"):
        await erase_person(kept.keeper, TENANT, BOSS, actor="operator")
    assert await kept.rows() == before


async def test_what_was_held_while_expiry_passed_it_is_looked_at_again_after_the_release(kept: Kept) -> None:
    """The release makes expiry begin anew; a batch under way moved on after it, and what it had kept stayed."""
    await kept.scene.boss_asks()
    await kept.index()
    matter = await _hold(kept, Scope(person=BOSS))
    kept.later(days=366)
    begun: list[asyncio.Task[Hold]] = []

    async def begin() -> None:
        if not begun:
            begun.append(asyncio.ensure_future(release_hold(kept.keeper, TENANT, matter.id, actor="operator")))
            await asyncio.sleep(QUICK_S)

    slow = replace(kept.keeper, own=PausedDatabase.of(kept.keeper.own, begin))
    await expire(slow, await kept.tenant())
    await begun[0]
    await expire(kept.keeper, await kept.tenant())
    assert (await kept.rows())["email"] == 0


async def test_octets_are_not_swept_while_a_hold_is_placed(kept: Kept) -> None:
    async with fates(kept.house, TENANT, []):
        placing = asyncio.ensure_future(_hold(kept))
        await asyncio.sleep(QUICK_S)
        assert not placing.done()
    await placing


async def test_whoever_waits_too_long_is_told_and_nothing_was_placed(
    kept: Kept, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold, "WAIT_S", 1)
    matter = await _hold(kept)
    async with db.transaction(TENANT) as tx:
        await lock(tx)
        with pytest.raises(HoldBusyError, match="do it again"):
            await _hold(kept)
        with pytest.raises(HoldBusyError):
            await release_hold(kept.keeper, TENANT, matter.id, actor="operator")
    assert await hold.holds(kept.keeper, TENANT, released=True) == [matter]


async def test_side_by_side_nothing_goes_that_an_answered_hold_covers(kept: Kept) -> None:
    """Eight rounds of each: whoever holds looks twice at what is there, and nobody is refused for a false reason."""
    refused: list[str] = []

    async def write() -> None:
        for _ in range(8):
            await kept.scene.boss_asks()
            await kept.sequencer.sequence(TENANT)

    async def erase() -> None:
        for _ in range(8):
            try:
                await erase_person(kept.keeper, TENANT, BOSS, actor="operator")
            except HoldError as error:
                refused.append(str(error))
            await asyncio.sleep(0)

    async def keep() -> None:
        for _ in range(8):
            matter = await _hold(kept)
            before = await _emails(kept)
            await asyncio.sleep(0.05)
            assert before <= await _emails(kept)
            with suppress(LookupError):
                await release_hold(kept.keeper, TENANT, matter.id, actor="operator")
            await asyncio.sleep(0.02)

    async with asyncio.TaskGroup() as group:
        for work in (write, erase, keep, keep):
            group.create_task(work())
    assert all("Matter 7" in text for text in refused)
    assert await misheld(kept.house.db, TENANT) == []


async def _emails(kept: Kept) -> set[str]:
    async with kept.house.db.transaction(TENANT) as tx:
        return {row.id for row in await tx.all("select id from email where tenant = %(tenant)s")}


class Met(Folder):
    """A store that lets something happen before the first bundle of entries is read."""

    between: Between

    @override
    async def read(self, path: str) -> bytes | None:
        if "/tile/entries/" in path:
            between, self.between = self.between, _nothing
            await between()
        return await super().read(path)


@pytest.mark.parametrize("which", ["policy", "plan", "person"])
async def test_what_is_removed_while_a_log_is_verified_is_no_finding(kept: Kept, which: str) -> None:
    """A log was called unsound for as long as an expiry ran: a thousand openings were missing."""
    await kept.scene.boss_asks()
    await kept.scene.boss_asks(text=LARGE)
    await kept.index()
    kept.later(days=366 if which == "plan" else 31)
    before = await kept.rows()

    async def remove() -> None:
        if which == "person":
            await erase_person(kept.keeper, TENANT, BOSS, actor="operator")
        else:
            assert await expire(kept.keeper, await kept.tenant()) != Expired()

    store = Met(kept.scene.folder)
    store.between = remove
    report = await verify_log(kept.house.db, Blobs(store), TENANT)
    assert await kept.rows() != before
    assert report.findings == []
    assert (await kept.verified()).findings == []


async def test_what_was_stolen_while_a_log_is_verified_is_one(kept: Kept, owner_dsn: str) -> None:
    await kept.scene.boss_asks()
    await kept.index()

    async def steal() -> None:
        with psycopg.connect(owner_dsn) as owner:
            owner.execute("set session_replication_role = replica")
            owner.execute("delete from opening")

    store = Met(kept.scene.folder)
    store.between = steal
    report = await verify_log(kept.house.db, Blobs(store), TENANT)
    assert any(each.endswith("its opening is missing") for each in report.findings)
