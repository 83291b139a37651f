from datetime import timedelta
from pathlib import Path

import pytest

from gatepost.ids import LeafIndex
from gatepost.ledger.tiles import WIDTH
from gatepost.record import trust_log
from gatepost.record.trust_log import TRUST, Fact
from gatepost.trust import leaf
from gatepost.trust.logged import WHOLE, Logged
from trust.scene import Scene

MANY = 3 * WIDTH + 20


async def state(scene: Scene, *names: str) -> None:
    facts = [Fact(action=leaf.WITHDRAWN, at=scene.clock(), object_ref=name, detail={"claim": name}) for name in names]
    async with scene.house.db.transaction(TRUST) as tx:
        await trust_log.state(tx, facts, entropy=scene.house.entropy)


@pytest.fixture
async def long(scene: Scene) -> Scene:
    """A log of a few bundles: the first fact is about `first`, all others about the same three."""
    await state(scene, "first", *(f"N{at % 3}" for at in range(MANY - 1)))
    await scene.publish()
    return scene


def subject(name: str) -> str:
    return f"{leaf.GONE}{name}"


async def test_the_newest_of_each_subject_is_read_from_the_end_and_no_further_than_asked(long: Scene) -> None:
    logged = Logged(long.house.blobs)
    await logged.look()
    assert sorted(logged.newest) == [subject(f"N{at}") for at in range(3)]
    assert {fact.leaf_index for fact in logged.newest.values()} == {MANY - 1, MANY - 2, MANY - 3}
    assert logged.covers(LeafIndex(3 * WIDTH))
    assert not logged.covers(LeafIndex(3 * WIDTH - 1))
    await logged.back_to(LeafIndex(WIDTH + 3))
    assert (logged.covers(LeafIndex(WIDTH)), logged.covers(LeafIndex(0))) == (True, False)
    await logged.back_to(LeafIndex(0), most=0)
    assert not logged.covers(LeafIndex(0))
    await logged.back_to(LeafIndex(0))
    assert logged.newest[subject("first")].leaf_index == 0
    assert logged.newest[subject("N0")].leaf_index == max(at for at in range(1, MANY) if (at - 1) % 3 == 0)


async def test_what_is_stated_later_is_read_at_the_next_look(long: Scene) -> None:
    logged = Logged(long.house.blobs)
    await logged.look()
    long.clock.move(timedelta(days=1))
    await state(long, "later")
    await long.publish()
    await logged.look()
    fact = logged.newest[subject("later")]
    assert (fact.leaf_index, fact.at, fact.detail["claim"]) == (MANY, long.clock(), "later")
    assert logged.covers(LeafIndex(MANY))
    async with long.house.db.transaction(TRUST) as tx:
        assert await trust_log.stated(tx, [fact.entry]) == [fact]


async def test_time_is_read_back_to_as_well(long: Scene) -> None:
    long.clock.move(timedelta(days=1))
    await state(long, *("later" for _ in range(WIDTH)))
    await long.publish()
    logged = Logged(long.house.blobs)
    await logged.look()
    await logged.back_until(long.clock(), most=1)
    assert logged.covers(LeafIndex(MANY))
    assert not logged.covers(LeafIndex(2 * WIDTH))
    await logged.back_until(long.clock() - timedelta(days=2), most=WHOLE)
    assert logged.covers(LeafIndex(0))


@pytest.mark.parametrize("where", ["tile/entries/001", "tile/0/001"])
async def test_a_bundle_that_is_gone_or_not_what_its_tile_says_ends_what_is_known(long: Scene, where: str) -> None:
    (file,) = [path for path in (long.state / "blobs").rglob("001*") if f"/{where}" in str(path)]
    change(file)
    logged = Logged(long.house.blobs)
    await logged.look()
    await logged.back_to(LeafIndex(0))
    assert logged.covers(LeafIndex(2 * WIDTH))
    assert not logged.covers(LeafIndex(2 * WIDTH - 1))


def change(file: Path) -> None:
    octets = bytearray(file.read_bytes())
    octets[10] ^= 1
    file.chmod(0o600)
    file.write_bytes(octets)


async def test_a_last_bundle_that_cannot_be_read_leaves_nothing_covered(long: Scene) -> None:
    for file in (long.state / "blobs").rglob("entries/003*/*"):
        file.unlink()
    logged = Logged(long.house.blobs)
    await logged.look()
    assert not logged.covers(LeafIndex(MANY - 1))


async def test_a_log_that_is_another_one_is_read_anew(long: Scene, scene: Scene) -> None:
    logged = Logged(long.house.blobs)
    await logged.look()
    for file in (scene.state / "blobs").rglob("checkpoint"):
        file.unlink()
    await logged.look()
    assert logged.newest == {}
    assert logged.since is None


async def test_an_empty_log_says_nothing(scene: Scene) -> None:
    logged = Logged(scene.house.blobs)
    await logged.look()
    await logged.back_to(LeafIndex(7))
    assert (logged.newest, logged.words) == ({}, {})
