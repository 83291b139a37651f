import hashlib
from datetime import timedelta

import pytest

from gatepost import trust
from gatepost.trust import challenge
from gatepost.trust.challenge import NonceError, TooManyError
from trust.scene import Scene
from trust.test_engine import Lamp, lamp

__all__ = ["lamp"]

NONCE = "visitors-own-nonce-0123"


async def test_a_nonce_is_found_in_a_run_that_began_after_it(scene: Scene, lamp: Lamp) -> None:
    engine = scene.engine()
    await engine.round()
    asked = await trust.ask_challenge(scene.house.db, NONCE, scene.clock())
    assert asked.answer is None
    await engine.round()  # the claim is not due by itself
    assert lamp.looks == 2
    found = await trust.read_challenge(scene.house.db, NONCE)
    assert found is not None
    assert found.answer is not None
    assert found.answer.detail["nonces_sha256"] == [hashlib.sha256(NONCE.encode()).hexdigest()]
    assert found.answer.detail["outcomes"] == {"PASS": 1}
    assert NONCE not in str(found.answer.detail)  # no stranger's word stands in the log


async def test_asking_again_gives_the_same_answer(scene: Scene, lamp: Lamp) -> None:
    await trust.ask_challenge(scene.house.db, NONCE, scene.clock())
    await scene.engine().round()
    again = await trust.ask_challenge(scene.house.db, NONCE, scene.clock())
    assert again.answer is not None
    await scene.engine().round()
    assert lamp.looks == 1


async def test_challenges_are_limited_by_the_minute_and_by_the_hour(scene: Scene) -> None:
    at = scene.clock()
    for number in range(challenge.PER_MINUTE):
        await trust.ask_challenge(scene.house.db, f"{NONCE}-{number}", at)
    with pytest.raises(TooManyError) as caught:
        await trust.ask_challenge(scene.house.db, f"{NONCE}-more", at)
    assert caught.value.retry_after_s == 60
    asked = challenge.PER_MINUTE
    while asked < challenge.PER_HOUR:
        at += timedelta(seconds=61)
        for _ in range(min(challenge.PER_MINUTE, challenge.PER_HOUR - asked)):
            asked += 1
            await trust.ask_challenge(scene.house.db, f"{NONCE}-{asked}", at)
    with pytest.raises(TooManyError) as caught:
        await trust.ask_challenge(scene.house.db, f"{NONCE}-more", at + timedelta(seconds=61))
    assert caught.value.retry_after_s == 3600


@pytest.mark.parametrize(
    "nonce", ["", "short", "x" * 129, "has a space in it...", "drop table trust_fact;--", "ünïcödé-ünïcödé-ü"]
)
async def test_what_is_no_nonce_is_refused(scene: Scene, nonce: str) -> None:
    with pytest.raises(NonceError):
        await trust.ask_challenge(scene.house.db, nonce, scene.clock())
    assert await trust.read_challenge(scene.house.db, NONCE) is None
