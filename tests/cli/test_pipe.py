"""Whoever reads what a command says may leave: ``gatepost ... | head``."""

import signal
import subprocess
import sys

import pytest

from cli.process import COMMAND_WITHIN_S, GATEPOST, Process

pytestmark = pytest.mark.timeout(300)

COMMANDS = [
    "settings",
    "log actions",
    "log list -",
    "log list - --format csv",
    "log search --json",
    "log search",
    "log prove 0",
    "log entry 0",
    "log verify",
    "mailbox list",
    "doctor",
]


def unread(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Run a command whose output nobody reads; return its status and what it complained of."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603  # our own command
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate(timeout=COMMAND_WITHIN_S)
    return process.returncode, said


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_whose_reader_left_ends_as_unix_tools_do(house: Process, command: str) -> None:
    assert unread([GATEPOST, *command.split()], house.environment) == (-signal.SIGPIPE, "")


def test_the_taking_of_entries_is_recorded_also_where_the_reader_left(house: Process) -> None:
    unread([GATEPOST, "log", "list", "-"], house.environment)
    assert '"record.export"' in house.run("log", "search", "--action", "record.export", "--json").stdout


IN_A_GROUP = """
import asyncio, sys
from gatepost.cli.pipe import ending_with_its_reader

async def say():
    print("much", flush=True)

async def several():
    async with asyncio.TaskGroup() as group:
        group.create_task(say())

with ending_with_its_reader():
    try:
        asyncio.run(several())
    finally:
        print("in order", file=sys.stderr)
"""


def test_it_ends_in_order_first() -> None:
    assert unread([sys.executable, "-c", IN_A_GROUP], {}) == (-signal.SIGPIPE, "in order\n")


OF_A_SOCKET = """
import socket
from gatepost.cli.pipe import ending_with_its_reader

with ending_with_its_reader():
    ours, theirs = socket.socketpair()
    theirs.close()
    try:
        ours.send(b"x")
    except BrokenPipeError:
        print("told")
"""


def test_a_broken_pipe_elsewhere_is_none_of_its_business() -> None:
    done = subprocess.run([sys.executable, "-c", OF_A_SOCKET], capture_output=True, text=True, check=True)  # noqa: S603  # our own code
    assert done.stdout == "told\n"


def test_a_command_without_standard_output_does_its_work(house: Process) -> None:
    closed = subprocess.run(  # noqa: S603  # our own command
        ["/bin/sh", "-c", f"'{GATEPOST}' settings >&-"],
        env=house.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_WITHIN_S,
    )
    assert (closed.returncode, closed.stderr) == (0, "")
