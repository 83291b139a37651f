"""Body and write-ahead log are on the disk before ``250`` leaves: read from a trace of all our system calls."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from typing_extensions import override

from faults.machine import Machine, state_folder
from faults.sender import Book, Mail, send_all
from faults.trace import CALLS, Call, answered, read, unflushed
from faults.zone import named

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("strace") is None, reason="NOT TESTED: apt-get install strace"),
]

MAILS = [Mail(f"trace-{number}", size_octets=100_000 if number % 4 == 0 else 0) for number in range(12)]
LARGE = 3
WRITTEN_WITHIN_S = 20


class Unflushed(Machine):
    """The same house, but for an object store that forgets to flush."""

    @override
    def command(self) -> list[str]:
        return [sys.executable, str(Path(__file__).with_name("unflushed.py"))]


@asynccontextmanager
async def traced(house: Machine, note: Path) -> AsyncIterator[None]:
    """Write down the calls of all processes of the house."""
    tracer = await _attached(house, note)
    while not all(map(_is_traced, house.tree())):  # one began meanwhile: its flushes would be unseen
        await _end(tracer)
        tracer = await _attached(house, note)
    try:
        yield
    finally:
        await _end(tracer)


async def _attached(house: Machine, note: Path) -> asyncio.subprocess.Process:
    attach = [part for pid in house.tree() for part in ("-p", str(pid))]
    tracer = await asyncio.create_subprocess_exec(
        *("strace", "-f", "-yy", "-ttt", "-T", "-s", "65536", "-e", f"trace={CALLS}", "-o", str(note), *attach),
        stderr=subprocess.PIPE,
    )
    assert tracer.stderr is not None
    said = await tracer.stderr.readline()
    if b"not permitted" in said:
        tracer.terminate()
        pytest.skip("NOT TESTED: tracing is forbidden here (ptrace)")
    await asyncio.sleep(0.5)  # until it holds them all
    return tracer


async def _end(tracer: asyncio.subprocess.Process) -> None:
    tracer.terminate()
    await tracer.communicate()


def _is_traced(pid: int) -> bool:
    """Tell whether somebody traces a process; one that ended meanwhile leaves nothing unseen."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True
    return "TracerPid:\t0\n" not in status


async def _calls(house: Machine) -> list[Call]:
    """Send the mails over three connections to a house under trace."""
    note, book = house.state / "calls", Book()
    async with traced(house, note):
        await send_all(house.port, house.recipient, MAILS, book, connections=3)
        assert len(book.told("250")) == len(MAILS), book.answers
        return await _all_written(note)


async def _all_written(note: Path) -> list[Call]:
    """Return the calls once the tracer has seen each answer end: its client hears it before that."""
    async with asyncio.timeout(WRITTEN_WITHIN_S):
        while answered(calls := read(await asyncio.to_thread(note.read_text))) < len(MAILS):
            await asyncio.sleep(0.05)
    return calls


async def test_body_and_log_are_flushed_before_each_250_and_the_trace_tells_where_they_are_not() -> None:
    with state_folder() as folder:
        async with named() as names:
            house = Machine(folder, GATEPOST_DNS__SERVERS=names)
            await asyncio.to_thread(house.start)
            try:
                assert unflushed(await _calls(house), large=LARGE) == []
                _alter(house, "alter system set fsync = off")
                without = unflushed(await _calls(house), large=LARGE)
                assert len(without) == len(MAILS)
                assert all("write-ahead log" in finding for finding in without)
                _alter(house, "alter system reset fsync")
            finally:
                await asyncio.to_thread(house.stop)
            careless = Unflushed(folder, GATEPOST_DNS__SERVERS=names)
            await asyncio.to_thread(careless.start_again)
            try:
                found = unflushed(await _calls(careless), large=LARGE)
            finally:
                await asyncio.to_thread(careless.stop)
    assert len(found) == 2 * LARGE
    assert {finding.split(": ")[1] for finding in found} == {
        "250 left before the body was flushed",
        "250 left before its folder was flushed",
    }


def _alter(house: Machine, statement: str) -> None:
    with psycopg.connect(house.owner_dsn(), autocommit=True) as owner:
        owner.execute(statement.encode())
        owner.execute("select pg_reload_conf()")
