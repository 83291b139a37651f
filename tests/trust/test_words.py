from datetime import timedelta

import psycopg

from gatepost import trust
from trust.scene import Scene
from trust.test_engine import CLAIM, Lamp, lamp

__all__ = ["lamp"]

REASON = "the lamp was sold"
WITHDRAWN = CLAIM.replace('check = "lamp.on"', f'withdrawn = "{REASON}"')
OTHER = CLAIM.replace("L1", "L2")


async def revise(scene: Scene, claims: str) -> None:
    scene.clock.move(timedelta(minutes=1))
    (scene.folder / "claims.toml").write_text(claims)
    await scene.engine().round()
    await scene.publish()


async def test_a_claim_taken_away_keeps_its_last_words_its_reason_and_its_day(scene: Scene, lamp: Lamp) -> None:
    await revise(scene, CLAIM)
    await revise(scene, CLAIM.replace("is on", "shines"))
    await revise(scene, WITHDRAWN.replace("is on", "shines"))
    at = scene.clock()
    await revise(scene, OTHER)  # and now without a word
    (gone,) = (await trust.read_claims(scene.house, scene.folder)).withdrawn
    assert (gone.claim.text, gone.claim.withdrawn) == ("The lamp shines.", REASON)
    assert gone.withdrawal is not None
    assert gone.withdrawal.at == at
    said = [fact.detail["text"] for fact in await trust.read_words(scene.house, "L1")]
    assert said == ["The lamp shines.", "The lamp is on."]
    del lamp


async def test_a_claim_that_was_withdrawn_before_it_was_ever_checked_is_not_lost(scene: Scene, lamp: Lamp) -> None:
    await revise(scene, WITHDRAWN)
    await revise(scene, OTHER)
    claims = await trust.read_claims(scene.house, scene.folder)
    assert [(each.claim.text, each.claim.withdrawn) for each in claims.withdrawn] == [("The lamp is on.", REASON)]
    del lamp


async def test_words_are_stated_once_until_they_change(scene: Scene, lamp: Lamp) -> None:
    for text in (CLAIM, CLAIM + OTHER, CLAIM, CLAIM.replace("keeper", "other keeper")):
        await revise(scene, text)
    assert len(await trust.read_words(scene.house, "L1")) == 2
    assert len(await trust.read_words(scene.house, "L2")) == 1
    del lamp


async def test_words_longer_than_a_leaf_are_cut_and_stop_nobody(scene: Scene, lamp: Lamp) -> None:
    await revise(scene, CLAIM.replace("The lamp is on.", "\u2028" * 3000))
    (fact,) = await trust.read_words(scene.house, "L1")
    assert fact.detail["text"].endswith(" ...")
    assert lamp.looks == 1


async def test_words_that_somebody_changed_in_the_table_are_not_shown(scene: Scene, lamp: Lamp, owner_dsn: str) -> None:
    await revise(scene, CLAIM)
    await revise(scene, OTHER)
    lie = "update entry set leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'lamp is on', 'lamp is big'), 'UTF8')"
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        assert owner.execute(lie).rowcount
    (gone,) = (await trust.read_claims(scene.house, scene.folder)).withdrawn
    assert gone.claim.text == ""
    del lamp
