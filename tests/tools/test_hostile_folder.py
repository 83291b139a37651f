"""Whatever somebody puts into a log's folder, the verifier refuses it with a line that names the file, and ends.

Never a traceback, never a wait for a file that does not end, and no more memory than a log's own files need.
"""

import os
import resource
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.merkle import EMPTY_ROOT
from tools.test_verify_log import CHECKPOINTS, ENTRIES, KEY, TOOL

MAIN = runpy.run_path(str(TOOL))["main"]
MEMORY_OCTETS = 256 * 1024**2
Spoil = Callable[[Path], object]


def instead(name: str, make: Spoil) -> Spoil:
    """Put what ``make`` makes in place of a file."""

    def spoil(folder: Path) -> None:
        path = folder / name
        if path.exists():
            path.unlink()
        make(path)

    return spoil


def signed(size: int, root: bytes = EMPTY_ROOT) -> Spoil:
    """Put a checkpoint of that size, which the log's key signed, in place of the log's."""
    return instead("log/checkpoint", partial(Path.write_bytes, data=Checkpoint(KEY.name, size, root).signed(KEY)))


def reworded(name: str, old: bytes, new: bytes) -> Spoil:
    """Exchange some octets of a file."""

    def spoil(folder: Path) -> None:
        whole = (folder / name).read_bytes()
        assert old in whole
        (folder / name).write_bytes(whole.replace(old, new))

    return spoil


def emptied(folder: Path) -> None:
    shutil.rmtree(folder / "log")
    shutil.rmtree(folder / "proofs")


def linked(to: str) -> Spoil:
    return lambda path: path.symlink_to(to)


def sparse(path: Path) -> None:
    """Make a file of 64 GB that takes no room."""
    with path.open("wb") as file:
        file.truncate(64 * 1024**3)


CHECKPOINT, BUNDLE, TILE = "log/checkpoint", "log/tile/entries/000", "log/tile/0/000"
HOSTILE: dict[str, tuple[Spoil, str]] = {
    "empty folder": (emptied, "checkpoint: it is missing"),
    "checkpoint of size 0": (signed(0), "tile/0/000: it is no part of the log"),
    "checkpoint of size 2^63": (signed(2**63, bytes(32)), "checkpoint: the tree cannot be computed beyond entry 256"),
    "checkpoint of size 10^19": (signed(10**19, bytes(32)), "checkpoint: it has no origin, size and root"),
    "checkpoint of a negative size": (signed(-1, bytes(32)), "checkpoint: it has no origin, size and root"),
    "checkpoint not UTF-8": (reworded(CHECKPOINT, b"log.example", b"log.\xffxample"), "checkpoint: it is not UTF-8"),
    "checkpoint with CRLF": (reworded(CHECKPOINT, b"\n", b"\r\n"), "checkpoint: it is no signed note"),
    "checkpoint of another origin": (
        reworded(CHECKPOINT, b"log.example/t/t1\n", b"log.example/t/t2\n"),
        "checkpoint: the log's key did not sign it",
    ),
    "checkpoint that is a folder": (instead(CHECKPOINT, Path.mkdir), "checkpoint: it cannot be read: Is a directory"),
    "checkpoint that waits for a writer": (instead(CHECKPOINT, os.mkfifo), "checkpoint: it is no file"),
    "tile that is a folder": (instead(TILE, Path.mkdir), "tile/0/000: it cannot be read: Is a directory"),
    "tile that waits for a writer": (instead(TILE, os.mkfifo), "tile/0/000: it is no file"),
    "bundle that links to itself": (
        instead(BUNDLE, linked("000")),
        "tile/entries/000: it cannot be read: Too many levels of symbolic links",
    ),
    "bundle that links to nothing": (instead(BUNDLE, linked("none")), "tile/entries/000: it is missing"),
    "bundle of empty entries": (
        instead(BUNDLE, partial(Path.write_bytes, data=bytes(1 << 24))),
        "tile/entries/000: it holds more than 256 entries, not 256",
    ),
    "lines that are a folder": (instead(ENTRIES, Path.mkdir), f"{ENTRIES}: it cannot be read: Is a directory"),
    "lines that wait for a writer": (instead(ENTRIES, os.mkfifo), f"{ENTRIES}: it is no file"),
    "lines whose name is no text": (
        instead("entries/\udcff", Path.touch),
        "entries/\\udcff: it is no part of the log",
    ),
    "earlier checkpoints without an end": (
        instead(CHECKPOINTS, sparse),
        "checkpoints.jsonl: line 1 is cut short, or too long",
    ),
    "earlier checkpoints that are a folder": (
        instead(CHECKPOINTS, Path.mkdir),
        "checkpoints.jsonl: it cannot be read: Is a directory",
    ),
    "proof that is a folder": (
        instead("proofs/17.tlog-proof", Path.mkdir),
        "proofs/17.tlog-proof: it cannot be read: Is a directory",
    ),
    "entry that waits for a writer": (
        instead("proofs/17.entry", os.mkfifo),
        "proofs/17.tlog-proof: its entry: it is no file",
    ),
    "enclosed key that waits for a writer": (instead("log.vkey", os.mkfifo), "log.vkey: it is no file"),
    "stray that is a link to nothing": (instead("log/tile/0/x", linked("none")), "tile/0/x: it is no part of the log"),
    "stray that waits for a writer": (instead("log/tile/0/x", os.mkfifo), "tile/0/x: it is no part of the log"),
    "stray whose name is no text": (
        instead("log/tile/0/\udcff", Path.touch),
        "tile/0/\\udcff: it is no part of the log",
    ),
    "stray whose name is a line and a colour": (
        instead("log/tile/0/x\nsound: \x1b[2J", Path.touch),
        "tile/0/x\\nsound: \\x1b[2J: it is no part of the log",
    ),
    "proof whose name is no number": (
        instead("proofs/\udcff.tlog-proof", Path.touch),
        "proofs/\\udcff.tlog-proof: it is named after no entry",
    ),
}


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    (tmp_path / "trusted").write_bytes((sound / "log.vkey").read_bytes())
    return Path(shutil.copytree(sound, tmp_path / "log"))


