import json
from datetime import UTC, datetime
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


def test_a_strangers_cell_is_text_and_neither_markup_nor_control(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"id": 1, "from": '"[/x][red]\x1b[2Jred\r\n"@example.com'}
    frame.show([row], columns=("id", "from"), as_json=False, empty="none")
    assert capsys.readouterr().out.splitlines()[1] == '1   "[/x][red] [2Jred  "@example.com'


def test_a_pipe_gets_one_line_a_row_however_long(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"id": "em_" + "a" * 200, "at": datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC), "why": "words " * 40}
    frame.show([row, row], columns=("id", "at", "why"), as_json=False, empty="none")
    _, *lines = capsys.readouterr().out.splitlines()
    assert [line.rstrip() for line in lines] == [f"{row['id']}  2026-01-02 03:04:05Z  {row['why']}".rstrip()] * 2


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
