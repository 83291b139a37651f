"""Measure what a message costs while the house grows, and draw it: CPU a message against messages stored.

The house is filled by SQL, with copies of the rows that a first real mail left in every table the accepting
transaction writes to, under ids, Message-IDs and times of their own. What the copies lack: what is sealed in them is
short, and they have no place in the log, so that the log of this house does not verify. What is measured at each size
is real.
"""

import argparse
import asyncio
import json
import math
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import uvloop

from corpus import Senders
from load import send_all
from subject import Gatepost
from zone import Zone, serve

FILL = """
with fresh as materialized (
  select nextval('entry_id') as entry, 'em_f' || n as email, 'th_f' || n as thread, n
  from generate_series({first}, {last}) as n
), entries as (
  insert into entry (id, tenant, kind, at, leaf)
  select fresh.entry, tenant, kind, at - n * interval '1 second', leaf
  from fresh, (select * from entry where id = {entry}) as e
), openings as (
  insert into opening (entry, tenant, ref, sealed)
  select fresh.entry, tenant, 'op_f' || n, substr(sealed, 1, 100)
  from fresh, (select * from opening where entry = {entry}) as o
), decisions as (
  insert into decision_row (entry, tenant, account, email, thread, in_reply_to, direction, disposition, outcome, reason,
    received_at)
  select fresh.entry, tenant, account, fresh.email, fresh.thread, in_reply_to, direction, disposition, outcome, reason,
    received_at - n * interval '1 second' from fresh, (select * from decision_row where entry = {entry}) as d
), bodies as (
  insert into body (tenant, email, sealed)
  select tenant, fresh.email, substr(sealed, 1, 100) from fresh, (select * from body limit 1) as b
), keys as (
  insert into thread_message (tenant, account, message_key, thread)
  select tenant, account, sha256(fresh.email::bytea), fresh.thread
  from fresh, (select * from thread_message limit 1) as t
), counted as (
  insert into delivered_message (tenant, account, sender, at, email)
  select tenant, account, md5((n % 5000)::text), at - n * interval '1 second', fresh.email
  from fresh, (select * from delivered_message limit 1) as m
)
insert into email (tenant, id, account, thread, size_octets, received_at, is_proven, is_automatic, sealed)
select tenant, fresh.email, account, fresh.thread, size_octets, received_at - n * interval '1 second', is_proven,
  is_automatic, substr(sealed, 1, 100) from fresh, (select * from email limit 1) as e
"""
AT_ONCE = 50_000


def fill(house: Gatepost, first: int, last: int) -> None:
    """Store messages number ``first`` to ``last``, and let PostgreSQL look at what it has."""
    with psycopg.connect(house.let_owner_in(), autocommit=True) as owner:
        (entry,) = owner.execute("select min(entry) from decision_row").fetchone() or (0,)
        for begin in range(first, last + 1, AT_ONCE):
            end = min(begin + AT_ONCE - 1, last)
            owner.execute(FILL.format(first=begin, last=end, entry=entry).encode())
        owner.execute("vacuum analyze")
        owner.execute("checkpoint")


async def measure(sizes: list[int], count: int, connections: int) -> list[tuple[int, float]]:
    """Return (messages stored, CPU ms a message) for each size."""
    zone = Zone()
    warm = Senders(zone, 100, "w")
    points: list[tuple[int, float]] = []
    with tempfile.TemporaryDirectory(prefix="gatepost-bench-", dir="/tmp") as folder:
        os.chmod(folder, 0o711)  # noqa: PTH101, S103  # PostgreSQL's account passes through it
        async with serve(zone) as dns_port:
            house = Gatepost(Path(folder), f"127.0.0.1:{dns_port}")
            try:
                await asyncio.to_thread(house.wait)
                await asyncio.to_thread(house.set_policy, warm.domains)
                address, now = str(house.sandbox["address"]), datetime.now(UTC)  # noqa: TID251  # the bench's own clock
                smtp = (str(house.sandbox["smtp_host"]), int(house.sandbox["smtp_port"]))
                heat = list(warm.mails(300, [address], now, seed=0))
                stored = (await send_all(*smtp, heat, connections)).accepted
                filled = 0
                for seed, size in enumerate(sizes, 1):
                    if size > stored:
                        await asyncio.to_thread(fill, house, filled + 1, filled + size - stored)
                        filled, stored = filled + size - stored, size
                    mails = list(warm.mails(count, [address], now, seed=seed))
                    before, _ = house.usage()
                    outcome = await send_all(*smtp, mails, connections)
                    after, _ = house.usage()
                    points.append((stored, (after - before) * 1000 / max(outcome.accepted, 1)))
                    stored += outcome.accepted
                    print(f"{points[-1][0]:>9} stored: {points[-1][1]:.3f} ms a message", file=sys.stderr)
            finally:
                await asyncio.to_thread(house.stop)
    return points


def draw(points: list[tuple[int, float]]) -> str:
    """Return an SVG: a logarithmic axis of messages, a linear one of milliseconds from 0."""
    most = max(ms for _, ms in points) * 1.25
    decades = math.log10(max(size for size, _ in points))

    def place(size: float, ms: float) -> tuple[float, float]:
        return 60 + 480 * math.log10(size) / decades, 260 - 220 * ms / most

    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
    marks = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/><text x="{x:.1f}" y="{y - 10:.1f}">{ms:.2f}</text>'
        f'<text x="{x:.1f}" y="280">{size:,}</text>'
        for (size, ms), (x, y) in ((point, place(*point)) for point in points)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 320" font-family="sans-serif" font-size="12"'
        ' text-anchor="middle"><rect width="600" height="320" fill="white"/>'
        '<path d="M60 40V260H570" fill="none" stroke="black"/>'
        '<text x="300" y="305">messages stored</text><text x="300" y="25">CPU, ms a message (from 0)</text>'
        f'<polyline points="{line}" fill="none" stroke="#36c" stroke-width="2"/><g fill="#36c">{marks}</g></svg>\n'
    )


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", default="1000,10000,100000,1000000")
    parser.add_argument("--count", type=int, default=4000, help="mails measured at each size")
    parser.add_argument("--connections", type=int, default=48)
    parser.add_argument("--out", type=Path, default=Path("docs/growth.svg"))
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    points = uvloop.run(measure(sizes, options.count, options.connections))
    options.out.write_text(draw(points))
    print(json.dumps({"cpu_ms_per_message": {size: round(ms, 3) for size, ms in points}}))


if __name__ == "__main__":
    main()
