import errno
import hashlib
import os
import tracemalloc
from pathlib import Path

import pytest

from gatepost.arrive.spool import (
    CROWDED_OCTETS,
    MEMORY_OCTETS,
    SMALL_OCTETS,
    Hidden,
    Spool,
    Spooled,
    SpoolError,
    Spools,
)
from gatepost.mail.octets import opened

PIECE = os.urandom(100_000)
LARGE = 15 * PIECE


def open_files(folder: Path) -> list[os.stat_result]:
    """What this process holds open in a folder, named or not."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [link.stat() for link in links if str(folder) in os.readlink(link)]  # noqa: PTH115  # the target is gone


def fill(spool: Spool, octets: bytes) -> None:
    for at in range(0, len(octets), len(PIECE)):
        spool.add(octets[at : at + len(PIECE)])


def test_what_was_added_is_handed_out_whole_with_its_digest(tmp_path: Path) -> None:
    spool = Spool(Spools(tmp_path, os.urandom))
    spool.add(b"ab")
    spool.add(b"c")
    assert spool.take() == (b"abc", hashlib.sha256(b"abc").hexdigest())


def test_nothing_of_one_message_is_left_for_the_next(tmp_path: Path) -> None:
    spool = Spool(Spools(tmp_path, os.urandom))
    spool.add(b"first")
    spool.discard()
    spool.add(b"second")
    assert spool.take()[0] == b"second"
    assert spool.take() == (b"", hashlib.sha256(b"").hexdigest())


async def test_a_large_message_lies_in_a_file_without_a_name_that_nobody_else_can_open(tmp_path: Path) -> None:
    spools = Spools(tmp_path / "spool", os.urandom)
    spool = Spool(spools)
    fill(spool, LARGE)
    assert (spools.memory_octets, spools.disk_octets) == (0, len(LARGE))
    raw, blob = spool.take()
    assert isinstance(raw, Spooled)
    [file] = open_files(tmp_path)
    assert (file.st_nlink, file.st_mode & 0o777) == (0, 0o600)
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "spool").iterdir()) == []
    async with opened(raw) as octets:
        assert octets == LARGE
    assert (len(raw), blob) == (len(LARGE), hashlib.sha256(LARGE).hexdigest())
    raw.close()
    raw.close()
    assert open_files(tmp_path) == []
    assert (spools.memory_octets, spools.disk_octets) == (0, 0)


def on_disk(folder: Path) -> bytes:
    """Return what lies in the one file this process holds open in a folder."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    [link] = [link for link in links if str(folder) in os.readlink(link)]  # noqa: PTH115  # the target is gone
    return link.read_bytes()


async def test_what_lies_on_the_disk_nobody_reads_there(tmp_path: Path) -> None:
    spools, seen = Spools(tmp_path, os.urandom), []
    for _ in range(2):
        spool = Spool(spools)
        fill(spool, LARGE)
        raw, _ = spool.take()
        assert isinstance(raw, Spooled)
        seen.append(on_disk(tmp_path))
        for _ in range(2):
            async with opened(raw) as octets:
                assert octets == LARGE
        raw.close()
    for octets in seen:
        assert len(octets) == len(LARGE)
        assert not any(LARGE[at : at + 16] in octets for at in range(0, len(PIECE), 4_096))
    assert seen[0][:64] != seen[1][:64], "each has a key of its own"


def test_up_to_a_megabyte_a_message_stays_in_memory(tmp_path: Path) -> None:
    spools = Spools(tmp_path, os.urandom)
    spool = Spool(spools)
    spool.add(bytes(MEMORY_OCTETS))
    assert (spools.memory_octets, open_files(tmp_path)) == (MEMORY_OCTETS, [])
    assert isinstance(spool.take()[0], bytes)
    assert spools.memory_octets == 0


def test_where_memory_is_crowded_smaller_messages_go_to_disk_and_small_ones_stay(tmp_path: Path) -> None:
    spools = Spools(tmp_path, os.urandom)
    spools.memory_octets = CROWDED_OCTETS
    small, middling = Spool(spools), Spool(spools)
    small.add(bytes(SMALL_OCTETS))
    middling.add(bytes(SMALL_OCTETS + 1))
    assert isinstance(small.take()[0], bytes)
    raw, _ = middling.take()
    assert isinstance(raw, Spooled)
    raw.close()
    assert (spools.memory_octets, spools.disk_octets) == (CROWDED_OCTETS, 0)


def test_a_message_given_up_leaves_neither_file_nor_count(tmp_path: Path) -> None:
    spools = Spools(tmp_path, os.urandom)
    spool = Spool(spools)
    fill(spool, LARGE)
    spool.discard()
    assert (spools.memory_octets, spools.disk_octets, open_files(tmp_path)) == (0, 0, [])


def test_a_disk_that_takes_no_file_is_told_once_the_message_is_whole(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    spools = Spools(tmp_path / "file", os.urandom)  # no folder can be made there
    spool = Spool(spools)
    fill(spool, LARGE)
    with pytest.raises(SpoolError) as told:
        spool.take()
    assert not told.value.is_full
    spool.add(b"next")
    assert spool.take()[0] == b"next"
    assert (spools.memory_octets, spools.disk_octets) == (0, 0)


def test_no_room_is_told_apart_from_other_trouble() -> None:
    assert SpoolError(OSError(errno.ENOSPC, "full")).is_full
    assert SpoolError(OSError(errno.EDQUOT, "quota")).is_full
    assert not SpoolError(OSError(errno.EIO, "broken")).is_full


def test_a_message_in_tiny_pieces_takes_no_more_memory_than_a_whole_one(tmp_path: Path) -> None:
    spools = Spools(tmp_path, os.urandom)
    spool = Spool(spools)
    tracemalloc.start()
    try:
        for _ in range(100_000):
            spool.add(bytes(2))  # each one an object of its own
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert spools.memory_octets == 200_000
    assert taken < 300_000
    spool.discard()
    assert spools.memory_octets == 0


def test_tiny_pieces_go_to_the_disk_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writes = list[int]()
    write = Hidden.write

    def counted(hidden: Hidden, octets: bytes | bytearray) -> None:
        writes.append(len(octets))
        write(hidden, octets)

    monkeypatch.setattr(Hidden, "write", counted)
    spools = Spools(tmp_path, os.urandom)
    spool = Spool(spools)
    spool.add(bytes(MEMORY_OCTETS + 1))
    for _ in range(100_000):
        spool.add(b"xy")
    raw, blob = spool.take()
    assert isinstance(raw, Spooled)
    assert len(writes) < 10
    assert sum(writes) == len(raw) == MEMORY_OCTETS + 200_001 == spools.disk_octets
    assert blob == hashlib.sha256(bytes(MEMORY_OCTETS + 1) + b"xy" * 100_000).hexdigest()
    raw.close()
    assert (spools.memory_octets, spools.disk_octets) == (0, 0)


def test_a_message_given_up_half_on_disk_leaves_no_count(tmp_path: Path) -> None:
    spools = Spools(tmp_path, os.urandom)
    spool = Spool(spools)
    spool.add(bytes(MEMORY_OCTETS + 1))
    spool.add(b"in memory yet")
    spool.discard()
    assert (spools.memory_octets, spools.disk_octets) == (0, 0)
