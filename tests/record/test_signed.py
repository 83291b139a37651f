"""Every checkpoint that was signed is listed on the second store, and held to the table."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.note import SigningKey
from gatepost.record import log_store, signed
from gatepost.record.errors import ForkError
from gatepost.record.log_store import LOG_KEY_PURPOSE, LogKey
from gatepost.record.publish import Sequencer
from gatepost.record.recover import Recovered, recover
from gatepost.record.signed import NOTES, Signed
from record.conftest import ORIGIN
from record.papers import AFTER, TENANT, Hands, OpenKeyring, counting
from record.test_publish import Dying, act, is_sound

NewSequencer = Callable[[], Sequencer]
Tamper = Callable[[str], None]

KEY = SigningKey(f"{ORIGIN}/t/{TENANT}", bytes(32))


def note(size: int, key: SigningKey = KEY) -> bytes:
    return Checkpoint(key.name, size, bytes(32)).signed(key)


async def sign(db: Database, through: int, *, since: int = 0) -> None:
    """Have the table remember checkpoints of the sizes above ``since``."""
    async with db.transaction(TENANT) as tx:
        wrapped = OpenKeyring().wrap(LOG_KEY_PURPOSE, KEY.seed)
        await log_store.add_log_key(tx, LogKey(KEY.name, str(KEY.verifier), wrapped))
        for size in range(since + 1, through + 1):
            await log_store.keep_checkpoint(tx, size, note(size))


async def sizes(second: Blobs, number: int) -> list[int]:
    return [signed.size_of(each) for each in await signed.read(second, TENANT, number) or ()]


async def findings(db: Database, second: Blobs) -> list[str]:
    return [text async for text in signed.compare(db, second, TENANT)]


async def test_the_list_is_cut_into_files_and_goes_on_where_it_ended(db: Database, second: Blobs) -> None:
    await sign(db, 2 * NOTES + 3)
    one = Signed(db, second)
    await one.catch_up(TENANT)
    await one.add(TENANT, [note(2 * NOTES + 4)])
    assert [len(await sizes(second, number)) for number in range(4)] == [NOTES, NOTES, 4, 0]
    await sign(db, 3 * NOTES, since=2 * NOTES + 3)
    other = Signed(db, second)
    await other.catch_up(TENANT)
    await other.catch_up(TENANT)
    assert [size for number in range(4) for size in await sizes(second, number)] == [*range(1, 3 * NOTES + 1)]
    assert await findings(db, second) == []


async def test_a_checkpoint_that_is_deleted_changed_or_made_up_is_named(
    db: Database, second: Blobs, tamper: Tamper
) -> None:
    await sign(db, NOTES + 4)
    await Signed(db, second).catch_up(TENANT)
    tamper("delete from checkpoint where size = 3")
    tamper("update checkpoint set note = 'other' where size = 5")
    await second.write(
        signed.path(TENANT, 0),
        (await second.read(signed.path(TENANT, 0)) or b"").replace(b"\\n7\\n", b"\\n70000\\n", 1),
    )
    assert await findings(db, second) == [
        "signed/000: the checkpoint of size 3 was signed, and the tables do not remember it",
        "signed/000: the checkpoint of size 5 is not that of the tables",
        "signed/000: the checkpoint of size 7 is not listed",
        "signed/000: the checkpoint of size 70000 was never signed",
    ]


async def test_a_checkpoint_deleted_from_the_last_file_is_named_too(
    db: Database, second: Blobs, tamper: Tamper
) -> None:
    await sign(db, NOTES + 4)
    await Signed(db, second).catch_up(TENANT)
    tamper("delete from checkpoint where size = 258")
    said = "signed/001: the checkpoint of size 258 was signed, and the tables do not remember it"
    assert await findings(db, second) == [said]
    await Signed(db, second).catch_up(TENANT)
    assert await findings(db, second) == [said]


async def test_what_the_list_lacks_is_named(db: Database, second: Blobs) -> None:
    await sign(db, 3 * NOTES)
    await Signed(db, second).catch_up(TENANT)
    path = signed.path(TENANT, 1)
    octets = await second.read(path) or b""
    await second.write(path, octets[:-1])
    assert await findings(db, second) == ["signed/001: the list of the checkpoints that were signed is damaged"]
    await second.remove(path)
    assert await findings(db, second) == ["signed/001: it is missing"]
    await second.write(path, octets)
    tail = await second.read(signed.path(TENANT, 2)) or b""
    await second.write(signed.path(TENANT, 2), b"".join(tail.splitlines(keepends=True)[:-1]))
    assert await findings(db, second) == [f"signed/002: the checkpoint of size {3 * NOTES} is not listed"]


async def test_a_database_that_forgot_what_was_signed_and_never_shown_signs_nothing_else(
    db: Database, own: Database, blobs: Blobs, second: Blobs, folder: Path, new_sequencer: NewSequencer,
    entropy: Entropy, tamper: Tamper,
) -> None:  # fmt: skip
    """A witness may have seen it: that is enough to contradict a second history."""
    await act(db, entropy, 2)
    await new_sequencer().sequence(TENANT)
    await act(db, entropy)
    dying = Sequencer(db, Blobs(Dying(folder, 2)), second, OpenKeyring(), Hands(), counting(9), ORIGIN)
    with pytest.raises(BlobsUnavailableError):  # as it writes its third file here, the checkpoint
        await dying.sequence(TENANT)
    for change in ("checkpoint where size", "leaf where leaf_index + 1", "entry where id", "consequence where entry"):
        tamper(f"delete from {change} = 3")  # noqa: S608  # the words above
    await act(db, entropy)
    with pytest.raises(ForkError, match="gatepost log recover"):
        await new_sequencer().sequence(TENANT)
    assert await recover(db, own, blobs, second, now=AFTER) == [Recovered(TENANT, 1, 0)]
    assert await new_sequencer().sequence(TENANT) == 4
    assert await is_sound(db, blobs)
    assert await findings(db, second) == []


async def test_every_checkpoint_comes_back(
    db: Database, own: Database, blobs: Blobs, second: Blobs, new_sequencer: NewSequencer, entropy: Entropy,
    tamper: Tamper,
) -> None:  # fmt: skip
    for _ in range(4):
        await act(db, entropy)
        await new_sequencer().sequence(TENANT)
    tamper("delete from checkpoint where size > 1")
    with pytest.raises(ForkError):
        await new_sequencer().sequence(TENANT)
    await recover(db, own, blobs, second, now=AFTER)
    async with db.transaction(TENANT) as tx:
        assert [size for size, _ in await log_store.checkpoints(tx, 0, 9)] == [1, 2, 3, 4]
    assert await findings(db, second) == []
    assert await is_sound(db, blobs)