def verdict(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> tuple[int, list[str]]:
    monkeypatch.setattr(sys, "argv", ["verify_log.py", str(folder), "--vkey", str(folder.parent / "trusted")])
    code, said = MAIN(), capsys.readouterr()
    assert said.err == ""
    return code, said.out.splitlines()


def limited(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Verify the folder by a process of its own, which has little memory."""
    command = [sys.executable, "-I", str(TOOL), str(folder), "--vkey", str(folder.parent / "trusted")]
    limit = partial(resource.setrlimit, resource.RLIMIT_AS, (MEMORY_OCTETS, MEMORY_OCTETS))
    return subprocess.run(  # noqa: S603  # our own words
        command, capture_output=True, text=True, check=False, timeout=50, preexec_fn=limit
    )


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_folder_is_refused_with_a_line_that_names_the_file(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    assert verdict(folder, capsys, monkeypatch)[0] == 0
    spoil, expected = HOSTILE[what]
    spoil(folder)
    code, said = verdict(folder, capsys, monkeypatch)
    assert (code, [line for line in said if line.startswith(expected)]) == (1, [expected]), said
    assert said[-1].startswith("NOT sound, "), said


@pytest.mark.parametrize("name", [CHECKPOINT, BUNDLE, TILE, CHECKPOINTS, ENTRIES, "proofs/17.entry", "log.vkey"])
@pytest.mark.parametrize("endless", [linked("/dev/zero"), sparse], ids=["device", "sparse"])
def test_a_file_without_an_end_takes_no_memory(folder: Path, name: str, endless: Spoil) -> None:
    instead(name, endless)(folder)
    done = limited(folder)
    assert (done.returncode, done.stderr) == (1, "")
    named = "proofs/17.tlog-proof" if name.startswith("proofs/") else name.removeprefix("log/")
    assert done.stdout.startswith((f"{named}: it", f"{named}: line 1 is cut short")), done.stdout


@pytest.mark.parametrize("key", ["two lines", "endless", "folder"])
def test_a_key_that_is_none_is_one_line(folder: Path, tmp_path: Path, key: str) -> None:
    trusted = tmp_path / "trusted"
    known = trusted.read_bytes()
    trusted.unlink()
    if key == "two lines":
        trusted.write_bytes(known * 2)
    elif key == "endless":
        sparse(trusted)
    else:
        trusted.mkdir()
    done = limited(folder)
    assert done.returncode in {1, 2}
    assert len((done.stdout + done.stderr).splitlines()) == 1, done.stderr
