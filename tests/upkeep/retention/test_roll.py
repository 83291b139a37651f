import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from gatepost.blobs import Blobs
from gatepost.ids import TenantId
from gatepost.upkeep.retention.paper import Erasure
from gatepost.upkeep.retention.roll import FILE, Roll, RollError

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _erasure(number: int) -> Erasure:
    return Erasure(
        tenant=TenantId("tn_a"),
        request=f"er_{number}",
        at=NOW,
        actor="operator",
        name="ab" * 16,
        sender="cd" * 16,
        correspondent="ef" * 16,
        keys=(2**62 + number, 7),
    )


async def _every(roll: Roll) -> list[Erasure]:
    """Return what either place knows, oldest first; neither is given anything."""
    here, there = await roll.both(NOW)
    return sorted((here | there).values(), key=lambda each: (each.at, each.request))


@pytest.fixture
def second(tmp_path: Path) -> Blobs:
    return Blobs.open((tmp_path / "second").as_uri())


async def test_what_was_written_down_is_read_by_the_next_house(tmp_path: Path, second: Blobs) -> None:
    for number in range(3):
        await Roll(tmp_path, second).add(_erasure(number))
    assert await _every(Roll(tmp_path, second)) == [_erasure(number) for number in range(3)]
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


async def test_either_place_is_enough(tmp_path: Path, second: Blobs) -> None:
    await Roll(tmp_path, second).add(_erasure(1))
    elsewhere = Blobs.open((tmp_path / "empty").as_uri())
    assert await _every(Roll(tmp_path, elsewhere)) == [_erasure(1)]
    (tmp_path / FILE).unlink()
    assert await _every(Roll(tmp_path, second)) == [_erasure(1)]
    assert await _every(Roll(tmp_path, elsewhere)) == []


@contextmanager
def _room_for(path: Path, more_octets: int) -> Iterator[None]:
    """Let the file grow by so much, as a disk does that is nearly full: the first half of a line has room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + more_octets, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_line_that_has_half_of_its_room_is_not_called_written(tmp_path: Path, second: Blobs) -> None:
    await Roll(tmp_path, second).add(_erasure(1))
    with _room_for(tmp_path / FILE, 10), pytest.raises(RollError, match="cannot be written"):
        await Roll(tmp_path, second).add(_erasure(2))
    await Roll(tmp_path, second).add(_erasure(3))
    elsewhere = Blobs.open((tmp_path / "empty").as_uri())
    assert await _every(Roll(tmp_path, elsewhere)) == [_erasure(1), _erasure(3)]


async def test_a_line_that_was_cut_off_counts_from_its_copy(tmp_path: Path, second: Blobs) -> None:
    await Roll(tmp_path, second).add(_erasure(1))
    await Roll(tmp_path, second).add(_erasure(2))
    with (tmp_path / FILE).open("rb+") as file:
        file.truncate((tmp_path / FILE).stat().st_size - 10)
    assert await _every(Roll(tmp_path, second)) == [_erasure(1), _erasure(2)]
    await Roll(tmp_path, second).add(_erasure(3))  # after the cut line, not into it
    assert await _every(Roll(tmp_path, second)) == [_erasure(1), _erasure(2), _erasure(3)]


async def test_a_line_that_is_none_of_ours_is_refused(tmp_path: Path, second: Blobs) -> None:
    (tmp_path / FILE).write_bytes(b'{"tenant": 1}\n')
    with pytest.raises(RollError, match="restore it"):
        await _every(Roll(tmp_path, second))


async def test_a_roll_that_cannot_be_written_or_read_says_so(tmp_path: Path, second: Blobs) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(RollError, match="cannot be written"):
        await Roll(tmp_path, second).add(_erasure(1))
    with pytest.raises(RollError, match="cannot be read"):
        await _every(Roll(tmp_path, second))


async def test_a_line_of_before_there_were_correspondents_is_read(tmp_path: Path, second: Blobs) -> None:
    await Roll(tmp_path, second).add(replace(_erasure(1), correspondent=""))
    line = orjson.loads((tmp_path / FILE).read_bytes())
    del line["correspondent"]
    (tmp_path / FILE).write_bytes(orjson.dumps(line) + b"\n")
    elsewhere = Blobs.open((tmp_path / "empty").as_uri())
    assert await _every(Roll(tmp_path, elsewhere)) == [replace(_erasure(1), correspondent="")]


async def test_each_place_is_given_what_only_the_other_has(tmp_path: Path, second: Blobs) -> None:
    """As where one of them was restored from a backup."""
    roll = Roll(tmp_path, second)
    for number in (1, 2):
        await roll.add(_erasure(number))
    (tmp_path / FILE).unlink()
    await second.remove("erasures/tn_a/er_2")
    await Roll(tmp_path, Blobs.open((tmp_path / "else").as_uri())).add(_erasure(2))
    assert await roll.complete(NOW) == [_erasure(1), _erasure(2)]
    assert await _every(Roll(tmp_path, Blobs.open((tmp_path / "empty").as_uri()))) == [_erasure(1), _erasure(2)]
    (tmp_path / FILE).unlink()
    assert await _every(roll) == [_erasure(1), _erasure(2)]


async def test_what_either_place_lost_or_has_otherwise_is_named(tmp_path: Path, second: Blobs) -> None:
    roll, tenant, done = Roll(tmp_path, second), TenantId("tn_a"), {"er_1", "er_2"}
    for number in (1, 2, 3):
        await roll.add(_erasure(number))
    file, copy = tmp_path / FILE, tmp_path / "second" / "erasures" / "tn_a" / "er_2"
    whole, spelled = file.read_bytes(), copy.read_bytes()

    async def found() -> list[str]:
        return [text async for text in roll.amiss(tenant, done, NOW)]

    assert await found() == []
    beside = "the log has it, and the roll beside the keys (erasures.jsonl) does not"
    for crime in (b"", whole.replace(b"tn_a", b"tn_b")):
        file.write_bytes(crime)
        assert {f"erasure er_1: {beside}", f"erasure er_2: {beside}"} <= {*await found()}
    file.unlink()
    assert await found() == [f"erasure er_1: {beside}", f"erasure er_2: {beside}"]
    file.write_bytes(whole.replace(b'"', b"'", 1))
    assert await found() == [
        "roll of erasures: line 1 of erasures.jsonl beside the keys is none of ours",
        f"erasure er_1: {beside}",
    ]
    file.write_bytes(whole.replace(b"abab", b"abac", 1))
    assert await found() == ["erasure er_1: the roll beside the keys and the one on the second store disagree"]
    file.write_bytes(whole)
    copy.write_bytes(spelled.replace(b"er_2", b"er_1"))
    assert await found() == [
        "roll of erasures: erasures/tn_a/er_2 on the second store is none of ours",
        "erasure er_2: the log has it, and the roll on the second store does not",
    ]
    copy.unlink()
    assert await found() == ["erasure er_2: the log has it, and the roll on the second store does not"]
    assert await Roll(tmp_path, second).complete(NOW)
    assert await found() == []
