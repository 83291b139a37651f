"""Measure what verifying a whole log costs, the second store included, as `gatepost log verify` does it.

    PYTHONPATH=examples/demo python bench/log_verify.py [--entries 100000] [--rounds 3] [--folder FOLDER]

The record is filled as `bench/record.py` fills it, indexed, and published by the house's own sequencer. With
``--folder`` what is written stays there, and another run verifies it again. Prints CPU seconds, ours and PostgreSQL's,
that a million entries would take.
"""

import argparse
import asyncio
import os
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from gatepost.app.process import settle_in
from gatepost.blobs import Blobs
from gatepost.db import Database
from gatepost.db.launcher import Cluster, find_binaries
from gatepost.db.migrate import migrate
from gatepost.keys import KeyStore
from gatepost.record import second
from gatepost.record.check import verify_log
from gatepost.record.publish import Sequencer
from inside import postgres_s
from record import TENANT, fill, index, settle

ORIGIN = "bench.example/log"


async def verify(db: Database, blobs: Blobs, copy: Blobs, keys: KeyStore) -> None:
    """Verify once; print what it cost."""
    postgres, ours, began_s = postgres_s(), time.process_time(), time.monotonic()
    report = await verify_log(db, blobs, TENANT, keyring=keys.keyring)
    alone = time.process_time() - ours
    findings = [
        *report.findings,
        *[text async for text in second.compare_second(db, blobs, copy, TENANT, keys.keyring)],
    ]
    ours, took_s = time.process_time() - ours, time.monotonic() - began_s
    await asyncio.sleep(1)  # PostgreSQL's processes tell what they used
    postgres = postgres_s() - postgres
    if findings:
        raise SystemExit(f"bench: the log does not verify: {findings[:3]}")
    figures = [each / report.size * 1e6 for each in (alone, ours - alone, postgres, ours + postgres)]
    print(
        f"{report.size:,} entries, CPU s a million: log {figures[0]:.1f}, second store {figures[1]:.1f}, PostgreSQL"
        f" {figures[2]:.1f}, in all {figures[3]:.1f}; {took_s / report.size * 1e6:.1f} on the clock,"
        f" {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB",
        flush=True,
    )


async def run(folder: Path, count: int, rounds: int) -> None:
    """Fill, publish and verify, with PostgreSQL in ``folder``."""
    cluster = Cluster(folder, find_binaries(folder, prefer_wheel=False))
    await asyncio.to_thread(cluster.start)
    try:
        await asyncio.to_thread(migrate, cluster.dsn("gatepost_owner"))
        for name in ("keys", "blobs", "second"):
            (folder / name).mkdir(mode=0o700, exist_ok=True)
        keys = KeyStore.open(folder / "keys", os.urandom)
        blobs, copy = (Blobs.open((folder / name).as_uri()) for name in ("blobs", "second"))
        try:
            async with Database.open(cluster.dsn("gatepost_app"), keys) as db:
                await fill(db, count)
                await publish(db, blobs, copy, keys)
                await index(db)
                await settle(cluster.dsn("gatepost_owner"))
                settle_in()
                for _ in range(rounds):
                    await verify(db, blobs, copy, keys)
        finally:
            keys.close()
    finally:
        await asyncio.to_thread(cluster.stop)


async def publish(db: Database, blobs: Blobs, copy: Blobs, keys: KeyStore) -> None:
    """Give every entry its place and sign the log."""
    now = datetime.now(UTC)  # noqa: TID251  # the bench is its own clock
    began_cpu_s = time.process_time()
    size = await Sequencer(db, blobs, copy, keys.keyring, lambda: now, os.urandom, ORIGIN).sequence(TENANT)
    print(f"published: {size:,} entries, {time.process_time() - began_cpu_s:.1f} s of CPU on our side", file=sys.stderr)


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the house lies and stays; else a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gatepost-bench-", dir="/tmp") as made:
        folder = options.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)  # PostgreSQL's account passes through it
        uvloop.run(run(folder, options.entries, options.rounds))


if __name__ == "__main__":
    main()
