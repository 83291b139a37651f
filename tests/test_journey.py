import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typing_extensions import override

from gatepost import mailbox
from gatepost.blobs import BlobsUnavailableError
from gatepost.db import Database, Transaction
from gatepost.deliver.paper import Kept, Refused
from gatepost.jobs import Jobs, Promise
from journeys.scene import Scene, open_scene
from outbound import TENANT


class _ForgetfulJobs(Jobs):
    """An outbox that cannot take a promise: the house dies at the last line of the transaction."""

    @override
    async def enqueue_all(self, tx: Transaction, promises: Sequence[Promise]) -> None:
        raise ConnectionResetError


@pytest.fixture
async def scene(db: Database, accepting: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    async with open_scene(db, tmp_path, accepting=accepting) as opened:
        await opened.listen("http://127.0.0.1:9/hook")
        yield opened


async def _counts(scene: Scene) -> tuple[int, int, int]:
    """Emails kept, decisions recorded, promises made."""
    async with scene.house.db.transaction(TENANT) as tx:
        row = await tx.one(
            "select (select count(*) from email where tenant = %(tenant)s) as kept,"
            " (select count(*) from decision_row where tenant = %(tenant)s) as decided,"
            " (select count(*) from job where tenant = %(tenant)s)"
            " + (select count(*) from telling where tenant = %(tenant)s) as promised"
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
    octets = await mailbox.read_body(scene.house.db, scene.house.blobs, TENANT, email.id, email.blob)
    assert octets.endswith(b"\r\n\r\nTuesday?\r\n")


def _files(scene: Scene) -> list[Path]:
    return [path for path in scene.folder.rglob("*") if path.is_file()]


async def _bodies(scene: Scene) -> int:
    """Bodies kept, wherever they lie."""
    async with scene.house.db.transaction(TENANT) as tx:
        row = await tx.one("select count(*) as kept from body where tenant = %(tenant)s")
    return int(row.kept) + len(_files(scene))


LARGE = "A line of a large message.\r\n" * 4_000


@pytest.mark.parametrize("text", ["short", LARGE], ids=["small", "large"])
async def test_one_body_is_kept_of_what_is_kept_and_none_of_what_is_refused(scene: Scene, text: str) -> None:
    done = await scene.boss_writes(text=text, header="From: eve@evil.example\r\n")
    assert (done.outcome, await _bodies(scene)) == (Refused(), 0)
    email = await scene.kept(await scene.boss_asks(text=text))
    assert await _bodies(scene) == 1
    octets = await mailbox.read_body(scene.house.db, scene.house.blobs, TENANT, email.id, email.blob)
    assert octets.endswith(f"\r\n\r\n{text}\r\n".encode())


async def test_if_the_promise_fails_no_large_body_stays(scene: Scene) -> None:
    whole = scene.house
    scene.house = replace(whole, jobs=_ForgetfulJobs(whole.db, whole.clock))
    with pytest.raises(ConnectionResetError):
        await scene.boss_writes(text=LARGE)
    assert await _bodies(scene) == 0


async def test_a_large_body_the_store_does_not_take_leaves_nothing(scene: Scene) -> None:
    (scene.folder / "bodies").write_text("a file where a folder should be")
    with pytest.raises(BlobsUnavailableError):
        await scene.boss_writes(text=LARGE)
    assert await _counts(scene) == (0, 0, 0)


async def test_an_answer_keeps_its_octets_until_it_is_sent(scene: Scene) -> None:
    parent = await scene.boss_asks()
    await scene.agent_says(parent, "Yes.")
    await scene.agent_says(parent, "Yes.")
    assert await _bodies(scene) == 2  # the question, and the answer once


async def test_an_answer_that_was_overtaken_leaves_no_second_decision(scene: Scene) -> None:
    parent = await scene.boss_asks()
    await asyncio.gather(*(scene.agent_says(parent, "Yes.") for _ in range(4)))
    assert await _counts(scene) == (1, 2, 2)  # the question and one answer; what to tell the webhook, and one attempt


async def test_the_entry_and_the_mailbox_name_the_same_thread(scene: Scene) -> None:
    email = await scene.kept(await scene.boss_asks())
    async with scene.house.db.transaction(TENANT) as tx:
        row = await tx.one("select thread from decision_row where tenant = %(tenant)s")
        assert [each.id for each in (await mailbox.thread(tx, scene.account, row.thread, limit=9)).emails] == [email.id]
