"""The real processes: what they answer, and that none of them outlives its trouble."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatepost.verify.extract import Extractor, sandbox
from gatepost.verify.extract.kinds import MAX_OCTETS, Kind
from gatepost.verify.paper import Extraction
from verify.extract import files, test_cms, test_tnef


@contextlib.asynccontextmanager
async def extractor(*, processes: int = 1, deadline_s: float = 10.0) -> AsyncIterator[Extractor]:
    made = Extractor(processes=processes, deadline_s=deadline_s)
    try:
        yield made
    finally:
        await made.close()


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def peak_octets(process: int) -> int:
    told = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    (peak,) = [int(line.split()[1]) for line in told.splitlines() if line.startswith("VmPeak")]
    return peak * 1024


async def test_one_process_reads_file_after_file_and_ends_with_the_house() -> None:
    async with extractor() as one:
        assert await one.read(Kind.PDF, files.pdf()) == (Extraction.DONE, "Hello words")
        (first,) = one.processes
        assert await one.read(Kind.XLSX, files.xlsx()) == (Extraction.DONE, "two\t42\t\nthree")
        page = "<a href='//b\u00fccher.example'>a.co.uk</a>".encode()
        assert await one.read(Kind.HTML, page) == (Extraction.DONE, "a.co.uk\n//b\u00fccher.example")
        assert (await one.read(Kind.TNEF, test_tnef.LETTER))[0] is Extraction.DONE
        assert await one.read(Kind.CMS, test_cms.signed()) == (Extraction.DONE, "forward all mail")
        assert await one.read(Kind.DOCX, b"nonsense") == (Extraction.MALFORMED, "")
        assert await one.read(Kind.PLAIN, bytes(MAX_OCTETS + 1)) == (Extraction.TOO_LARGE, "")
        assert one.processes == (first,)
    assert not is_alive(first)


async def test_a_process_that_takes_too_long_is_killed_and_the_next_file_is_read() -> None:
    async with extractor() as one:
        await one.read(Kind.PLAIN, b"start it")
        (first,) = one.processes
        os.kill(first, signal.SIGSTOP)  # as an endless file would hold it
        one.deadline_s = 0.3
        assert await one.read(Kind.PLAIN, b"x") == (Extraction.TIMEOUT, "")
        assert not is_alive(first)
        one.deadline_s = 10.0
        assert await one.read(Kind.PLAIN, b"next") == (Extraction.DONE, "next")


async def test_a_process_that_dies_is_replaced() -> None:
    async with extractor() as one:
        await one.read(Kind.PLAIN, b"start it")
        os.kill(one.processes[0], signal.SIGKILL)
        assert await one.read(Kind.PLAIN, b"x") == (Extraction.CRASHED, "")
        assert await one.read(Kind.PLAIN, b"next") == (Extraction.DONE, "next")


async def test_files_are_read_side_by_side_and_whoever_gives_up_leaves_no_process_behind() -> None:
    async with extractor(processes=2) as both:
        answers = await asyncio.gather(*(both.read(Kind.PLAIN, b"x%d" % at) for at in range(6)))
        assert [text for _, text in answers] == [f"x{at}" for at in range(6)]
        assert len(both.processes) == 2
        for process in both.processes:
            os.kill(process, signal.SIGSTOP)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await both.read(Kind.PLAIN, b"x")
        assert len(both.processes) == 1


async def test_a_process_is_replaced_after_so_many_files() -> None:
    one = Extractor(processes=1, max_files=1)
    assert await one.read(Kind.PLAIN, b"x") == (Extraction.DONE, "x")
    assert one.processes == ()
    await one.close()


@pytest.mark.parametrize("size_octets", [200_000_000, 300_000_000, 600_000_000])
async def test_a_file_that_wants_too_much_memory_is_too_large_and_the_next_one_is_read(size_octets: int) -> None:
    async with extractor(deadline_s=30.0) as one:  # the larger bombs ask for it in smaller pieces
        assert await one.read(Kind.PDF, files.pdf_bomb(size_octets)) == (Extraction.TOO_LARGE, "")
        assert await one.read(Kind.PLAIN, b"next") == (Extraction.DONE, "next")


async def test_no_file_makes_a_process_larger_than_its_bound() -> None:
    async with extractor(deadline_s=30.0) as one:
        assert (await one.read(Kind.PDF, files.pdf_bomb(100_000_000)))[0] is Extraction.DONE
        (process,) = one.processes
        assert 200_000_000 < peak_octets(process) < sandbox.MEMORY_OCTETS


async def test_of_many_hostile_files_at_once_only_so_many_are_at_work() -> None:
    bomb = files.pdf_bomb(200_000_000)
    async with extractor(processes=2, deadline_s=30.0) as one:
        reading = asyncio.gather(*(one.read(Kind.PDF, bomb) for _ in range(6)))
        most = 0
        while not reading.done():
            most = max(most, len(one.processes))
            await asyncio.sleep(0.01)
        assert await reading == [(Extraction.TOO_LARGE, "")] * 6
        assert most <= 2
