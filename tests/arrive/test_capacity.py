import os
from pathlib import Path

import pytest
from structlog.typing import EventDict

from gatepost.arrive import Limits, reply
from gatepost.arrive.capacity import DESCRIPTORS_QUIET_S, LOOK_AGAIN_S, Capacity, free_octets
from gatepost.arrive.spool import Spools

LIMITS = Limits(disk_free_min_octets=1000, spooled_max_octets=5000, in_flight_max=2, commit_max_s=10)


class Machine:
    """A disk and a database that do as they are told."""

    def __init__(self, folder: Path) -> None:
        self.free = 10_000
        self.commit_s = 0.0
        self.now = 0.0
        self.looks = 0
        self.spools = Spools(folder, os.urandom)
        self.capacity = Capacity(
            LIMITS, self.spools, free=self.look, commit_s=lambda: self.commit_s, now=lambda: self.now
        )

    def look(self) -> int:
        self.looks += 1
        return self.free


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_house_with_room_takes_mail(machine: Machine) -> None:
    assert machine.capacity.refusal(0) is None
    assert machine.capacity.refusal(5000) is None


def test_what_the_client_says_it_will_send_must_fit_as_well(machine: Machine) -> None:
    machine.free = 4000
    assert machine.capacity.refusal(3000) is None
    assert machine.capacity.refusal(3001) is reply.NO_ROOM


def test_a_full_disk_is_looked_at_again_and_forgotten_once_there_is_room(machine: Machine) -> None:
    machine.free = 999
    assert machine.capacity.refusal(0) is reply.NO_ROOM
    machine.free = 1000
    assert machine.capacity.refusal(0) is reply.NO_ROOM, "it was looked at a moment ago"
    machine.now = LOOK_AGAIN_S
    assert machine.capacity.refusal(0) is None
    assert machine.looks == 2


def test_too_much_in_the_spool_is_no_room(machine: Machine) -> None:
    machine.spools.disk_octets = 4000
    assert machine.capacity.refusal(1000) is None
    assert machine.capacity.refusal(1001) is reply.NO_ROOM


def test_too_many_unanswered_messages_are_too_much_to_do(machine: Machine) -> None:
    with machine.capacity.in_flight(), machine.capacity.in_flight():
        assert machine.capacity.refusal(0) is reply.OVERLOADED
    assert machine.capacity.refusal(0) is None


def test_a_commit_that_does_not_end_is_too_much_to_do(machine: Machine) -> None:
    machine.commit_s = 10.1
    assert machine.capacity.refusal(0) is reply.OVERLOADED
    machine.commit_s = 0
    assert machine.capacity.refusal(0) is None


def test_it_is_said_once_that_intake_stopped_and_how_many_were_turned_away(
    machine: Machine, said: list[EventDict]
) -> None:
    machine.free = 0
    for _ in range(3):
        assert machine.capacity.refusal(0) is reply.NO_ROOM
    machine.free, machine.now = 10_000, 1
    assert machine.capacity.refusal(0) is None
    assert machine.capacity.refusal(0) is None
    assert [line["event"] for line in said] == ["smtp.intake_stopped", "smtp.intake_resumed"]
    assert said[1]["turned_away"] == 3


def test_the_fullest_disk_counts_and_one_that_is_gone_has_no_room(tmp_path: Path) -> None:
    assert 0 < free_octets([tmp_path, Path("/dev/shm")]) <= free_octets([tmp_path])  # noqa: S108  # a disk of its own
    assert free_octets([tmp_path, tmp_path / "gone"]) == 0


@pytest.mark.parametrize(
    ("files", "left", "expected"), [(1_000_000, 999, 0), (1_000_000, 1_000, 4_096_000), (0, 0, 4_096_000)]
)
def test_a_disk_that_takes_no_more_files_has_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: int, left: int, expected: int
) -> None:
    seen = os.statvfs_result((4096, 4096, 10_000, 1_000, 1_000, files, left, left, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: seen)
    assert free_octets([tmp_path]) == expected


def test_clients_that_come_and_go_at_the_edge_of_the_descriptors_are_two_lines(
    machine: Machine, said: list[EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (1000, 1000))
    for _ in range(50):
        assert not machine.capacity.lets_in(750)
        machine.now += DESCRIPTORS_QUIET_S / 100
        assert machine.capacity.lets_in(10)
    machine.now += DESCRIPTORS_QUIET_S
    assert machine.capacity.lets_in(749)
    assert [line["event"] for line in said] == ["smtp.files_used_up", "smtp.files_free_again"]
