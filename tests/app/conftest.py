from pathlib import Path

import pytest

from gatepost.db import Database
from gatepost.journey import House
from outbound import Hands
from outbound import house as built


@pytest.fixture
def house(db: Database, tmp_path: Path) -> House:
    """A house without a tenant."""
    return built(db, tmp_path / "blobs", Hands())
