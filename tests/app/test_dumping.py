from dataclasses import replace
from pathlib import Path

import pytest

from gatepost.app.dumping import dump_house, restore_house
from gatepost.app.state import StateError
from gatepost.settings import DatabaseSettings, Settings


def test_nothing_is_dumped_where_no_house_is_nor_restored_where_no_keys_are(tmp_path: Path) -> None:
    settings, file = Settings(state=tmp_path / "state"), tmp_path / "house.dump"
    for work in (dump_house, restore_house):
        with pytest.raises(StateError, match="there is no folder"):
            work(settings, file)
    settings.state.mkdir()
    with pytest.raises(StateError, match="no house lies in"):
        dump_house(settings, file)
    with pytest.raises(StateError, match="holds no keys"):
        restore_house(settings, file)
    assert [*settings.state.iterdir()] == []
    elsewhere = replace(settings, database=DatabaseSettings(dsn="postgresql://db.example/gatepost"))
    with pytest.raises(StateError, match="its own pg_dump"):
        dump_house(elsewhere, file)
