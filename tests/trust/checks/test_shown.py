"""The page as it is served, held against the log of the house behind it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from doors.rest.scene import served
from gatepost import trust
from gatepost.doors.public.trust import build
from gatepost.doors.public.trust_view import FRESH
from gatepost.egress import Egress
from gatepost.trust import Endpoint, Outcome
from gatepost.trust.bench import Bench
from gatepost.trust.catalogue import CATALOGUE
from gatepost.trust.checks import shown
from gatepost.trust.controls import pages
from gatepost.trust.held import Held
from gatepost.trust.news import post
from gatepost.trust.paper import CannotVerifyError
from trust.scene import Scene
from trust.test_engine import CLAIM, Lamp, lamp
from trust.test_words import OTHER, revise

__all__ = ["lamp"]


@asynccontextmanager
async def open_to_all(scene: Scene, egress: Egress) -> AsyncIterator[None]:
    """Serve the scene's pages, and let its checks knock there."""
    scene.house = replace(scene.house, egress=egress)
    async with served(build(scene.house, scene.folder, "0.1.0", Held(scene.house.blobs))) as url:
        scene.endpoints = (Endpoint(door="http", host="127.0.0.1", port=urlsplit(url).port or 0, tls=""),)
        yield
        scene.endpoints = ()


async def test_the_page_names_the_newest_revision_and_another_date_fails(
    scene: Scene, bench: Bench, lamp: Lamp
) -> None:
    async with open_to_all(scene, bench.egress):
        await revise(scene, CLAIM)
        world = scene.world(scene.operator())
        found = await shown.revision_stated(await shown.revision(world, {}))
        assert found.outcome is Outcome.PASS, found
        target = replace(await shown.revision(world, {}), wait_s=0)
        earlier = replace(target, stated_at=scene.clock() - timedelta(days=1))
        assert (await shown.revision_stated(earlier)).reason == "revision.shown_differs"
        assert (await shown.revision_stated(replace(target, stated="0" * 64))).reason == "revision.unstated"
    del lamp


async def test_a_page_with_a_claim_past_its_end_is_stale_as_a_whole(scene: Scene, bench: Bench, lamp: Lamp) -> None:
    async with open_to_all(scene, bench.egress):
        await revise(scene, CLAIM)
        scene.clock.move(timedelta(days=2))
        world = scene.world(scene.operator())
        found = await shown.revision_stated(await shown.revision(world, {}))
        assert (found.outcome, found.reason, found.value) == (Outcome.STALE, "claims.stale", ["L1"])
        await scene.engine().round()
        found = await shown.revision_stated(await shown.revision(world, {}))
        assert found.outcome is Outcome.PASS, found
    del lamp


async def test_every_claim_ever_stated_is_on_the_page_and_a_failing_one_with_its_history(
    scene: Scene, bench: Bench, lamp: Lamp
) -> None:
    async with open_to_all(scene, bench.egress):
        lamp.is_on = False
        await revise(scene, CLAIM + OTHER)
        await revise(scene, CLAIM)
        scene.clock.move(FRESH)
        target = replace(await shown.listing(scene.world(scene.operator()), {}), wait_s=0)
        found = await shown.none_hidden(target)
        assert (found.outcome, found.value) == (
            Outcome.PASS,
            {"hidden": 0, "shown": 1, "withdrawn": 1, "failing": 1},
        )
        unseen = replace(target, stated=target.stated | {"L9"})
        assert (await shown.none_hidden(unseen)).reason == "claims.hidden"
        with pytest.raises(CannotVerifyError, match="nothing"):
            await shown.none_hidden(replace(target, stated=frozenset()))
    del lamp


async def test_a_page_that_was_stale_as_a_whole_is_so_no_longer_than_its_claims(
    scene: Scene, bench: Bench, lamp: Lamp
) -> None:
    whole = CLAIM.replace("L1", "L2").replace("lamp.on", "revision.stated")
    late = 'attested_by = "keeper"\nattested_on = 2026-01-01\nattested_until = %s'
    word = CLAIM.replace("L1", "L3").replace("probe", "attested").replace('check = "lamp.on"', late)
    scene.catalogue = {**scene.catalogue, "revision.stated": CATALOGUE["revision.stated"]}
    async with open_to_all(scene, bench.egress):
        for until, outcome in (("2026-02-01", "STALE"), ("2026-12-20", "PASS")):
            await revise(scene, whole + word % until)
            scene.clock.move(timedelta(hours=1))
            await scene.engine().round(everything=True)
            listed = (await trust.read_claims(scene.house, scene.folder)).listed
            assert {each.claim.id: each.status for each in listed}["L2"] == outcome
    del lamp


@pytest.mark.parametrize("name", ["revision.stated", "claims.none_hidden"])
async def test_each_page_that_lies_about_the_log_is_found_out(bench: Bench, name: str) -> None:
    control = await CATALOGUE[name].of_control(bench)
    assert (control.outcome, control.reason) == (Outcome.FAIL, "control.failed_as_it_must")
    assert (
        control.value
        == {
            "revision.stated": ["revision.unstated", "revision.shown_differs", "revision.shown_differs"],
            "claims.none_hidden": ["claims.hidden", "claims.history_hidden"],
        }[name]
    )


@pytest.mark.parametrize(
    ("minutes", "is_told", "outcome"),
    [(4, False, Outcome.PASS), (6, False, Outcome.FAIL), (6, True, Outcome.PASS)],
)
async def test_a_revision_is_told_within_minutes(
    scene: Scene, *, minutes: int, is_told: bool, outcome: Outcome
) -> None:
    world = scene.world(scene.operator())
    with pytest.raises(CannotVerifyError, match="none_told"):
        await shown.revisions_told(await shown.tidings(world, {}))
    await scene.engine().round()
    await post.spread(scene.house)
    scene.clock.move(timedelta(days=1))
    (scene.folder / "notes" / "more.md").write_text("More.\n")
    await scene.engine().round()
    if is_told:
        await post.spread(scene.house)
    scene.clock.move(timedelta(minutes=minutes))
    found = await shown.revisions_told(await shown.tidings(world, {}))
    assert found.outcome is outcome
    assert found.value == ({"untold": 1, "of": 2} if outcome is Outcome.FAIL else {"revisions": 2, "told": 1 + is_told})


async def test_a_house_that_learns_to_tell_is_not_blamed_for_the_days_before(scene: Scene) -> None:
    await scene.engine().round()
    scene.clock.move(timedelta(days=3))  # too old to be told any more
    (scene.folder / "notes" / "more.md").write_text("More.\n")
    await scene.engine().round()
    await post.spread(scene.house)
    scene.clock.move(timedelta(minutes=6))
    found = await shown.revisions_told(await shown.tidings(scene.world(scene.operator()), {}))
    assert (found.outcome, found.value) == (Outcome.PASS, {"revisions": 2, "told": 1})


async def test_a_page_that_names_another_revision_is_found_out_by_the_digest_alone(bench: Bench) -> None:
    async with pages.of_another(bench) as target:
        found = await shown.revision_stated(target)
        assert (found.outcome, found.reason) == (Outcome.FAIL, "revision.shown_differs")
        same = replace(target, stated="0" * 64, digest="0" * 64)
        assert (await shown.revision_stated(same)).outcome is Outcome.PASS
