import json
from pathlib import Path

import pytest

from gatepost.cli import frame
from gatepost.settings import SettingsError

ROWS = [{"name": "one", "id": 1}, {"name": "two", "id": 2}]


def test_rows_are_a_table_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    frame.show(ROWS, columns=("id", "name"), as_json=False, empty="none")
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["id", "name"]
    assert [line.split() for line in lines] == [["1", "one"], ["2", "two"]]


def test_rows_are_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    frame.show(ROWS, columns=("id",), as_json=True, empty="none")
    assert json.loads(capsys.readouterr().out) == ROWS


def test_nothing_is_a_sentence_for_people_and_a_list_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    frame.show([], columns=("id",), as_json=False, empty="none yet")
    assert capsys.readouterr().out == "none yet\n"
    frame.show([], columns=("id",), as_json=True, empty="none yet")
    assert json.loads(capsys.readouterr().out) == []


def test_a_file_of_settings_is_read_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "house.toml"
    file.write_text('hostname = "mx.example.org"\n')
    assert frame.read_settings(file).hostname == "mx.example.org"
    file.write_text('hostnam = "mx.example.org"\n')
    with pytest.raises(SettingsError, match="hostname"):
        frame.read_settings(file)
