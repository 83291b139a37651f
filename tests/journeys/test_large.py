"""Guards read large mail while no transaction waits for them: each would hold up everybody's commits."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gatepost import decide, journey
from gatepost.db import Database
from gatepost.decide import ahead
from gatepost.decide.language import Policy
from gatepost.decide.paper import Findings, Ruling
from gatepost.decide.reasons import Reason
from gatepost.deliver import Held, Kept
from gatepost.verify.paper import Content, Verified
from gatepost.verify.room import Room
from journeys.scene import KEY, POLICY, Scene, open_scene
from outbound import TENANT

LARGE = "Please wire the money. " * 4_000
GUARDING = {**POLICY, "contentGuards": [{"reject": "wire the money", "reason": "fraud"}]}
WAITING = """
    select count(*) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and state like 'idle in transaction%'
"""


@pytest.fixture
async def scene(db: Database, accepting: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    async with open_scene(db, tmp_path, accepting=accepting) as opened:
        yield opened


@pytest.fixture
def waiting(owner_dsn: str, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many transactions wait, each time that guards read."""
    seen: list[int] = []
    read = ahead._found

    def look(policies: Sequence[Policy], content: Content) -> Findings:
        with psycopg.connect(owner_dsn) as owner:
            row = owner.execute(WAITING).fetchone()
        assert row is not None
        seen.append(row[0])
        return read(policies, content)

    monkeypatch.setattr(ahead, "_found", look)
    return seen


async def obey(scene: Scene, policy: dict[str, Any]) -> None:
    async with scene.house.db.transaction(TENANT) as tx:
        await decide.put_policy(tx, scene.account, policy, at=scene.clock.now, actor=KEY)


async def test_a_policy_saved_while_large_mail_is_judged_decides_on_it(
    scene: Scene, waiting: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    foresee = decide.foresee
    asked: list[Findings] = []

    async def overtaken(db: Database, verified: Verified) -> Findings:
        found = await foresee(db, verified)
        if not asked:
            await obey(scene, GUARDING)
        asked.append(found)
        return found

    monkeypatch.setattr(decide, "foresee", overtaken)
    done = await scene.boss_writes(LARGE)
    assert done.recorded.decision.reason is Reason.CONTENT_GUARD
    assert (len(asked), waiting) == (2, [0])


async def test_who_shares_its_commit_is_not_lost_and_is_decided_by_the_same_policy(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    foresee, saved = decide.foresee, asyncio.Event()
    asked: list[Findings] = []

    async def overtaken(db: Database, verified: Verified) -> Findings:
        asked.append(found := await foresee(db, verified))
        if len(asked) == len(texts):
            await obey(scene, GUARDING)
            saved.set()
        await saved.wait()
        return found

    texts = (LARGE, "Can we meet?", LARGE)
    monkeypatch.setattr(decide, "foresee", overtaken)
    done = await asyncio.gather(*map(scene.boss_writes, texts))
    guarded, matched = Reason.CONTENT_GUARD, Reason.RULE_MATCHED
    assert [each.recorded.decision.reason for each in done] == [guarded, matched, guarded]
    assert len(asked) == len(texts) + 2


async def test_what_was_held_is_read_before_it_is_let_go(scene: Scene, waiting: list[int]) -> None:
    rule = {"match": {"address": "boss@example.org"}, "action": "hold", "capabilities": []}
    await obey(scene, {**POLICY, "senders": [rule]})
    held = (await scene.boss_writes("Can we meet? " * 8_000)).outcome
    assert isinstance(held, Held)
    await obey(scene, GUARDING)
    yes = Ruling(is_approved=True, by="pe_officer")
    done = await journey.release(TENANT, held.hold, yes, scene.house, digest=None)
    assert isinstance(done.outcome, Kept)
    assert waiting == [0]


async def test_no_more_large_mail_is_read_than_there_is_room_for_until_it_is_decided(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.house = replace(scene.house, room=Room(2 * len(LARGE)))
    foresee, read, done = decide.foresee, [0], [0]
    waiting: list[int] = []

    async def look(db: Database, verified: Verified) -> Findings:
        if ahead.is_large(verified):
            read[0] += 1
            waiting.append(read[0] - done[0])
            await asyncio.sleep(0.05)  # others would be read meanwhile
        return await foresee(db, verified)

    async def write(text: str) -> None:
        assert isinstance((await scene.boss_writes(text)).outcome, Kept)
        done[0] += text is LARGE

    monkeypatch.setattr(decide, "foresee", look)
    await asyncio.gather(*(write(text) for text in [LARGE, "Can we meet?"] * 6))
    assert read == done == [6]
    assert max(waiting) <= 2
