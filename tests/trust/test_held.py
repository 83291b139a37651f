from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from typing_extensions import override

from gatepost import trust
from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.blobs.folder import Folder
from gatepost.record import trust_log
from gatepost.record.trust_log import TRUST, Stated
from gatepost.trust import Outcome, store
from gatepost.trust.held import DIFFERS, MISSING, SETTLES, UNPROVEN, Held
from gatepost.trust.read import claims_of_folder
from trust.scene import Scene
from trust.test_engine import Lamp, lamp

__all__ = ["lamp"]


async def failing(scene: Scene, lamp: Lamp) -> None:
    """State that the lamp is off, and sign it."""
    lamp.is_on = False
    await scene.engine().round()
    await scene.publish()


async def shown(scene: Scene) -> tuple[Outcome, str]:
    (only,) = (await trust.read_claims(scene.house, scene.folder)).listed
    return only.status, only.reason


async def newest(scene: Scene) -> Stated:
    async with scene.house.db.transaction(TRUST) as tx:
        (found,) = await trust_log.stated(tx, [(await store.newest(tx))["L1"]])
    return found


def change(dsn: str, action: str, old: str, new: str) -> None:
    """Change a row as the tables' owner can."""
    query = """
        update entry set leaf = convert_to(replace(convert_from(leaf, 'UTF8'), %s, %s), 'UTF8')
        where position(%s in convert_from(leaf, 'UTF8')) > 0
    """
    with psycopg.connect(dsn, autocommit=True) as owner:
        assert owner.execute(query, [old, new, action]).rowcount == 1


@pytest.mark.parametrize(("old", "new"), [('"FAIL","reason"', '"PASS","reason"'), ("lamp.off", "lamp.dim")])
async def test_a_row_that_its_owner_changed_is_shown_as_nobodys_word(
    scene: Scene, lamp: Lamp, owner_dsn: str, old: str, new: str
) -> None:
    await failing(scene, lamp)
    held, operator = Held(scene.house.blobs), scene.operator()
    (before,) = (await claims_of_folder(scene.house, operator, held)).listed
    assert before.status is Outcome.FAIL
    was = await newest(scene)
    change(owner_dsn, "claim.checked", old, new)
    assert (await newest(scene)).detail != was.detail
    assert await shown(scene) == (Outcome.COULD_NOT_VERIFY, DIFFERS)
    (after,) = (await claims_of_folder(scene.house, operator, held)).listed  # it was believed, as it was
    assert (after.status, after.reason) == (Outcome.COULD_NOT_VERIFY, DIFFERS)
    assert trust.spelled(await trust.read_claims(scene.house, scene.folder), "")["claims"][0]["value"] is None
    (past,) = await trust.read_history(scene.house, "L1")
    assert (past.result.finding.outcome, past.result.finding.reason) == (Outcome.COULD_NOT_VERIFY, DIFFERS)


async def test_a_revision_that_the_log_does_not_hold_is_not_shown(scene: Scene, lamp: Lamp, owner_dsn: str) -> None:
    await failing(scene, lamp)
    assert len(await trust.read_revisions(scene.house)) == 1
    change(owner_dsn, "operator.revised", '"claims":1', '"claims":9')
    assert await trust.read_revisions(scene.house) == []
    assert (await trust.read_claims(scene.house, scene.folder)).revision is None


async def test_a_fact_waits_for_its_place_for_a_moment_and_no_longer(scene: Scene, lamp: Lamp) -> None:
    del lamp
    await scene.engine().round()
    assert (await shown(scene))[0] is Outcome.PASS
    scene.clock.now += SETTLES + timedelta(seconds=1)
    assert await shown(scene) == (Outcome.COULD_NOT_VERIFY, UNPROVEN)
    await scene.publish()
    assert (await shown(scene))[0] is Outcome.PASS


async def test_a_row_dated_ahead_does_not_wait_for_its_place_for_ever(scene: Scene, lamp: Lamp) -> None:
    await failing(scene, lamp)
    fact = await newest(scene)
    ahead = replace(fact, leaf_index=None, at=fact.at + timedelta(days=400))
    assert await Held(scene.house.blobs).faults([ahead], fact.at) == {fact.entry: UNPROVEN}


