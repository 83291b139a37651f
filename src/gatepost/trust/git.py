"""Asking git about the operator's folder: what is committed, what ever was. Read only, and never over the network."""

import asyncio
import io
import os
import shutil
import tarfile
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

from gatepost.trust.paper import CannotVerifyError

TIMEOUT_S = 30.0
LINE_OCTETS_MAX = 1 << 20
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-optional-locks")


async def untold(folder: Path) -> str:
    """Return why git cannot tell the folder's history, as ``subject.fact``; empty where it can."""
    try:
        return "" if await ask(folder, "ls-files", "--", ".") else "git.untracked"
    except CannotVerifyError as error:
        return error.reason


async def commit_of(folder: Path) -> str:
    """Return the commit that holds the folder exactly as it lies there; empty where none does or nobody can tell."""
    try:
        commit = await ask(folder, "log", "-1", "--format=%H", "--", ".")
        changed = await ask(folder, "status", "--porcelain", "--", ".")
    except CannotVerifyError:
        return ""
    return "" if changed else commit


async def files_of(folder: Path, commit: str) -> dict[str, bytes]:
    """Return each file that a commit holds of the folder, by its path there.

    Raises:
        CannotVerifyError: as ``ask``.
    """
    packed = io.BytesIO(await _said(folder, "archive", "--format=tar", commit, "."))
    with tarfile.open(fileobj=packed) as archive:
        opened = ((each.name, archive.extractfile(each)) for each in archive if each.isfile())
        return {name.removeprefix("./"): file.read() for name, file in opened if file is not None}


async def ask(folder: Path, *arguments: str) -> str:
    """Return what git prints.

    Raises:
        CannotVerifyError: there is no git (``git.missing``), no repository (``git.no_repository``), one that belongs to
            neither us nor root (``git.owned_by_another``), or no such thing in it.
    """
    return (await _said(folder, *arguments)).decode(errors="replace").strip()


async def _said(folder: Path, *arguments: str) -> bytes:
    process = await _start(folder, arguments)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            said, _ = await process.communicate()
    except TimeoutError as error:
        raise CannotVerifyError("git.timeout") from error
    finally:
        _end(process)
    if process.returncode != 0:
        raise CannotVerifyError(_why_not(folder))
    return said


def _repository(folder: Path) -> Path | None:
    """Return the nearest folder, this one or above it, that has a repository."""
    here = folder.resolve()
    return next((each for each in (here, *here.parents) if (each / ".git").exists()), None)


def _is_ours(top: Path) -> bool:
    """Tell whether folder and repository belong to us or to root, who may make us do anything anyway."""
    return {each.lstat().st_uid for each in (top, top / ".git")} <= {os.geteuid(), 0}


def _why_not(folder: Path) -> str:
    top = _repository(folder)
    if top is None:
        return "git.no_repository"
    return "git.unanswered" if _is_ours(top) else "git.owned_by_another"


def _trusting(folder: Path) -> tuple[str, ...]:
    """Return what lets git read a repository of root's: by itself it reads none but its caller's (git-config(1))."""
    top = _repository(folder)
    is_whole = top is not None and (top / ".git").is_dir() and _is_ours(top)  # a file leads elsewhere: git decides
    return ("-c", f"safe.directory={top}") if is_whole else ()


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
        *_trusting(folder),
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
