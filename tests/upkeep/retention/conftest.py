"""A house with mail in it, its keeper on a connection of its own, and a key store that tests may destroy keys of."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gatepost.db import Database
from gatepost.keys import KeyStore
from journeys.scene import Scene, set_scene
from upkeep.retention.remembering import Remembering
from upkeep.retention.scene import Kept, keeper_of


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[KeyStore]:
    """A key store of this test alone."""
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    store = Remembering.open(folder, os.urandom)
    yield store
    store.close()


@pytest.fixture
async def own(app_dsn: str, keys: KeyStore) -> AsyncIterator[Database]:
    """The keeper's database."""
    async with Database.open(app_dsn.replace("gatepost_app", "gatepost_keeper"), keys) as database:
        yield database


@pytest.fixture
async def scene(db: Database, accepting: Database, tmp_path: Path) -> Scene:
    return await set_scene(db, tmp_path / "blobs", accepting=accepting)


@pytest.fixture
def kept(scene: Scene, own: Database, tmp_path: Path) -> Kept:
    return keeper_of(scene, own, tmp_path)
