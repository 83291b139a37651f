"""Measure this machine's house under load: full verification, 20 guards, durable body and entry, every mail accepted.

The house runs as `make run` starts it, on a throw-away folder, with a name server of the bench's own. Ends with one
line of JSON. What is done after the last answer, until all mail and all entries are indexed, is told by itself.
Absolute figures belong to the machine and the hour; compare only what ran side by side.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop

from corpus import Senders, Shape, add_options
from gatepost.app import administer
from gatepost.app.open import admin_house
from gatepost.ids import TenantId
from gatepost.journey import House
from gatepost.record import word_store as record_words
from gatepost.settings import load
from load import Outcome, send_all
from subject import Gatepost, Usage, let_in
from zone import Zone, serve

SETTLE_S, REST_S = 2.0, 3.0
"""How long what the first mails left to do may take, and how long the house is then watched at rest."""
LEFT_MAX = 10_000_000
EMPTIED_WITHIN_S, LOOK_S = 300.0, 0.5


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run the whole bench; return its figures."""
    zone = Zone()
    shape = Shape.of(options)
    warm, cold = Senders(zone, 100, "w", options.authors, shape), Senders(zone, 900, "c", shape=shape)
    for each in (warm, cold):
        each.spell_out(zone)
    with tempfile.TemporaryDirectory(prefix="gatepost-bench-", dir="/tmp") as folder:
        os.chmod(folder, 0o711)  # noqa: PTH101, S103  # PostgreSQL's account passes through it
        async with serve(zone) as dns_port:
            settings = {
                "GATEPOST_SMTP__WORKERS": str(options.workers),
                "GATEPOST_SMTP__CONNECTIONS_PER_ADDRESS_MAX": str(options.connections),
            }
            house = Gatepost(Path(folder), f"127.0.0.1:{dns_port}", settings)
            try:
                await asyncio.to_thread(house.wait)
                return await _play(house, Path(folder), warm, cold, options)
            finally:
                await asyncio.to_thread(house.stop)


async def _play(
    house: Gatepost, state: Path, warm: Senders, cold: Senders, options: argparse.Namespace
) -> dict[str, Any]:
    to = await let_in(state, [*warm.domains, *cold.domains], options.mailboxes)
    now = datetime.now(UTC)  # noqa: TID251  # the bench is its own clock
    smtp = (str(house.sandbox["smtp_host"]), int(house.sandbox["smtp_port"]))
    print("preparing mails ...", file=sys.stderr)
    heat = list(warm.mails(200, to, now, seed=1))
    mails = list(warm.mails(options.count, to, now, seed=2))
    colds = list(cold.mails(900, to, now, seed=3))
    before = await asyncio.to_thread(house.entries)
    warmed = await send_all(*smtp, heat, options.connections)
    print("looking at the house at rest ...", file=sys.stderr)
    await asyncio.sleep(SETTLE_S)
    early = house.use()
    await asyncio.sleep(REST_S)
    rested = house.use()
    print(
        f"sending {options.count} mails of {options.authors} authors to {options.mailboxes} mailboxes ...",
        file=sys.stderr,
    )
    async with admin_house(load({"GATEPOST_STATE": str(state)})) as inside:  # opened now: it is no part of the load
        queues = Queues(inside, (await administer.find_tenant(inside, None)).id)
        before_load = house.use()
        main = await send_all(*smtp, mails, options.connections)
        after_load = house.use()
        left, later_s = await queues.left(), await queues.emptied()
    done = house.use()
    first_seen = await send_all(*smtp, colds, options.connections)
    after = await asyncio.to_thread(house.entries)
    accepted = warmed.accepted + main.accepted + first_seen.accepted
    if after - before != accepted:
        raise SystemExit(f"bench: {accepted} mails were accepted, and the log grew by {after - before} entries")
    _tell(main, first_seen, after - before, house.durability())
    ours, postgres = (1000 * each / max(main.accepted, 1) for each in _cpu_s(before_load, after_load))
    at_rest = 1000 * sum(_cpu_s(early, rested)) / REST_S
    print(
        f"CPU        {ours:.2f} ms a message are ours, {postgres:.2f} PostgreSQL's; at rest {at_rest:.0f} ms a second"
    )
    later = [1000 * each / max(main.accepted, 1) for each in _cpu_s(after_load, done)]
    print(
        f"later      {left[0]} mails and {left[1]} entries were not indexed at the last answer, none {later_s:.1f} s"
        f" after it: {later[0]:.2f} ms a message of ours, {later[1]:.2f} PostgreSQL's, what it takes at rest among it"
    )
    return {
        "accepted_per_s": round(main.accepted / main.seconds, 1),
        "cpu_ms_per_message": round(ours + postgres, 3),
        "later_cpu_ms_per_message": round(sum(later), 3),
        "p50_ms": round(main.percentile_ms(50), 2),
        "p99_ms": round(main.percentile_ms(99), 2),
        "rss_mb": round(after_load.rss_mb, 1),
        "cold_accepted_per_s": round(first_seen.accepted / first_seen.seconds, 1),
    }


class Queues:
    """What the house still has to do for mail that it has answered for: place it in the log, and index it."""

    def __init__(self, house: House, tenant: TenantId) -> None:
        self._house = house
        self._tenant = tenant

    async def left(self) -> tuple[int, int]:
        """Return how many mails, and how many entries, are not indexed."""
        async with self._house.db.transaction(self._tenant) as tx:
            entries = await record_words.backlog(tx, LEFT_MAX)
            return int((await tx.one("select count(*) as count from unindexed")).count), entries

    async def emptied(self) -> float:
        """Wait until there is none; return how many seconds that took."""
        began = time.monotonic()
        while any(await self.left()):
            if time.monotonic() - began > EMPTIED_WITHIN_S:
                raise SystemExit(f"bench: not all is indexed after {EMPTIED_WITHIN_S:.0f} s")
            await asyncio.sleep(LOOK_S)
        return time.monotonic() - began


def _cpu_s(before: Usage, after: Usage) -> tuple[float, float]:
    """Return the CPU seconds between two looks: ours, PostgreSQL's."""
    return after.ours_s - before.ours_s, after.postgres_s - before.postgres_s


def _tell(main: Outcome, cold: Outcome, entries: int, durability: dict[str, str]) -> None:
    print(f"warm DNS   {main.accepted} accepted, {main.refused} refused in {main.seconds:.1f} s")
    print(f"cold DNS   {cold.accepted} accepted, {cold.refused} refused in {cold.seconds:.1f} s, each domain new")
    print(f"log        verified, {entries} entries for {entries} accepted mails")
    print("durability " + ", ".join(f"{name}={value}" for name, value in durability.items()))


def processes() -> int:
    """Return how many SMTP processes suit this machine: what an operator who wants the rate would set."""
    return min(len(os.sched_getaffinity(0)), 4)


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=5_000, help="mails in the measured run")
    parser.add_argument("--connections", type=int, default=128, help="SMTP connections at once")
    parser.add_argument("--workers", type=int, default=processes(), help="SMTP processes; one a core, four at the most")
    add_options(parser)
    print(json.dumps(uvloop.run(measure(parser.parse_args()))))


if __name__ == "__main__":
    main()
