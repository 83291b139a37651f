"""Patterns compiled for this machine, once: kept beside the program, as Python keeps its own bytecode.

Compiling those of all texts takes seconds of CPU, reading them back a thousandth of one. Whoever can write there can
write the program itself; what is cut short, damaged, or of another machine or version is compiled anew (Hyperscan
checks its own version, platform and CRC when it deserialises).
"""

import sys
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from importlib.util import cache_from_source
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from gatepost.mail.ends import Pattern, hyperscan

_DIGEST_OCTETS = 32


def kept_as(name: str) -> Path:
    """Return where compiled patterns are kept under a name."""
    return Path(cache_from_source(__file__)).with_name(f"{name}.hs")


def compile_kept(patterns: Sequence[Pattern], kept: Path, *, may_write: bool = not sys.dont_write_bytecode) -> Any:
    """Return the patterns compiled, from the file ``kept`` where it holds these very ones; else compile and write it.

    Where it may not or cannot be written, nothing is kept.
    """
    digest = sha256(repr(list(patterns)).encode()).digest()
    with suppress(OSError, hyperscan.error):
        octets = kept.read_bytes()
        if octets[:_DIGEST_OCTETS] == digest:
            return hyperscan.loadb(octets[_DIGEST_OCTETS:], hyperscan.HS_MODE_BLOCK)
    database = compile_new(patterns)
    if may_write:
        with suppress(OSError):
            _write(kept, digest + hyperscan.dumpb(database))
    return database


def compile_new(patterns: Sequence[Pattern]) -> Any:
    """Return the patterns compiled for this machine."""
    database = hyperscan.Database()
    expressions, ids, flags = zip(*patterns, strict=True)
    database.compile(expressions=list(expressions), ids=list(ids), flags=list(flags))
    return database


def _write(path: Path, octets: bytes) -> None:
    """Replace the file in one step: other processes may be reading it, or writing theirs."""
    path.parent.mkdir(exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}.", delete=False) as file:
        try:
            file.write(octets)
            file.close()
            Path(file.name).replace(path)
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise
