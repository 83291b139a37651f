import re
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from gatepost.app import board
from gatepost.app.board import (
    FAMILIES,
    OTHER,
    PLACES,
    SLOT_OCTETS,
    SLOTS,
    Board,
    commit_lasts_s,
    lacking_files,
    read_all,
)
from gatepost.meters import Meters

BLOCK_OCTETS = 512
"""The unit of ``st_blocks``, whatever the file system's is."""


def value(slots: Sequence[float], name: str, *labels: str) -> float:
    return slots[PLACES[name][labels]]


def everything(meters: Meters) -> None:
    meters.decided("inbound", "deliver", "rule.matched")
    meters.refused("recipient.unknown")
    meters.carried(0.02)
    meters.connected()
    meters.committed(3, 0.004)
    meters.remembered()
    meters.asked("ok", 0.2)
    meters.ran("act.webhook", "again", 1.5)


def test_what_is_told_is_counted() -> None:
    counter = Board()
    everything(counter)
    slots = list(counter.values())
    assert value(slots, "gatepost_messages_total", "inbound", "deliver", "rule.matched") == 1
    assert value(slots, "gatepost_job_runs_total", "act.webhook", "again") == 1
    assert sum(slots[: PLACES["gatepost_smtp_refusals_total"]["sender.malformed",]]) == 1


def test_the_words_of_strangers_and_tenants_are_not_kept() -> None:
    counter = Board()
    counter.decided("inbound", "deliver", "boss@acme.example")
    counter.refused("a tenant's own reason")
    slots = list(counter.values())
    assert value(slots, "gatepost_messages_total", "inbound", "deliver", OTHER) == 1
    assert value(slots, "gatepost_smtp_refusals_total", OTHER) == 1


def test_processes_add_up_and_a_new_one_goes_on_where_a_dead_one_stopped(tmp_path: Path) -> None:
    first, second = (Board.shared(tmp_path / f"{name}.board") for name in ("one", "two"))
    everything(first)
    everything(second)
    del first
    again = Board.shared(tmp_path / "one.board")
    everything(again)
    slots = board.total(board.read_all(tmp_path))
    assert value(slots, "gatepost_dns_cache_hits_total") == 3
    opened = value(slots, "gatepost_smtp_sessions_total")
    closed = value(slots, "gatepost_smtp_sessions_ended_total")
    assert (opened, closed) == (3, 1)  # the session of the dead one is over


def test_counting_asks_the_disk_for_no_more_room(tmp_path: Path) -> None:
    """Or else a full disk ends whoever counts, by SIGBUS."""
    path = tmp_path / "one.board"
    path.write_bytes(bytes(8))  # an older release's
    Board.shared(path)
    assert path.stat().st_blocks * BLOCK_OCTETS >= path.stat().st_size == SLOTS * SLOT_OCTETS


def test_a_board_of_another_release_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "old.board").write_bytes(b"\0" * 8)
    assert sum(board.total(board.read_all(tmp_path))) == 0


def test_no_label_can_hold_more_than_a_list_of_words() -> None:
    assert SLOTS < 2_000
    for family in FAMILIES:
        assert re.fullmatch(r"gatepost_[a-z_]+", family.name)
        for words in family.labels.values():
            assert len(words) < 100
            assert all(re.fullmatch(r"[a-z0-9._]+", word) for word in words)


def test_counting_costs_little() -> None:
    counter = Board()
    rounds = 2_000
    fastest = min(timed(counter, rounds) for _ in range(5))
    assert fastest / rounds < 40e-6  # eight calls, some twelve counters: a message makes about as many


def timed(counter: Board, rounds: int) -> float:
    began = time.process_time()
    for _ in range(rounds):
        everything(counter)
    return time.process_time() - began


def test_a_board_is_for_the_house_alone(tmp_path: Path) -> None:
    Board.shared(tmp_path / "one.board")
    assert (tmp_path / "one.board").stat().st_mode & 0o077 == 0


def test_how_many_processes_lack_files_is_known(tmp_path: Path) -> None:
    one, two = (Board.shared(tmp_path / f"{name}.board") for name in ("one", "two"))
    assert lacking_files(read_all(tmp_path)) == 0
    for each in (one, two):
        each.note_files(are_used_up=True)
    assert lacking_files(read_all(tmp_path)) == 2
    one.note_files(are_used_up=False)
    assert lacking_files(read_all(tmp_path)) == 1
    Board.leave(tmp_path / "two.board")
    assert lacking_files(read_all(tmp_path)) == 0


def test_the_oldest_commit_under_way_in_any_process_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (Board.shared(tmp_path / f"{name}.board") for name in ("one", "two"))
    for meters, at in ((one, 100.0), (two, 103.0)):
        monkeypatch.setattr("time.monotonic", partial(float, at))
        assert commit_lasts_s(read_all(tmp_path)) == (0.0 if meters is one else 3.0)
        meters.committing(is_under_way=True)
    monkeypatch.setattr("time.monotonic", lambda: 110.0)
    assert commit_lasts_s(read_all(tmp_path)) == 10.0
    one.committing(is_under_way=False)
    assert commit_lasts_s(read_all(tmp_path)) == 7.0
    Board.leave(tmp_path / "two.board")  # as whoever watches it does when it dies
    assert commit_lasts_s(read_all(tmp_path)) == 0.0
    two.committing(is_under_way=True)
    Board.shared(tmp_path / "two.board")  # the next life of a process that died in a commit
    assert commit_lasts_s(read_all(tmp_path)) == 0.0
