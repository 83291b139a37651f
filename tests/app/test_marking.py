"""Which store is the one a database knows."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.doctor.test_outside import files
from gatepost.app import build
from gatepost.app.administer import add_tenant
from gatepost.app.doctor import outside
from gatepost.app.doctor.finding import Level
from gatepost.app.marking import is_ours, marked
from gatepost.app.ready import Readiness, Wrong
from gatepost.app.state import prepare
from gatepost.blobs import MARK, Blobs
from gatepost.blobs.mark import StrangeStoreError
from gatepost.db import Database
from gatepost.ids import EmailId
from gatepost.journey import House
from gatepost.mailbox import Body, in_custody
from gatepost.settings import BlobSettings, Settings
from outbound import NOW, TENANT


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "volume"


@pytest.fixture
async def lived(tmp_path: Path, store: Path, app_dsn: str) -> AsyncIterator[House]:
    """A house whose log was published there, its store not marked: by a release that knew no marks."""
    settings = Settings(state=tmp_path / "state", blobs=BlobSettings(url=store.as_uri()))
    prepare(settings.state)
    async with build.open_house(settings, app_dsn) as house:
        tenant = (await add_tenant(house, name="one", plan="free")).id
        await build.sequencer(settings, house).sequence(tenant)
        assert (store / MARK).read_text() == house.db.keys.id
        (store / MARK).unlink()
        yield house


def reopened(house: House, store: Path) -> Blobs:
    return marked(Blobs.open(store.as_uri()), house.db, house.clock)


async def test_the_store_of_a_release_without_marks_is_known_by_its_log(lived: House, store: Path) -> None:
    blobs = reopened(lived, store)
    assert await levels(lived, store) == [Level.OK]
    assert not (store / MARK).exists()
    await blobs.write("a", b"one")
    assert (store / MARK).read_text() == lived.db.keys.id


async def levels(house: House, store: Path) -> list[Level]:
    found = await outside.look_at_owner(Blobs.open(store.as_uri()), house.db, house.clock)
    assert {finding.check for finding in found} == {"blobs.house"}
    return [finding.level for finding in found]


async def test_an_empty_mount_point_takes_no_large_mail_and_is_named(lived: House, tmp_path: Path) -> None:
    """It took it with 250, and what had lain on the volume was not found."""
    empty = tmp_path / "empty"
    empty.mkdir()
    blobs = reopened(lived, empty)
    body = Body(email=EmailId("em_a"), octets=b"x" * 100_000, received_at=NOW, subject=None)
    with pytest.raises(StrangeStoreError):
        async with in_custody(lived.db, blobs, TENANT, body):
            pytest.fail("nothing may be decided without its body")
    assert files(empty) == []
    assert await levels(lived, empty) == [Level.FAILURE]
    (empty / MARK).write_text("another house")
    assert await levels(lived, empty) == [Level.FAILURE]


async def test_readiness_names_a_store_that_is_not_ours_or_away(
    lived: House, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatepost.app.ready.BLOBS_FRESH_S", -1.0)
    monkeypatch.setattr("gatepost.app.ready.FRESH_S", -1.0)
    monkeypatch.setattr("gatepost.blobs.mark.FRESH_S", -1.0)
    ready = Readiness(lived, tmp_path / "state")
    assert await ready() == ()
    log = (store / "log").rename(tmp_path / "log")
    (store / MARK).unlink()
    assert await ready() == (Wrong.STRANGE,)
    (store / MARK).mkdir()
    assert await ready() == (Wrong.BLOBS,)
    (store / MARK).rmdir()
    log.rename(store / "log")
    assert await ready() == ()


async def test_a_new_database_knows_any_store_without_a_mark(db: Database, tmp_path: Path) -> None:
    assert await is_ours(Blobs.open(tmp_path.as_uri()), db, lambda: NOW)
    assert files(tmp_path) == []
