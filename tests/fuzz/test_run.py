"""A few seconds of what ``make fuzz`` does for as long as one likes."""

import random

import pytest

from fuzz.mutate import worse
from fuzz.run import feed, run
from fuzz.targets import TARGETS, BrokenPromiseError, Target, pdf
from gatepost.verify.extract import Extractor

COUNT = 12


async def test_whatever_strangers_write_becomes_a_value_of_ours() -> None:
    extractor = Extractor()
    try:
        fed, failures = await run((*TARGETS, pdf(extractor)), range(1, COUNT + 1), until=float("inf"))
    finally:
        await extractor.close()
    assert failures == []
    assert fed == COUNT * (len(TARGETS) + 1)


async def test_a_broken_promise_is_told() -> None:
    async def breaks(octets: bytes) -> None:
        raise BrokenPromiseError(f"{len(octets)} octets")

    assert "4 octets" in await feed(Target("broken", lambda _: b"abcd", breaks), 1)


@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_an_input_follows_from_its_seed(target: Target) -> None:
    assert target.make(random.Random("7")) == target.make(random.Random("7"))


def test_mutations_change_something_and_keep_within_bounds() -> None:
    chance = random.Random(1)
    changed = [worse(b"From: a@b.example\r\n\r\nhello\r\n", chance, [b"other"]) for _ in range(200)]
    assert len(set(changed)) > 150
    assert max(map(len, changed)) <= 200_000
