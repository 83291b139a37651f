import fcntl
import os
import stat
import threading
from pathlib import Path

import pytest

from gatepost.app import state
from gatepost.app.state import Running, Sandbox, StateError

RUNNING = Running(
    pid=1, base_url="http://127.0.0.1:1/api", smtp_host="127.0.0.1", smtp_port=2, dsn="x", http_port=1, metrics_port=3
)


def test_two_houses_cannot_share_a_folder(tmp_path: Path) -> None:
    with state.locked(tmp_path), pytest.raises(StateError, match="GATEPOST_STATE"), state.locked(tmp_path):
        pass


def test_nobody_else_can_hold_the_lock(tmp_path: Path) -> None:
    (tmp_path / "lock").touch(0o644)  # as an earlier release made it
    (tmp_path / "lock").chmod(0o644)
    with state.locked(tmp_path):
        assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_a_note_without_a_house_is_not_believed(tmp_path: Path) -> None:
    with state.locked(tmp_path):
        with state.announced(tmp_path, RUNNING):
            assert state.running(tmp_path) == RUNNING
            note = (tmp_path / "running.json").read_text()
        assert state.running(tmp_path) is None
    (tmp_path / "running.json").write_text(note)  # as a kill -9 leaves it
    assert state.running(tmp_path) is None


def test_a_house_that_is_starting_is_not_taken_for_the_one_that_was_killed(tmp_path: Path) -> None:
    with state.locked(tmp_path), state.announced(tmp_path, RUNNING):
        note = (tmp_path / "running.json").read_text()
    (tmp_path / "running.json").write_text(note)  # as a kill -9 leaves it
    with state.locked(tmp_path):
        assert state.running(tmp_path) is None
        with state.announced(tmp_path, RUNNING):
            assert state.running(tmp_path) == RUNNING


def test_a_house_can_start_while_commands_ask_whether_it_runs(tmp_path: Path) -> None:
    stop = threading.Event()

    def ask() -> None:
        while not stop.wait(0.005):  # a command takes a hundred times longer
            state.running(tmp_path)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(100):
            with state.locked(tmp_path):
                pass
    finally:
        stop.set()
        asking.join()


def test_the_sandbox_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    kept = Sandbox(tenant="tn_x", mailbox_id=1, address="a@b.test", api_key="k", agent_key="l")
    state.keep_sandbox(tmp_path, kept)
    assert stat.S_IMODE((tmp_path / "sandbox.json").stat().st_mode) == 0o600
    assert state.sandbox(tmp_path) == kept


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="file is a file, and no folder"):
        state.prepare(tmp_path / "file" / "state")


def test_whoever_asks_changes_nothing(tmp_path: Path) -> None:
    assert state.running(tmp_path) is None
    with state.locked(tmp_path), state.announced(tmp_path, RUNNING):
        note = (tmp_path / "running.json").read_text()
    (tmp_path / "running.json").write_text(note)
    assert not state.is_locked(tmp_path)
    assert (tmp_path / "running.json").read_text() == note, "it is for the next house to take away"


def test_two_who_ask_at_once_do_not_take_each_other_for_a_house(tmp_path: Path) -> None:
    with state.locked(tmp_path):
        pass
    with (tmp_path / "lock").open() as asking:
        fcntl.flock(asking, fcntl.LOCK_SH | fcntl.LOCK_NB)
        assert not state.is_locked(tmp_path)


def test_a_note_is_durable_by_its_name_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[Path] = []
    monkeypatch.setattr(state, "sync_folder", flushed.append)
    state.write_private(tmp_path / "note.json", {})
    assert flushed == [tmp_path]


def test_no_two_notes_share_a_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drafts, opens = set[str](), os.open

    def noting(path: str, *args: int) -> int:
        drafts.add(str(path))
        return opens(path, *args)

    monkeypatch.setattr(os, "open", noting)
    for name in ("clock.json", "clock.confirmed"):
        state.write_private(tmp_path / name, {})
    assert len({each for each in drafts if each.endswith(".new")}) == 2
