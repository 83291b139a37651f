import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from typing_extensions import override

from gatepost import mailbox
from gatepost.db import Database, Transaction
from gatepost.deliver.paper import Kept, Refused
from gatepost.ids import JobId
from gatepost.jobs import Jobs, Promise
from journeys.scene import Scene, open_scene
from outbound import TENANT


class _ForgetfulJobs(Jobs):
    """An outbox that cannot take a promise: the house dies at the last line of the transaction."""

    @override
    async def enqueue(self, tx: Transaction, promise: Promise, *, at: object = None) -> JobId:
        raise ConnectionResetError


@pytest.fixture
async def scene(db: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    async with open_scene(db, tmp_path) as opened:
        yield opened


async def _counts(scene: Scene) -> tuple[int, int, int]:
    """Emails kept, decisions recorded, promises made."""
    async with scene.house.db.transaction(TENANT) as tx:
        row = await tx.one(
            "select (select count(*) from email where tenant = %(tenant)s) as kept,"
            " (select count(*) from decision_row where tenant = %(tenant)s) as decided,"
            " (select count(*) from job where tenant = %(tenant)s) as promised"
        )
    return row.kept, row.decided, row.promised


async def test_record_delivery_and_promise_commit_together(scene: Scene) -> None:
    await scene.boss_asks()
    assert await _counts(scene) == (1, 1, 1)


async def test_if_the_promise_fails_nothing_happened(scene: Scene) -> None:
    whole = scene.house
    scene.house = replace(whole, jobs=_ForgetfulJobs(whole.db, whole.clock))
    with pytest.raises(ConnectionResetError):
        await scene.boss_writes()
    assert await _counts(scene) == (0, 0, 0)


async def test_what_is_refused_leaves_its_entry_alone(scene: Scene) -> None:
    done = await scene.boss_writes(header="From: eve@evil.example\r\n")
    assert done.outcome == Refused()
    assert await _counts(scene) == (0, 1, 0)


async def test_the_postmasters_mail_is_kept_and_wakes_nobody(scene: Scene) -> None:
    done = await scene.boss_writes(header="From: eve@evil.example\r\n", is_postmaster=True)
    assert isinstance(done.outcome, Kept)
    assert await _counts(scene) == (1, 1, 0)


async def test_the_octets_are_stored_as_they_came(scene: Scene) -> None:
    email = await scene.kept(await scene.boss_asks(text="Tuesday?"))
    assert (await scene.house.blobs.get(email.blob)).endswith(b"\r\n\r\nTuesday?\r\n")


async def test_an_answer_that_was_overtaken_leaves_no_second_decision(scene: Scene) -> None:
    parent = await scene.boss_asks()
    await asyncio.gather(*(scene.agent_says(parent, "Yes.") for _ in range(4)))
    assert await _counts(scene) == (1, 2, 2)  # the question and one answer; the webhook's wake and one attempt


async def test_the_entry_and_the_mailbox_name_the_same_thread(scene: Scene) -> None:
    email = await scene.kept(await scene.boss_asks())
    async with scene.house.db.transaction(TENANT) as tx:
        row = await tx.one("select thread from decision_row where tenant = %(tenant)s")
        assert [each.id for each in await mailbox.thread(tx, scene.account, row.thread)] == [email.id]
