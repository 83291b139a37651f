import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import LiteralString

import psycopg
import pytest

from gatepost import trust
from gatepost.ledger.note import VerifierKey
from gatepost.ledger.proof import Proof
from gatepost.record.trust_log import TRUST
from gatepost.trust import Operator, Outcome, World
from gatepost.trust.bench import Bench
from gatepost.trust.check import Check
from gatepost.trust.engine import Engine, newest
from gatepost.trust.paper import CannotVerifyError, Finding, failed, passed
from record.check_log import sound
from trust.scene import Scene


@dataclass
class Lamp:
    """Something that is on or off, and counts how often it was looked at."""

    is_on: bool = True
    is_there: bool = True
    looks: int = 0
    is_control_bad: bool = True

    def check(self) -> Check[bool]:
        async def find(_world: World, _arguments: Mapping[str, str]) -> bool:
            self.looks += 1
            if not self.is_there:
                raise CannotVerifyError("lamp.gone")
            return self.is_on

        @asynccontextmanager
        async def control(_bench: Bench) -> AsyncIterator[bool]:
            yield not self.is_control_bad

        return Check("lamp.on", judge, find, (control,))


async def judge(target: bool) -> Finding:  # noqa: FBT001  # the lamp
    return passed("on") if target else failed("lamp.off")


CLAIM = """
[[claims]]
id = "L1"
topic = "light"
kind = "probe"
owner = "keeper"
text = "The lamp is on."
check = "lamp.on"
"""


@pytest.fixture
def lamp(scene: Scene) -> Lamp:
    lamp = Lamp()
    scene.catalogue = {"lamp.on": lamp.check()}
    (scene.folder / "claims.toml").write_text(CLAIM)
    (scene.folder / "duties.toml").write_text("")
    return lamp


async def status(scene: Scene) -> Outcome:
    claims = await trust.read_claims(scene.house, scene.folder)
    (only,) = claims.listed
    return only.status


async def test_a_claim_is_green_only_while_its_check_passes_and_is_fresh(scene: Scene, lamp: Lamp) -> None:
    assert await status(scene) is Outcome.COULD_NOT_VERIFY
    engine = scene.engine()
    await engine.round()
    assert await status(scene) is Outcome.PASS
    scene.clock.now += timedelta(minutes=4)
    await engine.round()
    assert lamp.looks == 1  # not due yet
    scene.clock.now += timedelta(minutes=1)
    lamp.is_on = False
    await engine.round()
    assert await status(scene) is Outcome.FAIL
    scene.clock.now += timedelta(minutes=15)
    assert await status(scene) is Outcome.STALE  # nobody has looked since


async def test_a_leaf_from_the_future_is_not_believed_and_is_looked_at_anew(scene: Scene, lamp: Lamp) -> None:
    now = scene.clock.now
    scene.clock.now = now + timedelta(days=31)  # as after a machine slept, or by somebody's hand
    await scene.engine().round()
    await scene.publish()
    scene.clock.now, lamp.is_on = now, False
    (only,) = (await trust.read_claims(scene.house, scene.folder)).listed
    assert (only.status, only.reason) == (Outcome.COULD_NOT_VERIFY, "clock.ahead")
    await scene.engine().round()
    assert (lamp.looks, await status(scene)) == (2, Outcome.FAIL)
    scene.clock.now += timedelta(minutes=1)
    await scene.engine().round()
    assert lamp.looks == 2


async def test_a_process_that_starts_looks_anew_at_all_that_is_quick(scene: Scene, lamp: Lamp) -> None:
    await scene.engine().round()
    lamp.is_on = False  # as another setting, or another certificate, may have it
    await scene.engine().round(quick=True)
    assert (lamp.looks, await status(scene)) == (2, Outcome.FAIL)


async def test_a_check_that_could_not_run_is_never_green(scene: Scene, lamp: Lamp) -> None:
    lamp.is_there = False
    await scene.engine().round()
    assert await status(scene) is Outcome.COULD_NOT_VERIFY


async def test_a_check_that_calls_its_control_good_is_not_believed(scene: Scene, lamp: Lamp) -> None:
    lamp.is_control_bad = False
    (result,) = await scene.engine().round()
    assert (result.finding.outcome, result.finding.reason) == (Outcome.COULD_NOT_VERIFY, "control.passed")
    assert result.control is not None
    assert result.control.outcome is Outcome.PASS


async def test_a_check_that_breaks_is_a_finding(scene: Scene, lamp: Lamp) -> None:
    del lamp

    async def find(_world: World, _arguments: Mapping[str, str]) -> bool:
        raise ZeroDivisionError

    good = scene.catalogue["lamp.on"]
    scene.catalogue = {"lamp.on": Check("lamp.on", judge, find, good.controls)}
    (result,) = await scene.engine().round()
    assert (result.finding.outcome, result.finding.reason) == (Outcome.COULD_NOT_VERIFY, "check.broke")


CHANGED: tuple[LiteralString, ...] = (
    "leaf = 'no leaf'",
    "leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'PASS', 'GOOD'), 'UTF8')",
    "leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'detail', 'retail'), 'UTF8')",
)


@pytest.mark.parametrize("change", CHANGED)
async def test_a_row_that_somebody_changed_says_nothing_and_ends_nothing(
    scene: Scene, lamp: Lamp, owner_dsn: str, change: LiteralString
) -> None:
    engine = scene.engine()
    await engine.round()
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("set session_replication_role = replica")
        owner.execute("update entry set " + change + " where leaf like '%claim.checked%'")  # noqa: S608  # our own words
    assert await status(scene) is Outcome.COULD_NOT_VERIFY
    assert await trust.read_history(scene.house, "L1") == []
    await engine.round()
    assert (lamp.looks, await status(scene)) == (2, Outcome.PASS)


