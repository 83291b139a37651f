"""What is changed or missing on the second store is named before the day of a restore."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from typing_extensions import override

from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.blobs.folder import Folder
from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.ids import EntryId
from gatepost.record import erase, log_store
from gatepost.record.erase import Removal, Rule
from gatepost.record.publish import Sequencer
from gatepost.record.second import compare_second, gone
from record.papers import NOON, TENANT, OpenKeyring
from record.test_publish import act

Tamper = Callable[[str], None]

LOG = f"log/{TENANT}"
_TABLES = "those of the tables"
pytestmark = pytest.mark.usefixtures("life")


async def every(found: AsyncIterator[str]) -> list[str]:
    return [text async for text in found]


async def findings(db: Database, blobs: Blobs, second: Blobs) -> list[str]:
    return await every(compare_second(db, blobs, second, TENANT, OpenKeyring()))


async def test_what_the_sequencer_wrote_there_agrees(db: Database, blobs: Blobs, second: Blobs) -> None:
    assert await findings(db, blobs, second) == []
    assert await gone(db, blobs, second, TENANT) == []


async def test_every_file_that_is_changed_or_gone_is_named(
    db: Database, blobs: Blobs, second: Blobs, tmp_path: Path
) -> None:
    root = tmp_path / "second" / LOG
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    names = {str(path.relative_to(root)) for path in paths}
    assert names >= {"checkpoint", "key", "tile/0/000.p/5", "tile/entries/000.p/5", "rows/000.p/0-4", "signed/000"}
    for path in paths:
        name, octets = str(path.relative_to(root)), path.read_bytes()
        for at in (0, len(octets) // 2, len(octets) - 1):
            path.write_bytes(octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :])
            found = await findings(db, blobs, second)
            assert found, (name, at)
            assert all(each.startswith(f"second store: {name}: ") for each in found), found
        for more in (b"x", octets) if name == "key" else (b"x", b"\n", octets):  # a line feed is no part of JSON
            path.write_bytes(octets + more)
            found = await findings(db, blobs, second)
            assert found, (name, more)
            assert all(each.startswith(f"second store: {name}: ") for each in found), found
        path.unlink()
        assert await findings(db, blobs, second) == [f"second store: {name}: it is missing"]
        path.write_bytes(octets)
    assert await findings(db, blobs, second) == []


async def test_a_verifier_key_that_is_none_hides_nothing_else(
    db: Database, blobs: Blobs, second: Blobs, tamper: Tamper
) -> None:
    tamper("update log_key set vkey = 'log.else+00000000+?'")
    await second.remove(f"{LOG}/tile/0/000.p/5")
    found = await findings(db, blobs, second)
    assert found == ["second store: key: it is not the log's", "second store: tile/0/000.p/5: it is missing"]


async def test_a_second_store_without_the_log_is_told(db: Database, blobs: Blobs, second: Blobs) -> None:
    for name in ("key", "checkpoint"):  # of the list, the newest checkpoint may just be missing
        await second.remove(f"{LOG}/{name}")
        assert name in await gone(db, blobs, second, TENANT)
    await blobs.remove(f"{LOG}/checkpoint")
    assert await gone(db, blobs, second, TENANT) == []


async def test_openings_that_were_erased_since_are_no_difference(
    db: Database, own: Database, blobs: Blobs, second: Blobs, sequencer: Sequencer, entropy: Entropy
) -> None:
    removal = Removal(request="er_1", rule=Rule.PERSON, actor="operator", at=NOON, what={"entries": [[0, 0]]})
    async with own.transaction(TENANT) as tx:
        await erase.say(tx, removal, entropy=entropy)
        assert await erase.erase(tx, [EntryId(1)]) == 1
    await sequencer.sequence(TENANT)
    assert await findings(db, blobs, second) == []


async def test_a_second_store_that_is_away_is_said_to_be(db: Database, blobs: Blobs, tmp_path: Path) -> None:
    class Away(Folder):
        @override
        async def read(self, path: str) -> bytes | None:
            raise BlobsUnavailableError(path)

    assert await findings(db, blobs, Blobs(Away(tmp_path))) == ["second store: it does not answer"]


async def test_a_whole_bundle_is_what_was_written_or_each_of_its_rows_is_looked_at(
    db: Database, blobs: Blobs, second: Blobs, sequencer: Sequencer, entropy: Entropy, tamper: Tamper
) -> None:
    await act(db, entropy, 260)
    await sequencer.sequence(TENANT)
    path = f"{LOG}/rows/000"
    octets = await second.read(path) or b""
    async with db.transaction(TENANT) as tx:
        assert await log_store.copy_seals(tx, 0, 9) == {0: log_store.copy_seal(tx.vault, 0, octets)}
        assert log_store.copy_seal(tx.vault, 1, octets) != log_store.copy_seal(tx.vault, 0, octets)
    assert await findings(db, blobs, second) == []
    changed = octets.replace(b'"policy.set"', b'"policy.put"', 1)
    await second.write(path, changed)
    assert await findings(db, blobs, second) == [f"second store: rows/000: the rows at place 5 are not {_TABLES}"]
    tamper("update row_copy set seal = 'other'")  # who cannot write it gains nothing by this, and loses nothing
    assert await findings(db, blobs, second) == [f"second store: rows/000: the rows at place 5 are not {_TABLES}"]
    await second.write(path, octets)
    assert await findings(db, blobs, second) == []
