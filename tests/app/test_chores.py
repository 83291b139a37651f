import asyncio
from pathlib import Path

import psycopg
import pytest
from structlog.typing import EventDict

from gatepost.app.chores import AWAY, Chore, Chores, fates
from gatepost.db import Database, DatabaseUnavailableError
from gatepost.ids import EmailId
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope
from journeys.scene import set_scene
from outbound import AGENT, TENANT

RAW = b"From: x@y.example\r\nTo: agent@gatepost.test\r\n\r\nHello?\r\n"


def _chores(*chores: Chore) -> Chores:
    return Chores(chores, bytes, lambda: 1_234.0)


def _figures(chores: Chores) -> dict[tuple[str, ...], float]:
    return {
        (metric.name, *sample.labels.values()): sample.value for metric in chores.metrics() for sample in metric.samples
    }


async def test_each_is_done_at_once_and_again_and_ends_when_it_is_told_to() -> None:
    stop, done = asyncio.Event(), []

    async def work() -> None:
        done.append(1)
        if len(done) == 3:
            stop.set()

    chores = _chores(Chore("quick", 0.001, work))
    async with asyncio.timeout(5):
        await chores.run(stop)
    assert len(done) == 3
    assert _figures(chores)["gatepost_chore_runs_total", "quick", "done"] == 3
    assert _figures(chores)["gatepost_chore_done_timestamp_seconds", "quick"] == 1_234.0


@pytest.mark.parametrize("error", AWAY)
async def test_one_that_fails_in_a_known_way_is_tried_again_and_holds_up_no_other(
    error: type[Exception], said: list[EventDict]
) -> None:
    stop = asyncio.Event()
    tries = []

    async def fail() -> None:
        tries.append(1)
        if len(tries) == 2:
            stop.set()
        raise error("gone: with somebody's words")

    async def work() -> None:
        pass

    chores = _chores(Chore("broken", 0.001, fail), Chore("whole", 3_600, work))
    async with asyncio.timeout(5):
        await chores.run(stop)
    figures = _figures(chores)
    assert figures["gatepost_chore_runs_total", "broken", "failed"] == 2
    assert figures["gatepost_chore_done_timestamp_seconds", "broken"] == 0
    assert figures["gatepost_chore_runs_total", "whole", "done"] == 1
    assert {line["chore"] for line in said} == {"broken"}
    assert "somebody" not in str(said)


async def test_a_fault_of_ours_ends_the_house() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup):
        await _chores(Chore("faulty", 1, fail)).run(asyncio.Event())


async def test_a_known_failure_is_one_of_a_store() -> None:
    assert DatabaseUnavailableError in AWAY


async def test_octets_that_no_row_names_any_more_are_swept(db: Database, tmp_path: Path, owner_dsn: str) -> None:
    scene = await set_scene(db, tmp_path)
    kept, gone = await scene.boss_asks(), await scene.boss_asks()
    await scene.agent_says(kept, "On Tuesday.")
    async with db.transaction(TENANT) as tx:
        answer = await tx.one("select email from submission where tenant = %(tenant)s")
    refused = (
        await scene.boss_writes(envelope=Envelope(Address("x", "y.example"), (AGENT,)), raw=RAW)
    ).recorded.arrived
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("delete from email where id = %s", [gone])
    emails = [kept, gone, EmailId(answer.email), refused.email, EmailId("em_unknown")]
    async with fates(scene.house, TENANT, emails) as known:
        assert known == {kept: True, gone: False, answer.email: True, refused.email: False}
