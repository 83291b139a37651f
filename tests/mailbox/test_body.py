"""Bodies where they lie: in their transaction, or in the object store under the name of their own arrival."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from gatepost.blobs import Blobs, BlobsUnavailableError, address_of
from gatepost.db import Database, DatabaseUnavailableError, UndecidedError
from gatepost.ids import EmailId, TenantId
from gatepost.keys import ErasedError, KeyStore, Kind
from gatepost.mail.octets import Octets
from gatepost.mailbox import Body, BodyDamagedError, BodyMissingError, in_custody, is_small, keep_bodies, read_body
from gatepost.mailbox.body import INLINE_MAX_OCTETS, object_path
from outbound import NOW, TENANT

ONE, TWO = EmailId("em_aaaaaaaaaaaaaaaa"), EmailId("em_bbbbbbbbbbbbbbbb")
SMALL, LARGE = b"x" * INLINE_MAX_OCTETS, b"x" * (INLINE_MAX_OCTETS + 1)


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs.open(tmp_path.as_uri())


def body_of(email: EmailId, octets: Octets) -> Body:
    return Body(email=email, octets=octets, received_at=NOW, subject="boss@example.org")


async def _keep(db: Database, blobs: Blobs, email: EmailId, octets: Octets) -> None:
    body = body_of(email, octets)
    async with in_custody(db, blobs, TENANT, body) as custody:
        async with db.transaction(TENANT) as tx:
            keep_bodies(tx, [body])
        custody.keep()


@pytest.mark.parametrize("octets", [b"", b"\x00\xff\r\n", SMALL, LARGE], ids=["none", "any", "small", "large"])
async def test_what_was_kept_is_read_back(db: Database, blobs: Blobs, octets: bytes) -> None:
    await _keep(db, blobs, ONE, octets)
    await _keep(db, blobs, ONE, octets)
    assert await read_body(db, blobs, TENANT, ONE, address_of(octets)) == octets


async def test_it_lies_in_one_place(db: Database, blobs: Blobs, owner_dsn: str) -> None:
    await _keep(db, blobs, ONE, SMALL)
    await _keep(db, blobs, TWO, LARGE)
    assert await blobs.read(object_path(TENANT, ONE)) is None
    assert await blobs.read(object_path(TENANT, TWO)) is not None
    with psycopg.connect(owner_dsn) as owner:
        assert owner.execute("select email from body").fetchall() == [(ONE,)]


class OnDisk:
    """Few octets that lie on disk all the same, as where memory is crowded."""

    def __len__(self) -> int:
        return 5

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[bytes]:
        yield b"small"


async def test_what_lies_on_disk_is_kept_however_small_it_is(db: Database, blobs: Blobs) -> None:
    assert [is_small(each) for each in (SMALL, LARGE, OnDisk())] == [True, False, False]
    await _keep(db, blobs, ONE, OnDisk())
    assert await read_body(db, blobs, TENANT, ONE, address_of(b"small")) == b"small"


async def test_a_missing_body_is_said_to_be_missing(db: Database, blobs: Blobs) -> None:
    with pytest.raises(BodyMissingError):
        await read_body(db, blobs, TENANT, ONE, address_of(b""))


@pytest.mark.parametrize("octets", [SMALL, LARGE], ids=["small", "large"])
async def test_another_tenant_has_no_such_body(db: Database, blobs: Blobs, octets: bytes) -> None:
    await _keep(db, blobs, ONE, octets)
    with pytest.raises(BodyMissingError):
        await read_body(db, blobs, TenantId("tn_two"), ONE, address_of(octets))


async def test_a_body_that_is_not_what_was_received_reaches_nobody(db: Database, blobs: Blobs, owner_dsn: str) -> None:
    await _keep(db, blobs, ONE, SMALL)
    await _keep(db, blobs, TWO, LARGE)
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("update body set sealed = 'something else'")
    await blobs.write(object_path(TENANT, TWO), b"something else")
    for email, octets in ((ONE, SMALL), (TWO, LARGE)):
        with pytest.raises(BodyDamagedError):
            await read_body(db, blobs, TENANT, email, address_of(octets))


async def test_what_is_not_told_to_stay_is_taken_away(db: Database, blobs: Blobs) -> None:
    async with in_custody(db, blobs, TENANT, body_of(ONE, LARGE)) as body:
        assert await blobs.read(object_path(TENANT, ONE)) is not None
        assert not body.is_kept
    assert await blobs.read(object_path(TENANT, ONE)) is None


async def test_taking_one_away_takes_no_other_with_the_same_octets(db: Database, blobs: Blobs) -> None:
    await _keep(db, blobs, ONE, LARGE)
    async with in_custody(db, blobs, TENANT, body_of(TWO, LARGE)):
        pass
    assert await read_body(db, blobs, TENANT, ONE, address_of(LARGE)) == LARGE


async def _fail(db: Database, blobs: Blobs, error: BaseException) -> None:
    async with in_custody(db, blobs, TENANT, body_of(ONE, LARGE)):
        raise error


@pytest.mark.parametrize(
    ("error", "stays"),
    [
        (ValueError(), False),
        (DatabaseUnavailableError(), False),
        (UndecidedError(), True),
        (asyncio.CancelledError(), True),
    ],
    ids=["rolled-back", "away", "unknown", "cancelled"],
)
async def test_only_what_may_have_been_committed_stays_after_an_error(
    db: Database, blobs: Blobs, error: BaseException, *, stays: bool
) -> None:
    with pytest.raises(type(error)):
        await _fail(db, blobs, error)
    assert (await blobs.read(object_path(TENANT, ONE)) is not None) is stays


async def test_a_store_that_takes_nothing_is_unavailable(db: Database, blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "bodies").write_text("a file where a folder should be")
    with pytest.raises(BlobsUnavailableError):
        async with in_custody(db, blobs, TENANT, body_of(ONE, LARGE)):
            pytest.fail("nothing may be decided without its body")


async def test_a_body_that_cannot_be_taken_away_changes_no_decision(db: Database, blobs: Blobs, tmp_path: Path) -> None:
    async with in_custody(db, blobs, TENANT, body_of(ONE, LARGE)):
        place = tmp_path / object_path(TENANT, ONE)
        place.unlink()
        place.mkdir()
        (place / "in the way").touch()


@pytest.mark.parametrize("octets", [SMALL, LARGE], ids=["small", "large"])
async def test_a_stolen_copy_of_a_body_says_nothing(db: Database, blobs: Blobs, owner_dsn: str, octets: bytes) -> None:
    await _keep(db, blobs, ONE, octets)
    with psycopg.connect(owner_dsn) as owner:
        lying = [bytes(row[0]) for row in owner.execute("select sealed from body")]
    if octets == LARGE:
        lying.append(await blobs.read(object_path(TENANT, ONE)) or b"")
    assert [len(each) >= len(octets) for each in lying] == [True]
    assert b"xxxx" not in lying[0]


@pytest.mark.parametrize("octets", [SMALL, LARGE], ids=["small", "large"])
async def test_a_body_whose_subject_was_erased_is_said_to_be(
    db: Database, blobs: Blobs, keys: KeyStore, octets: bytes
) -> None:
    tenant = TenantId("tn_erased")
    body = body_of(ONE, octets)
    async with in_custody(db, blobs, tenant, body) as custody:
        async with db.transaction(tenant) as tx:
            keep_bodies(tx, [body])
        await keys.flush()  # as the decision's own transaction does
        custody.keep()
    assert await read_body(db, blobs, tenant, ONE, address_of(octets)) == octets
    keys.destroy(tenant, Kind.SUBJECT, keys.subject_name(tenant, "boss@example.org"))
    with pytest.raises(ErasedError):
        await read_body(db, blobs, tenant, ONE, address_of(octets))
