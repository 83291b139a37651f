"""What a thief finds who takes the database and the bodies, and not the keys: none of the words we planted."""

import asyncio
import inspect
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from cli import busy
from cli.busy import HIDDEN, OPEN, living, loot
from cli.process import Process
from cli.test_survival import open_to_postgres
from gatepost.app.collect import family
from traces import Search, in_files, in_tables, spellings, traces_of

pytestmark = pytest.mark.timeout(300)


def in_processes(traces: Mapping[bytes, str], house: Process) -> set[str]:
    """Return what arguments and environments hold, of the house and of whatever it started."""
    assert house.up is not None
    search, found = Search(traces), set[str]()
    for pid in family(house.up.pid):
        for name in ("cmdline", "environ"):
            with suppress(OSError):  # it has ended meanwhile
                found |= search.in_octets(Path(f"/proc/{pid}/{name}").read_bytes())
    return found


def names_of(traces: Mapping[bytes, str], paths: list[Path]) -> set[str]:
    """Return what the files' own names hold."""
    return Search(traces).in_octets("\n".join(map(str, paths)).encode())


def test_each_word_is_planted() -> None:
    said = inspect.getsource(busy)
    assert [word for word in HIDDEN if said.count(word) < 2] == []  # in the list, and somewhere else


async def test_a_stolen_copy_without_the_keys_says_nothing() -> None:
    with tempfile.TemporaryDirectory(prefix="gatepost-stolen-", dir="/tmp") as folder:
        state = open_to_postgres(folder) / "state"
        state.mkdir(mode=0o711)
        async with living(state) as lived:
            secrets = {spelled: each for each in lived.secrets for spelled in spellings(each)}
            traces = {**traces_of(HIDDEN), **secrets}
            with psycopg.connect(lived.house.owner_dsn(), autocommit=True) as owner:
                owner.execute("checkpoint")  # so that files hold both: tables, and what was written ahead of them
                found, _ = await asyncio.to_thread(in_tables, traces, owner)
                in_view = await asyncio.to_thread(in_processes, traces, lived.house)
                open_ones, _ = await asyncio.to_thread(in_tables, traces_of([OPEN]), owner)
        paths = loot(state)
        lie_open = await asyncio.to_thread(in_files, traces, paths)
        kinds = {path.relative_to(state).parts[0].split(".")[0] for path in paths}
        controls = await asyncio.to_thread(in_files, traces_of([OPEN]), paths)
        in_names = names_of(traces, paths)
        open_to_others = {path.name for path in state.iterdir() if path.stat().st_mode & 0o077}
        house = Process(state)
        await asyncio.to_thread(shutil.rmtree, state / "keys")
        refused = await asyncio.to_thread(house.run, "up")
    assert (found, lie_open, in_names, in_view) == ([], [], set(), set())
    assert open_to_others <= {"lock", "up.log"}, "an empty file, and our own"
    assert open_ones, "the search finds nothing at all"
    assert controls, "the search finds nothing at all"
    assert {"blobs", "second", "up", "running", "last-start", "model-key"} <= kinds, kinds
    assert {"postgres-15", "postgres-18"} & kinds, kinds
    assert any(path.name == "postgres.log" for path in paths)
    assert any("pg_wal" in path.parts for path in paths)
    assert refused.returncode == 1
    assert "start with the state folder it belongs to" in refused.stderr
