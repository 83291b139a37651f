"""Measure which share of a message's CPU goes into appending to the record, in a whole house that takes mail by SMTP.

    PYTHONPATH=examples/demo python bench/share.py [--count 3000]

The house is started as ``gatepost up`` starts it, in a process that counts what the steps of ``record.append_all`` take
of its CPU: making, sealing and sending entries, and reading the answer. A message's CPU is all that the house and its
PostgreSQL use from the first mail to four seconds after the last: door, journey, commit, sequencer, indexers. Ends with
one line of JSON. ``bench/inside.py`` says what the sequencer and PostgreSQL add.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import uvloop

from corpus import add_options
from counted import Counting, asked_for_the_house, counting, tell
from inside import Watch
from subject import Usage

TOLD_EVERY_S = 0.2


def be_the_house(told: Path) -> None:
    """Run ``gatepost`` with appending counted, and tell of it in a file."""
    from gatepost.cli import main as gatepost  # noqa: PLC0415  # only this process is a house

    watch = Watch()

    def counts() -> list[float]:
        return [watch.spent_s, sum(len(decided) for decided, _ in watch.seen)]

    tell(told, counts, TOLD_EVERY_S)
    gatepost()


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Send mails to a house of our own; return what they cost it."""
    async with counting(__file__, options) as run:
        before, spent_s, appended = _look(run)
        done = await run.send()
        after, spent_after_s, appended_after = _look(run)
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


def _look(run: Counting) -> tuple[Usage, float, int]:
    spent_s, appended = run.counts()
    return run.house.use(), float(spent_s), int(appended)


def main() -> None:
    """Read the options and run."""
    if (told := asked_for_the_house()) is not None:
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
