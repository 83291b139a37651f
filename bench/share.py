"""Measure which share of a message's CPU goes into appending to the record, in a whole house that takes mail by SMTP.

    PYTHONPATH=examples/demo python bench/share.py [--count 3000]

The house is started as ``gatepost up`` starts it, in a process that counts what the steps of ``record.append_all`` take
of its CPU: making, sealing and sending entries, and reading the answer. A message's CPU is all that the house and its
PostgreSQL use from the first mail to four seconds after the last: door, journey, commit, sequencer, indexers. Ends with
one line of JSON. ``bench/inside.py`` says what the sequencer and PostgreSQL add.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop

from corpus import Senders, add_options
from inside import Watch
from load import send_all
from subject import Gatepost, Usage, let_in
from zone import Zone, serve

TOLD_EVERY_S = 0.2
AFTER_S = 4.0
HEAT = 300


def be_the_house(told: Path) -> None:
    """Run ``gatepost`` with appending counted, and tell of it in a file."""
    from gatepost.cli import main as gatepost  # noqa: PLC0415  # only this process is a house

    watch = Watch()

    def tell() -> None:
        while True:
            count = sum(len(decided) for decided, _ in watch.seen)
            told.with_suffix(".new").write_text(json.dumps([watch.spent_s, count]))
            told.with_suffix(".new").replace(told)
            time.sleep(TOLD_EVERY_S)

    threading.Thread(target=tell, daemon=True).start()
    gatepost()


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Send mails to a house of our own; return what they cost it."""
    zone = Zone()
    senders = Senders(zone, 100, "w", options.authors)
    with tempfile.TemporaryDirectory(prefix="gatepost-bench-", dir="/tmp") as folder:
        os.chmod(folder, 0o711)  # noqa: PTH101, S103  # PostgreSQL's account passes through it
        told = Path(folder) / "told"
        async with serve(zone) as dns_port:
            runs = [sys.executable, __file__, "--house", str(told)]
            house = Gatepost(Path(folder), f"127.0.0.1:{dns_port}", runs=runs)
            try:
                await asyncio.to_thread(house.wait)
                to = await let_in(Path(folder), senders.domains, options.mailboxes)
                return await _play(house, told, senders, to, options)
            finally:
                await asyncio.to_thread(house.stop)


async def _play(
    house: Gatepost, told: Path, senders: Senders, to: list[str], options: argparse.Namespace
) -> dict[str, Any]:
    now = datetime.now(UTC)  # noqa: TID251  # the bench is its own clock
    smtp = (str(house.sandbox["smtp_host"]), int(house.sandbox["smtp_port"]))
    heat = list(senders.mails(HEAT, to, now, seed=1))
    mails = list(senders.mails(options.count, to, now, seed=2))
    await send_all(*smtp, heat, options.connections)
    await asyncio.sleep(AFTER_S)
    before, spent_s, appended = _look(house, told)
    done = await send_all(*smtp, mails, options.connections)
    await asyncio.sleep(AFTER_S)
    after, spent_after_s, appended_after = _look(house, told)
    if appended_after - appended != done.accepted:
        raise SystemExit(f"bench: {done.accepted} mails were accepted, and {appended_after - appended} appended")
    ours, postgres = after.ours_s - before.ours_s, after.postgres_s - before.postgres_s
    spent = spent_after_s - spent_s
    return {
        "ours_us": round(ours / done.accepted * 1e6),
        "postgres_us": round(postgres / done.accepted * 1e6),
        "append_us": round(spent / done.accepted * 1e6),
        "share_append": round(spent / (ours + postgres), 4),
    }


def _look(house: Gatepost, told: Path) -> tuple[Usage, float, int]:
    spent_s, appended = json.loads(told.read_text())
    return house.use(), float(spent_s), int(appended)


def main() -> None:
    """Read the options and run."""
    if sys.argv[1:2] == ["--house"]:
        told = Path(sys.argv[2])
        sys.argv[:] = ["gatepost", *sys.argv[3:]]
        be_the_house(told)
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=3_000, help="mails in the measured run")
    parser.add_argument("--connections", type=int, default=32, help="SMTP connections at once, 50 at the most")
    add_options(parser)
    options = parser.parse_args()
    print(json.dumps(uvloop.run(measure(options))))


if __name__ == "__main__":
    main()
