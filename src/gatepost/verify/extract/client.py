"""The other side of the extracting processes: a few of them, replaced whenever one takes too long or dies."""

import asyncio
import sys
from contextlib import suppress

import structlog

from gatepost.verify.extract import sandbox
from gatepost.verify.extract.kinds import MAX_OCTETS, Kind
from gatepost.verify.extract.pipe import HEAD, OUTCOMES
from gatepost.verify.paper import Extraction

PROCESSES = 2
DEADLINE_S = 5.0
"""For one file; then its process is killed."""
START_S = 20.0
END_S = 1.0
"""Between the end of its answers and its own."""
MAX_FILES = 500
"""After so many files a process is replaced: what leaks, leaks no further."""
_MOST_TEXT_OCTETS = 4 * 1_000_000
log = structlog.get_logger()


class Extractor:
    """Reads text from files in processes of their own, which are started when the first file comes."""

    def __init__(
        self, *, processes: int = PROCESSES, deadline_s: float = DEADLINE_S, max_files: int = MAX_FILES
    ) -> None:
        self.deadline_s = deadline_s
        self._max_files = max_files
        self._free = asyncio.Semaphore(processes)
        self._idle: list[_Process] = []
        self._busy: set[_Process] = set()

    @property
    def processes(self) -> tuple[int, ...]:
        """The ids of the processes that live."""
        return tuple(process.id for process in (*self._idle, *self._busy))

    async def read(self, kind: Kind, octets: bytes) -> tuple[Extraction, str]:
        """Return what became of a file, and its text; total."""
        if len(octets) > MAX_OCTETS:
            return Extraction.TOO_LARGE, ""
        async with self._free:
            process = self._idle.pop() if self._idle else None
            try:
                if process is None:
                    process = await _Process.start()
                self._busy.add(process)
                async with asyncio.timeout(self.deadline_s):
                    outcome, text = await process.ask(kind, octets)
            except TimeoutError:
                outcome, text = Extraction.TIMEOUT, ""
            except EOFError:
                is_greedy = process is not None and await process.status() == -sandbox.ENDED_BY
                outcome, text = Extraction.TOO_LARGE if is_greedy else Extraction.CRASHED, ""
            except (OSError, ValueError):
                outcome, text = Extraction.CRASHED, ""
            else:
                if process.files < self._max_files:
                    self._idle.append(process)
                    self._busy.discard(process)
                    process = None
            finally:
                if process is not None:
                    self._busy.discard(process)
                    await process.end()
            return outcome, text

    async def close(self) -> None:
        """End all processes."""
        while self._idle:
            await self._idle.pop().end()
        for process in list(self._busy):
            await process.end()


class _Process:
    """One process and its pipes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.id = process.pid
        self.files = 0

    @classmethod
    async def start(cls) -> "_Process":
        """Start one, and wait until it has given up what it does not need."""
        program = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-B", "-m", "gatepost.verify.extract.worker", cwd="/", env={},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        process = cls(program)
        try:
            async with asyncio.timeout(START_S):
                outcome, _ = await process.answer()
        except BaseException:
            await process.end()
            raise
        if outcome is not Extraction.DONE:
            log.warning("extract.unsealed")
        return process

    async def ask(self, kind: Kind, octets: bytes) -> tuple[Extraction, str]:
        """Send a file and wait for its text."""
        self.files += 1
        pipe = self._process.stdin
        if pipe is None:
            raise EOFError
        pipe.write(HEAD.pack(len(octets), kind))
        pipe.write(octets)
        await pipe.drain()
        return await self.answer()

    async def answer(self) -> tuple[Extraction, str]:
        """Return one answer; raises EOFError where the process has ended, ValueError where it speaks nonsense."""
        pipe = self._process.stdout
        if pipe is None:
            raise EOFError
        length, outcome = HEAD.unpack(await pipe.readexactly(HEAD.size))
        if length > _MOST_TEXT_OCTETS or outcome >= len(OUTCOMES):
            raise ValueError("no answer of ours")
        return OUTCOMES[outcome], (await pipe.readexactly(length)).decode("utf-8", "replace")

    async def status(self) -> int | None:
        """Return how it ended by itself: the signal below zero, None where it lives on."""
        with suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                return await self._process.wait()
        return None

    async def end(self) -> None:
        """Kill it; nothing of it is worth waiting for."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
