"""Asking git about the operator's folder: what is committed, what ever was. Read only, and never over the network."""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

from gatepost.trust.paper import CannotVerifyError

TIMEOUT_S = 30.0
LINE_OCTETS_MAX = 1 << 20
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-optional-locks")


async def is_tracked(folder: Path) -> bool:
    """Tell whether git is here and knows the folder."""
    try:
        return bool(await ask(folder, "ls-files", "--", "."))
    except CannotVerifyError:
        return False


async def commit_of(folder: Path) -> str:
    """Return the commit that holds the folder exactly as it lies there; empty where none does or nobody can tell."""
    try:
        commit = await ask(folder, "log", "-1", "--format=%H", "--", ".")
        changed = await ask(folder, "status", "--porcelain", "--", ".")
    except CannotVerifyError:
        return ""
    return "" if changed else commit


async def ask(folder: Path, *arguments: str) -> str:
    """Return what git prints.

    Raises:
        CannotVerifyError: there is no git, no repository, or no such thing in it.
    """
    process = await _start(folder, arguments)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            said, _ = await process.communicate()
    except TimeoutError as error:
        raise CannotVerifyError("git.timeout") from error
    finally:
        _end(process)
    if process.returncode != 0:
        raise CannotVerifyError("git.unanswered")
    return said.decode(errors="replace").strip()


async def added_lines(folder: Path) -> AsyncGenerator[bytes, None]:
    """Yield the lines of the folder's whole history, as ``git log --patch`` prints them."""
    process = await _start(
        folder, ("log", "--all", "--patch", "--no-color", "--no-ext-diff", "--no-textconv", "--", ".")
    )
    try:
        if process.stdout is None:
            return
        while line := await process.stdout.readline():
            yield line.rstrip(b"\n")
    except ValueError as error:
        raise CannotVerifyError("history.long_line") from error
    finally:
        _end(process)
        await process.communicate()


async def _start(folder: Path, arguments: tuple[str, ...]) -> asyncio.subprocess.Process:
    program = shutil.which("git")
    if program is None:
        raise CannotVerifyError("git.missing")
    return await asyncio.create_subprocess_exec(
        program,
        *_QUIET,
        "-C",
        str(folder),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=LINE_OCTETS_MAX,
    )


def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        if process.returncode is None:
            process.kill()
