"""What the log costs: proofs of any entry, the verification of a whole log, and appending to the tree.

    python bench/ledger.py [ENTRIES]

CPU seconds of one core; the log is made here, in a temporary folder, of entries as large as ours are.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.merkle import hash_range, inclusion_ranges
from gatepost.ledger.note import SigningKey
from gatepost.ledger.proof import Proof
from gatepost.ledger.tiles import Edge, Tile, needed, reader

TOOL = Path(__file__).parents[1] / "tools" / "verify_log.py"
KEY = SigningKey("log.example/t/bench", bytes(32))
ENTRY_OCTETS = 700
BATCH = 4096
PROOFS = 1000


def grow(folder: Path, count: int) -> tuple[Checkpoint, bytes]:
    """Write a log of ``count`` entries; print what growing the tree cost."""
    edge, spent_s, narrow = Edge(), 0.0, dict[tuple[int, int], tuple[Tile, bytes]]()
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        entries = [b"%0*d" % (ENTRY_OCTETS, number) for number in numbers]
        before_s = time.process_time()
        edge, made = edge.grow(entries)
        spent_s += time.process_time() - before_s
        for tile, octets in made.items():
            narrow.pop((tile.level, tile.index), None)
            if tile.is_partial:
                narrow[tile.level, tile.index] = tile, octets
            else:
                write(folder / tile.path, octets)
    for tile, octets in narrow.values():
        write(folder / tile.path, octets)
    head = Checkpoint(KEY.name, edge.size, edge.root)
    note = head.signed(KEY)
    (folder / "checkpoint").write_bytes(note)
    print(f"growing the tree: {spent_s / count * 1e6:.1f} us of CPU per entry, in batches of {BATCH}")
    return head, note


def write(place: Path, octets: bytes) -> None:
    """Write one file of the log."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(octets)


def prove(folder: Path, size: int, note: bytes) -> None:
    """Print what a proof costs, its tiles read from disk each time."""
    before_s, longest_s = time.process_time(), 0.0
    for turn in range(PROOFS):
        began_s = time.process_time()
        index = turn * 7919 % size
        ranges = inclusion_ranges(index, size)
        tiles: dict[Tile, bytes] = {tile: (folder / tile.path).read_bytes() for tile in needed(ranges, size)}
        read = reader(size, tiles)
        Proof(index, tuple(hash_range(leaves, read) for leaves in ranges), note).encode()
        longest_s = max(longest_s, time.process_time() - began_s)
    mean_s = (time.process_time() - before_s) / PROOFS
    print(f"a proof among {size:,} entries: {mean_s * 1e3:.2f} ms of CPU, longest {longest_s * 1e3:.2f} ms")


def verify(folder: Path) -> None:
    """Print what verifying the whole log costs, in a process of its own."""
    (folder / "key").write_text(f"{KEY.verifier}\n")
    began_s, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, str(TOOL), str(folder), "--vkey", str(folder / "key")]
    subprocess.run(command, check=True)  # noqa: S603  # our own tool
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"verify_log.py: {cpu_s:.1f} s of CPU, {time.monotonic() - began_s:.1f} s in all, {after.ru_maxrss // 1024} MB"
    )


def main() -> None:
    """Measure, with as many entries as the command line says."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="gatepost-bench-") as made:
        folder = Path(made)
        head, note = grow(folder, count)
        prove(folder, head.size, note)
        verify(folder)


if __name__ == "__main__":
    main()
