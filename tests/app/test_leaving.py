"""A customer that rejects the terms takes everything along, and is closed."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatepost import access, domains
from gatepost.app import leaving
from gatepost.blobs import BlobsUnavailableError
from gatepost.db import Database
from gatepost.mailbox.body import object_path
from gatepost.trust import agreeing, read_operator
from gatepost.trust.engagement import NotYetError
from gatepost.trust.terms import Standing
from journeys.scene import Scene as Journey
from journeys.scene import open_scene
from outbound import TENANT
from trust.scene import EXAMPLE


@pytest.fixture
async def scene(db: Database, tmp_path: Path) -> AsyncIterator[Journey]:
    async with open_scene(db, tmp_path) as opened:
        yield opened


async def test_the_export_has_every_page(scene: Journey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "PAGE", 2)
    for _ in range(5):
        await scene.boss_asks()
    change = agreeing.change_of(read_operator(EXAMPLE), "terms")
    assert change is not None
    await agreeing.announce(scene.house, change)
    said = {"sha256": change.sha256, "actor": "ky_owner"}
    await agreeing.say(scene.house, TENANT, "terms", Standing.REJECTED, **said)
    (tmp_path / "taken").mkdir()
    assert (await leaving.export(scene.house, TENANT, "terms", tmp_path / "taken")).messages == 5


async def test_an_export_that_lacks_a_message_is_none(scene: Journey, tmp_path: Path) -> None:
    """It was one message short, and said so to nobody."""
    email = await scene.boss_asks(text="Can we meet? " * 6000)
    change = agreeing.change_of(read_operator(EXAMPLE), "terms")
    assert change is not None
    await agreeing.announce(scene.house, change)
    said = {"sha256": change.sha256, "actor": "ky_owner"}
    await agreeing.say(scene.house, TENANT, "terms", Standing.REJECTED, **said)
    place = tmp_path / object_path(TENANT, email)
    aside = place.rename(tmp_path / "aside")
    (tmp_path / "taken").mkdir()
    with pytest.raises(BlobsUnavailableError):
        await leaving.export(scene.house, TENANT, "terms", tmp_path / "taken")
    aside.rename(place)
    (tmp_path / "again").mkdir()
    assert (await leaving.export(scene.house, TENANT, "terms", tmp_path / "again")).messages == 1


async def test_nobody_is_closed_before_the_export_and_the_export_is_whole(scene: Journey, tmp_path: Path) -> None:
    await scene.boss_asks()
    change = agreeing.change_of(read_operator(EXAMPLE), "terms")
    assert change is not None
    await agreeing.announce(scene.house, change)
    folder = tmp_path / "taken"
    folder.mkdir()
    with pytest.raises(NotYetError, match="told"):
        await leaving.export(scene.house, TENANT, "terms", folder)
    said = {"sha256": change.sha256, "actor": "ky_owner"}
    await agreeing.say(scene.house, TENANT, "terms", Standing.REJECTED, **said)
    with pytest.raises(NotYetError, match="rejected"):
        await leaving.close(scene.house, TENANT, "terms")
    taken = await leaving.export(scene.house, TENANT, "terms", folder)
    assert taken.messages == 1
    (message,) = (folder / "messages").iterdir()
    assert b"Subject:" in message.read_bytes()
    assert (folder / "messages").stat().st_mode & 0o077 == 0
    sums = (folder / "SHA256SUMS").read_text()
    assert hashlib.sha256(sums.encode()).hexdigest() == taken.sha256
    assert f"{hashlib.sha256(message.read_bytes()).hexdigest()}  messages/{message.name}\n" in sums
    await leaving.close(scene.house, TENANT, "terms")
    async with scene.house.db.transaction(TENANT) as tx:
        assert await access.tenant(tx) is None
        assert await domains.list_domains(tx) == ()
        rows = await tx.all("select action from consequence where tenant = %(tenant)s order by entry desc limit 2")
    assert [row.action for row in rows] == ["tenant.remove", "terms.left"]
