"""What is shown, and when: with witnesses, and without."""

import asyncio
from datetime import timedelta
from pathlib import Path

from gatepost.blobs import Blobs
from gatepost.blobs.folder import Folder
from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.ids import LeafIndex
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.note import Note
from gatepost.ledger.witness import Answer
from gatepost.record import export, files
from gatepost.record.publish import Sequencer
from gatepost.record.show import Window
from gatepost.record.witnesses import NO_WITNESSES, Ask, Witnesses
from record.conftest import ORIGIN
from record.papers import TENANT, Hands, OpenKeyring, counting
from record.test_publish import act
from record.test_witnesses import ENTRIES, KEYS, LOG, NAMED, asking, grown


class Gate:
    """A witness that one may shut."""

    def __init__(self, inner: Ask) -> None:
        self.inner = inner
        self.is_open = False

    async def __call__(self, url: str, body: bytes) -> Answer:
        return await self.inner(url, body) if self.is_open else Answer(0, b"shut")


async def shown(blobs: Blobs) -> int:
    found = await files.read_checkpoint(blobs, TENANT)
    return 0 if found is None else found[1].size


async def test_nothing_is_shown_before_the_quorum_and_then_the_newest(blobs: Blobs, tmp_path: Path) -> None:
    second = Blobs(Folder(tmp_path / "second"))
    gate = Gate(asking(tmp_path / "w"))
    window = Window(blobs, second, Witnesses(NAMED, 2, gate), Hands())
    last = 0
    for size in (3, 5, 256, 258):
        checkpoint, _ = await grown(blobs, size)
        await window.show(TENANT, LOG, checkpoint, since=last)
        last = size
    await window.round()
    assert await shown(blobs) == await shown(second) == 0
    gate.is_open = True
    window.forget(TENANT)
    await _until(window, blobs, 258)
    note = await blobs.read(files.checkpoint_path(TENANT)) or b""
    assert {key.name for key in Note.parse(note).verify([each.verifier for each in KEYS.values()])} == set(KEYS)


async def _until(window: Window, blobs: Blobs, size: int) -> None:
    stop = asyncio.Event()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(window.run(stop))
        while await shown(blobs) != size:  # noqa: ASYNC110  # a file is the event
            await asyncio.sleep(0.02)
        stop.set()


async def test_the_tiles_of_what_is_shown_stay_until_something_newer_is(blobs: Blobs, tmp_path: Path) -> None:
    gate = Gate(asking(tmp_path / "w"))
    gate.is_open = True
    second = Blobs(Folder(tmp_path / "second"))
    window = Window(blobs, second, Witnesses(NAMED, 2, gate), Hands())
    checkpoint, _ = await grown(blobs, 5)
    await window.show(TENANT, LOG, checkpoint, since=0)
    await window.round()
    gate.is_open = False
    for size in (7, 9):
        checkpoint, _ = await grown(blobs, size)
        await window.show(TENANT, LOG, checkpoint, since=size - 2)
    await window.round()
    assert await export.entry_bytes(blobs, TENANT, LeafIndex(4)) == ENTRIES[4]
    assert (await export.prove(blobs, TENANT, LeafIndex(4))).startswith(b"c2sp.org/tlog-proof@v1\n")
    gate.is_open = True
    await _until(window, blobs, 9)
    partial = sorted("/".join(path.parts[-2:]) for path in (tmp_path / "blobs").rglob("*.p/*"))  # a listing
    assert partial == ["000.p/9", "000.p/9"]


async def test_a_checkpoint_has_the_time_and_a_quiet_log_renews_it(blobs: Blobs, tmp_path: Path) -> None:
    hands = Hands()
    window = Window(blobs, Blobs(Folder(tmp_path / "second")), NO_WITNESSES, hands)
    checkpoint, _ = await grown(blobs, 2)
    await window.show(TENANT, LOG, checkpoint, since=0)
    first = await blobs.read(files.checkpoint_path(TENANT))
    hands.now += timedelta(seconds=3_599)
    await window.show_hourly(TENANT, LOG, checkpoint)
    assert await blobs.read(files.checkpoint_path(TENANT)) == first
    hands.now += timedelta(seconds=1)
    await window.show_hourly(TENANT, LOG, checkpoint)
    assert await blobs.read(files.checkpoint_path(TENANT)) != first


async def test_entries_have_their_places_while_the_witnesses_are_away(
    db: Database, blobs: Blobs, tmp_path: Path, entropy: Entropy
) -> None:
    gate = Gate(asking(tmp_path / "w"))
    second = Blobs(Folder(tmp_path / "second"))
    sequencer = Sequencer(
        db, blobs, second, OpenKeyring(), Hands(), counting(9_000_000), ORIGIN, Witnesses(NAMED, 1, gate)
    )
    for count in (1, 2, 3):
        await act(db, entropy, 2)
        assert await sequencer.sequence(TENANT) == 2 * count
    await sequencer.window.round()
    assert await shown(blobs) == 0
    async with db.transaction(TENANT) as tx:
        assert (await export.head(tx) or Checkpoint("", 0, b"")).size == 6
