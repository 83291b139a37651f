"""The check of the logs goes on where it stopped, and forgives nothing that it does not see mended."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from gatepost.blobs import Blobs
from gatepost.blobs.folder import Folder
from gatepost.ids import TenantId
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.note import SigningKey
from gatepost.ledger.tiles import ENTRIES, WIDTH, Edge, tile_at
from gatepost.record import trust_log
from gatepost.record.trust_log import TRUST, Fact
from gatepost.trust import Outcome
from gatepost.trust.checks import logs
from gatepost.trust.paper import Finding
from gatepost.trust.reading import SHARED, Reading, begun
from outbound import NOW
from trust.scene import Scene

KEY = SigningKey("log.test", bytes(range(32)))
LARGE, SMALL = TenantId("tn_large"), TenantId("tn_small")
BUNDLES = 6


@dataclass
class Shelf:
    """A large log among so many small ones that a look reads on with one bundle of it; its rows can be changed."""

    folder: Path
    large: list[bytes] = field(default_factory=lambda: [b"%d" % number for number in range(BUNDLES * WIDTH)])
    notes: list[bytes] = field(default_factory=list)
    now: datetime = NOW
    reading: Reading = field(default_factory=lambda: begun(NOW))

    async def publish(self, tenant: TenantId, entries: Sequence[bytes]) -> bytes:
        blobs = Blobs(Folder(self.folder))
        grown, tiles = Edge().grow(list(entries))
        for tile, octets in tiles.items():
            await blobs.write(f"log/{tenant}/{tile.path}", octets)
        note = Checkpoint(KEY.name, grown.size, grown.root).signed(KEY)
        await blobs.write(f"log/{tenant}/checkpoint", note)
        return note

    async def look(self) -> Finding:
        """Look, five minutes after the last time."""
        self.now += timedelta(minutes=5)
        held = {LARGE: self.large, SMALL: [b"one"]}

        async def rows(tenant: TenantId, start: int, end: int) -> list[bytes]:
            return held[tenant][start:end]

        async def keep(tenant: TenantId, reading: Reading) -> None:
            if tenant == LARGE:
                self.reading = reading

        small = logs.Log(SMALL, str(KEY.verifier), (), begun(self.now))
        large = logs.Log(LARGE, str(KEY.verifier), tuple(self.notes), self.reading)
        blobs = Blobs(Folder(self.folder))
        return await logs.consistent(logs.Logs(blobs, (large, *[small] * SHARED), rows, keep, self.now))


@pytest.fixture
async def shelf(tmp_path: Path) -> Shelf:
    made = Shelf(tmp_path / "blobs")
    await made.publish(LARGE, made.large)
    await made.publish(SMALL, [b"one"])
    return made


async def test_a_changed_leaf_is_come_by_and_stays_found_until_it_is_mended(shelf: Shelf) -> None:
    was, shelf.large[2 * WIDTH + 3] = shelf.large[2 * WIDTH + 3], b"changed"
    seen = [(await shelf.look()).outcome for _ in range(BUNDLES + 4)]
    assert seen == [Outcome.PASS, Outcome.PASS, *[Outcome.FAIL] * (BUNDLES + 2)]
    assert shelf.reading.bundles == (2,)
    shelf.large[2 * WIDTH + 3] = was
    assert (await shelf.look()).outcome is Outcome.PASS
    assert shelf.reading.is_sound


async def test_an_entry_changed_in_every_copy_is_not_under_the_signed_root(shelf: Shelf) -> None:
    shelf.large[3] = b"changed"
    _, tiles = Edge().grow(shelf.large)
    for tile in (tile_at(ENTRIES, 0, len(shelf.large)), tile_at(0, 0, len(shelf.large))):
        await Blobs(Folder(shelf.folder)).write(f"log/{LARGE}/{tile.path}", tiles[tile])
    assert ((await shelf.look()).reason, shelf.reading.bundles) == ("log.inconsistent", (0,))


async def test_a_head_that_was_not_extended_is_remembered_when_it_is_no_longer_among_those_looked_at(
    shelf: Shelf,
) -> None:
    grown, _ = Edge().grow([b"another", b"history"])
    shelf.notes = [Checkpoint(KEY.name, 2, grown.root).signed(KEY)]
    assert (await shelf.look()).reason == "log.inconsistent"
    shelf.notes = []  # a later look draws others, or somebody took the row away
    assert ((await shelf.look()).reason, shelf.reading.heads) == ("log.inconsistent", (2,))
    true, _ = Edge().grow(shelf.large[:2])
    shelf.notes = [Checkpoint(KEY.name, 2, true.root).signed(KEY)]
    assert (await shelf.look()).outcome is Outcome.PASS


async def test_a_log_of_which_a_part_was_not_read_for_two_days_is_not_green(shelf: Shelf) -> None:
    shelf.reading = replace(shelf.reading, since=NOW - timedelta(days=3))
    found = await shelf.look()
    assert (found.outcome, found.reason) == (Outcome.COULD_NOT_VERIFY, "log.unread")
    for _ in range(BUNDLES):
        found = await shelf.look()
    assert found.outcome is Outcome.PASS


async def test_the_house_s_own_logs_are_read_and_a_changed_row_stays_found(scene: Scene, owner_dsn: str) -> None:
    fact = Fact(action="test.stated", at=NOW, object_ref="x", detail={})
    async with scene.house.db.transaction(TRUST) as tx:
        await trust_log.state(tx, [fact] * 3, entropy=scene.house.entropy)
    await scene.publish()
    world = scene.world(scene.operator())

    async def look() -> str:
        scene.clock.move(timedelta(minutes=5))
        return (await logs.consistent(await logs.house_logs(world, {}))).reason

    change = "update entry set leaf = convert_to(replace(convert_from(leaf, 'UTF8'), %s, %s), 'UTF8')"
    assert await look() == ""
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute(f"{change} where tenant = 'trust'", ["test.stated", "test.changed"])
        assert [await look(), await look()] == ["log.inconsistent", "log.inconsistent"]
        owner.execute(f"{change} where tenant = 'trust'", ["test.changed", "test.stated"])
    assert await look() == ""