async def test_a_round_that_breaks_ends_nothing(scene: Scene, lamp: Lamp) -> None:
    stop = asyncio.Event()

    def world(_operator: Operator) -> World:
        stop.set()
        raise ZeroDivisionError

    await Engine(scene.folder, world, scene.catalogue).run(stop)
    assert (stop.is_set(), lamp.looks) == (True, 0)


async def test_a_round_under_way_does_not_hold_up_whoever_stops(scene: Scene, lamp: Lamp) -> None:
    del lamp
    stop = asyncio.Event()

    async def wait(_world: World, _arguments: Mapping[str, str]) -> bool:
        stop.set()
        await asyncio.Event().wait()  # somebody outside who never answers
        return True

    scene.catalogue = {"lamp.on": Check("lamp.on", judge, wait, ())}
    async with asyncio.timeout(5):
        await scene.engine().run(stop)
    assert await status(scene) is Outcome.COULD_NOT_VERIFY  # nothing was stated


async def test_every_result_is_a_leaf_with_a_proof_anybody_can_check(scene: Scene, lamp: Lamp) -> None:
    del lamp
    await scene.engine().round()
    await scene.publish()
    last = (await newest(scene.world(trust.read_operator(scene.folder))))["L1"]
    assert last.leaf_index is not None
    proof = Proof.parse(await trust.read_proof(scene.house.blobs, last.leaf_index))
    entry = await trust.read_entry(scene.house.blobs, last.leaf_index)
    key = VerifierKey.parse(await trust.read_vkey(scene.house.db) or "")
    assert proof.verify(entry, key).origin == "log.house.example/trust"
    assert b'"outcome":"PASS"' in entry
    assert await sound(scene.house.db, scene.house.blobs, TRUST)


async def test_history_keeps_failures_and_what_was_withdrawn(scene: Scene, lamp: Lamp) -> None:
    engine = scene.engine()
    lamp.is_on = False
    await engine.round()
    (scene.folder / "claims.toml").write_text(CLAIM.replace("L1", "L2"))
    await engine.round()
    await engine.round()
    claims = await trust.read_claims(scene.house, scene.folder)
    (gone,) = claims.withdrawn
    assert (gone.claim.id, gone.status) == ("L1", Outcome.FAIL)
    assert (gone.claim.text, gone.claim.owner, gone.claim.topic) == ("The lamp is on.", "keeper", "light")
    assert gone.withdrawal is not None
    assert [each.result.finding.outcome for each in await trust.read_history(scene.house, "L1")] == [Outcome.FAIL]
    assert len(await trust.read_revisions(scene.house)) == 2


async def test_a_new_text_or_a_new_version_of_the_check_makes_a_claim_due_at_once(scene: Scene, lamp: Lamp) -> None:
    engine = scene.engine()
    await engine.round()
    (scene.folder / "claims.toml").write_text(CLAIM.replace("is on", "shines"))
    await engine.round()
    assert lamp.looks == 2


async def test_a_revised_folder_is_looked_at_anew_at_once(scene: Scene, lamp: Lamp) -> None:
    engine = scene.engine()
    await engine.round()
    (scene.folder / "claims.toml").write_text(CLAIM.replace('check = "lamp.on"', 'absent = "a lamp"'))
    await engine.round()
    assert await status(scene) is Outcome.COULD_NOT_VERIFY  # what the check said speaks for it no more
    (scene.folder / "claims.toml").write_text(CLAIM)
    await engine.round()
    (scene.folder / "duties.toml").write_text("# another word in another file")
    await engine.round()
    assert lamp.looks == 3
    await engine.round()
    assert lamp.looks == 3  # nothing has changed since


async def test_what_is_withdrawn_is_not_looked_at_even_when_everything_is(scene: Scene, lamp: Lamp) -> None:
    engine = scene.engine()
    await engine.round()
    (scene.folder / "claims.toml").write_text(CLAIM.replace('check = "lamp.on"', 'withdrawn = "the lamp was sold"'))
    await engine.round()
    assert await engine.round(everything=True) == []
    assert lamp.looks == 1


async def test_claims_that_ask_the_same_share_one_run(scene: Scene, lamp: Lamp) -> None:
    (scene.folder / "claims.toml").write_text(CLAIM + CLAIM.replace("L1", "L2"))
    await scene.engine().round()
    assert lamp.looks == 1


async def test_what_is_absent_or_not_applicable_is_said_so(scene: Scene, lamp: Lamp) -> None:
    del lamp
    absent = CLAIM.replace('check = "lamp.on"', 'absent = "a lamp"')
    excused = CLAIM.replace("L1", "L2").replace('check = "lamp.on"', 'not_applicable = "No cellar, no lamp."')
    (scene.folder / "claims.toml").write_text(absent + excused)
    await scene.engine().round()
    claims = await trust.read_claims(scene.house, scene.folder)
    assert [(each.status, each.reason) for each in claims.listed] == [
        (Outcome.COULD_NOT_VERIFY, "feature.absent"),
        (Outcome.NOT_APPLICABLE, "No cellar, no lamp."),
    ]


async def test_an_attestation_ends(scene: Scene, lamp: Lamp) -> None:
    del lamp
    word = CLAIM.replace(
        'check = "lamp.on"', 'attested_by = "keeper"\nattested_on = 2026-11-01\nattested_until = 2026-11-21'
    )
    (scene.folder / "claims.toml").write_text(word)
    engine = scene.engine()
    await engine.round()
    assert await status(scene) is Outcome.ATTESTED
    scene.clock.now += timedelta(days=2)
    assert await status(scene) is Outcome.STALE
    await engine.round()
    assert await status(scene) is Outcome.STALE
