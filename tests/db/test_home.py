import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepost.db.home import home_for


@pytest.fixture
def state() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="gatepost-home-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_below_a_closed_folder_the_data_lie_where_postgres_can_reach_them(state: Path) -> None:
    closed = state / "closed"
    closed.mkdir(mode=0o700)
    inner = closed / "state"
    inner.mkdir()
    home = home_for(inner)
    assert home != inner
    assert home_for(inner) == home
    home.rmdir()
