"""The same house as behind the REST door; and one that claims what the example operator does."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from doors.rest.conftest import clock, house, ours, theirs
from doors.rest.scene import calls
from gatepost.db import Database
from gatepost.doors.public.trust import build as build_trust
from gatepost.trust.catalogue import CATALOGUE
from gatepost.trust.held import Held
from outbound import Hands
from outbound import house as built
from trust.scene import Scene, copied

__all__ = ["clock", "house", "ours", "theirs"]

URL = "https://mail.house.test"
CHEAP = ("entity.agrees", "control.mapped", "scope.rendered")


@pytest.fixture
def scene(db: Database, tmp_path: Path) -> Scene:
    clock = Hands()
    house = replace(built(db, tmp_path / "blobs", clock), public_url=URL)
    catalogue = {name: CATALOGUE[name] for name in CHEAP}
    return Scene(house=house, folder=copied(tmp_path), clock=clock, state=tmp_path, catalogue=catalogue)


@pytest.fixture
async def visitor(scene: Scene) -> AsyncIterator[httpx2.AsyncClient]:
    async with calls(build_trust(scene.house, scene.folder, "0.1.0", Held(scene.house.blobs)), None) as client:
        yield client


@pytest.fixture
async def looked(scene: Scene) -> Scene:
    """The scene after one round of checks whose results are in a signed head."""
    await scene.engine().round(everything=True)
    await scene.publish()
    return scene