async def test_a_log_whose_tile_is_gone_bears_nothing_out(scene: Scene, lamp: Lamp) -> None:
    await failing(scene, lamp)
    fact = await newest(scene)
    for tile in (scene.state / "blobs").rglob("tile/0/*/*"):
        tile.unlink()
    assert await Held(scene.house.blobs).faults([fact], fact.at + timedelta(hours=1)) == {fact.entry: UNPROVEN}


class Away(Folder):
    """A store that does not answer."""

    @override
    async def read(self, path: str) -> bytes | None:
        raise BlobsUnavailableError(path)


async def test_while_the_store_is_away_what_is_new_is_believed_for_a_moment(scene: Scene, lamp: Lamp) -> None:
    await failing(scene, lamp)
    fact = await newest(scene)
    held = Held(Blobs(Away(scene.state / "blobs")))
    later = fact.at + timedelta(hours=1)
    assert await held.faults([fact], fact.at) == {}
    assert await held.faults([fact], later) == {fact.entry: UNPROVEN}


def take_away(dsn: str, entry: Stated) -> None:
    """Take away a fact's rows as the tables' owner can."""
    with psycopg.connect(dsn, autocommit=True) as owner:
        assert owner.execute("delete from trust_fact where entry = %s", [entry.entry]).rowcount == 1


async def test_a_claim_whose_newest_row_is_gone_is_not_shown_as_it_was_before(
    scene: Scene, lamp: Lamp, owner_dsn: str
) -> None:
    await scene.engine().round(everything=True)
    await failing_again(scene, lamp)
    held, operator = Held(scene.house.blobs), scene.operator()
    assert await shown(scene) == (Outcome.FAIL, "lamp.off")
    last = await newest(scene)
    take_away(owner_dsn, last)
    for each in (held, Held(scene.house.blobs)):
        (after,) = (await claims_of_folder(scene.house, operator, each)).listed
        assert (after.status, after.reason) == (Outcome.COULD_NOT_VERIFY, MISSING)
        assert after.last is not None
        assert after.last.leaf_index == last.leaf_index  # its proof is of what is missing
    past = await trust.read_history(scene.house, "L1")
    assert [each.result.finding.reason for each in past] == [MISSING, ""]


async def failing_again(scene: Scene, lamp: Lamp) -> None:
    lamp.is_on = False
    await scene.engine().round(everything=True)
    await scene.publish()


async def test_a_result_taken_out_of_a_history_is_shown_as_missing(scene: Scene, lamp: Lamp, owner_dsn: str) -> None:
    for is_on in (True, False, True):
        lamp.is_on = is_on
        await scene.engine().round(everything=True)
    await scene.publish()
    before = await trust.read_history(scene.house, "L1")
    (_, bad, _) = before
    async with scene.house.db.transaction(TRUST) as tx:
        (fact,) = await trust_log.stated(tx, [bad.entry])
    take_away(owner_dsn, fact)
    after = await trust.read_history(scene.house, "L1")
    assert [each.leaf_index for each in after] == [each.leaf_index for each in before]
    assert [each.result.finding.reason for each in after] == ["", MISSING, ""]
    held = Held(scene.house.blobs)
    assert [each.entry for each in await trust.read_history(scene.house, "L1", held=held, limit=1)] == [before[0].entry]


async def test_a_claim_without_any_row_is_known_by_the_log(scene: Scene, lamp: Lamp, owner_dsn: str) -> None:
    await failing(scene, lamp)
    take_away(owner_dsn, await newest(scene))
    assert await shown(scene) == (Outcome.COULD_NOT_VERIFY, MISSING)


async def test_a_revision_whose_row_is_gone_is_shown_as_the_log_has_it(
    scene: Scene, lamp: Lamp, owner_dsn: str
) -> None:
    await failing(scene, lamp)
    (was,) = await trust.read_revisions(scene.house)
    take_away(owner_dsn, was)
    assert await trust.read_revisions(scene.house) == [was]
    assert (await trust.read_claims(scene.house, scene.folder)).revision == was


async def test_a_claim_is_green_only_where_all_that_followed_it_could_be_read(scene: Scene, lamp: Lamp) -> None:
    del lamp
    await scene.engine().round()
    await scene.publish()
    for bundle in (scene.state / "blobs").rglob("tile/entries/*/*"):
        bundle.unlink()
    assert await shown(scene) == (Outcome.COULD_NOT_VERIFY, UNPROVEN)
