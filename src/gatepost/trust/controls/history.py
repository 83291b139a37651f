"""Folders and their histories in git that must be found out: changed, written anew, with a key in them."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gatepost.trust import git
from gatepost.trust.bench import Bench
from gatepost.trust.checks import machine, source
from gatepost.trust.operator import digest_of

_WHO = ("-c", "user.name=control", "-c", "user.email=control@control.invalid", "-c", "commit.gpgsign=false")
_FILE = "claims.toml"
_KEY = "key = '" + "AKIA" + "CONTROL0CONTROL0" + "'\n"
"""What looks like a cloud provider's key, and is nobody's: made of words."""


async def _committed(folder: Path, text: str, *more: str) -> Path:
    """Make a repository of one file, committed with each of these texts in turn, and return it."""
    await git.ask(folder.parent, "init", "--quiet", folder.name)
    for each in (text, *more):
        (folder / _FILE).write_text(each)
        await git.ask(folder, "add", ".")
        await git.ask(folder, *_WHO, "commit", "-qm", "one")
    return folder


@asynccontextmanager
async def uncommitted(bench: Bench) -> AsyncIterator[source.Committed]:
    """A folder with a change that no commit holds."""
    yield source.Committed(await _committed(bench.folder / "changed", "one\n"), "0" * 64)


@asynccontextmanager
async def rewritten(bench: Bench) -> AsyncIterator[source.Committed]:
    """A history that was written anew after one of its commits had been stated; the folder is as it was."""
    folder = await _committed(bench.folder / "rewritten", "one\n")
    stated = await git.ask(folder, "rev-parse", "HEAD")
    await git.ask(folder, *_WHO, "commit", "-q", "--amend", "-m", "two")
    yield source.Committed(folder, digest_of({_FILE: b"one\n"}), frozenset({stated}))


@asynccontextmanager
async def planted_key(bench: Bench) -> AsyncIterator[machine.Source]:
    """A source file with a key."""
    folder = bench.folder / "source"
    folder.mkdir()
    (folder / "settings.py").write_text(_KEY)
    yield machine.Source((folder,), folder, ())


@asynccontextmanager
async def history_with_key(bench: Bench) -> AsyncIterator[machine.Source]:
    """A repository whose first commit held a key that the second took away; where there is no git, the key itself."""
    if shutil.which("git") is None:
        bench.folder.joinpath(_FILE).write_text(_KEY)
        yield machine.Source((bench.folder,), bench.folder, ())
        return
    folder = await _committed(bench.folder / "history", _KEY, "key = ''\n")
    yield machine.Source((folder,), folder, ())
