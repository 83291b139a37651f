from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatepost.db import Database
from gatepost.trust.bench import Bench
from outbound import Hands
from outbound import house as built
from record.papers import counting
from trust.posting import Posting, posting
from trust.scene import Scene, copied


@pytest.fixture
def scene(db: Database, tmp_path: Path) -> Scene:
    clock = Hands()
    return Scene(house=built(db, tmp_path / "blobs", clock), folder=copied(tmp_path), clock=clock, state=tmp_path)


@pytest.fixture
def bench(db: Database, tmp_path: Path) -> Bench:
    place = tmp_path / "bench"
    place.mkdir()
    return Bench(folder=place, database=db, clock=Hands(), entropy=counting(5))


@pytest.fixture
async def post(db: Database, tmp_path: Path) -> AsyncIterator[Posting]:
    async with posting(db, tmp_path) as opened:
        yield opened
