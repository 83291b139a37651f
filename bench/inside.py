"""Measure what a message costs our own process and PostgreSQL, without SMTP: the journey alone, on warm DNS.

CPU time, not time on the clock: a busy machine changes it by some percent only. Compare what ran alternately.

``share_append`` is the part of it that goes into appending to the record on the accept path: making, sealing and
sending the entries, and reading the answer. ``share_all`` adds what PostgreSQL does for that (the same batches
appended once more, each in a transaction of its own, begin and commit counted), and the sequencer with its share of
PostgreSQL. What the door, the indexers and deliveries cost is in neither, so in a whole house both are smaller.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
import types
from collections.abc import Coroutine, Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, TypeVar, cast

import uvloop
from msgspec.structs import replace

from corpus import Senders, Shape, add_options
from gatepost import decide, record, verify
from gatepost.access.paper import Account
from gatepost.app import administer
from gatepost.app.build import embedded_postgres, open_house, sequencer
from gatepost.app.process import settle_in
from gatepost.arrive.paper import Arrived, Peer
from gatepost.blobs import address_of
from gatepost.clock import Entropy
from gatepost.db import Plans, Transaction
from gatepost.decide.paper import Decided
from gatepost.domains.paper import Destination
from gatepost.ids import EmailId, EntryId, KeyId, ThreadId, email_id
from gatepost.journey import House, receive
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope
from gatepost.record.paper import Recorded
from gatepost.settings import DnsSettings, Settings
from subject import TICKS_A_SECOND, accepting
from zone import Zone, serve

HEAT = 300

R = TypeVar("R")


async def measure(state: Path, dsn: str, options: argparse.Namespace) -> dict[str, Any]:
    """Carry the mails through the journey; return CPU a message, ours and PostgreSQL's."""
    zone = Zone()
    senders = Senders(zone, 100, "w", options.authors, Shape.of(options))
    async with serve(zone) as port:
        settings = Settings(state=state, dns=DnsSettings(servers=(f"127.0.0.1:{port}",)))
        async with open_house(settings, dsn, allow_loopback=True) as house:
            mails = await _mails(house, senders, options)
            await _carry(house, mails[:HEAT], options.flight)
            settle_in()
            figures = {}
            if options.verify:
                figures["verify_us"] = await _verify(house, mails[HEAT:])
            postgres, ours, began = postgres_s(), time.process_time(), time.perf_counter()
            watch = Watch()
            await _carry(house, mails[HEAT:], options.flight)
            count = options.count
            figures |= {
                "ours_us": round((time.process_time() - ours) / count * 1e6),
                "postgres_us": round((postgres_s() - postgres) / count * 1e6),
                "append_us": round(watch.spent_s / count * 1e6),
                "a_second": round(count / (time.perf_counter() - began)),
                "a_commit": round(count / len(watch.seen), 1),
            }
            batches = watch.end()
            postgres, ours = postgres_s(), time.process_time()
            await _sequence(settings, house)
            figures |= {
                "log_us": round((time.process_time() - ours) / (count + HEAT) * 1e6),
                "log_postgres_us": round((postgres_s() - postgres) / (count + HEAT) * 1e6),
            }
            postgres = postgres_s()
            for decided, threads in batches:
                async with house.db.transaction(decided[0].arrived.tenant, plans=Plans.KEPT) as tx:
                    await record.append_all(tx, decided, threads, entropy=house.entropy)
            await asyncio.sleep(1)  # its processes tell what they used
            figures["append_postgres_us"] = round((postgres_s() - postgres) / count * 1e6)
            return figures | _shares(figures)


def _shares(figures: Mapping[str, float]) -> dict[str, float]:
    message = figures["ours_us"] + figures["postgres_us"]
    later = figures["log_us"] + figures["log_postgres_us"]
    appending = figures["append_us"] + figures["append_postgres_us"]
    return {
        "share_append": round(figures["append_us"] / message, 3),
        "share_all": round((appending + later) / (message + later), 3),
    }


class Watch:
    """Counts what appending takes of this thread's CPU from now on, and notes what is appended.

    Only the steps of the appending itself are counted: what others do while it waits is theirs.
    """

    def __init__(self) -> None:
        self.spent_s = 0.0
        self.seen: list[tuple[Sequence[Decided], Sequence[ThreadId | None]]] = []
        self._append = record.append_all
        record.append_all = self._watched

    def end(self) -> list[tuple[Sequence[Decided], Sequence[ThreadId | None]]]:
        """Count no more; return what was appended, batch by batch."""
        record.append_all = self._append
        return self.seen

    async def _watched(
        self,
        tx: Transaction,
        decided: Sequence[Decided],
        threads: Sequence[ThreadId | None],
        *,
        entropy: Entropy,
        numbers: Sequence[EntryId] = (),
    ) -> list[Recorded]:
        self.seen.append((decided, threads))
        return await self._count(self._append(tx, decided, threads, entropy=entropy, numbers=numbers))

    @types.coroutine
    def _count(self, work: Coroutine[Any, Any, R]) -> Generator[Any, Any, R]:
        while True:
            began_s = time.thread_time()
            try:
                waited_for = work.send(None)
            except StopIteration as done:
                return cast("R", done.value)
            finally:
                self.spent_s += time.thread_time() - began_s
            yield waited_for


async def _mails(house: House, senders: Senders, options: argparse.Namespace) -> list[Arrived]:
    tenant = await administer.add_tenant(house, name="Bench", plan="team")
    await administer.add_domain(house, tenant.id, "bench.test")
    accounts: dict[str, Account] = {}
    policy = accepting(senders.domains)
    for number in range(options.mailboxes):
        account = await administer.add_mailbox(house, tenant.id, Address(f"agent{number}", "bench.test"))
        accounts[str(account.address)] = account
        async with house.db.transaction(tenant.id) as tx:
            await decide.put_policy(tx, account.id, policy, at=house.clock(), actor=KeyId("ky_bench"))
    now = datetime.now(UTC)  # noqa: TID251  # the bench is its own clock
    first = next(iter(accounts.values()))
    made = senders.mails(options.count + HEAT, [*accounts], now, seed=2)
    arriving = Arrived.by_smtp(
        email=EmailId("em_0"),
        destination=Destination(tenant.id, first.id),
        envelope=Envelope(None, (first.address,)),
        peer=Peer(IPv4Address("127.0.0.1"), "bench.example", None),
        raw=b"",
        blob=address_of(b""),
        received_at=now,
    )
    return [
        replace(
            arriving,
            email=email_id(now, house.entropy(10)),
            account=accounts[mail.rcpt_to].id,
            envelope=Envelope(Address.parse(mail.mail_from), (accounts[mail.rcpt_to].address,)),
            raw=mail.octets,
            blob=address_of(mail.octets),
        )
        for mail in made
    ]


async def _carry(house: House, mails: list[Arrived], flight: int) -> None:
    waiting = iter(mails)
    async with asyncio.TaskGroup() as group:
        for _ in range(flight):
            group.create_task(_carry_some(house, waiting))


async def _carry_some(house: House, mails: Iterator[Arrived]) -> None:
    for arrived in mails:
        await receive(arrived, house)


async def _verify(house: House, mails: list[Arrived]) -> int:
    ours = time.process_time()
    for arrived in mails:
        await verify.check(arrived, house.dns, house.extractor, house.watch)
    return round((time.process_time() - ours) / len(mails) * 1e6)


async def _sequence(settings: Settings, house: House) -> None:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(sequencer(settings, house).run(stop))
        await asyncio.sleep(2)
        stop.set()


def postgres_s() -> float:
    """CPU seconds so far of our children, and of theirs."""
    parents: dict[int, list[tuple[int, float]]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        fields = text.rpartition(")")[2].split()
        parents.setdefault(int(fields[1]), []).append(
            (int(text.split(" ", 1)[0]), sum(map(int, fields[11:15])) / TICKS_A_SECOND)
        )
    todo, seconds = [os.getpid()], 0.0
    while todo:
        for pid, used in parents.get(todo.pop(), []):
            todo.append(pid)
            seconds += used
    return seconds


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=3_000, help="mails in the measured run")
    parser.add_argument("--flight", type=int, default=32, help="mails under way at once")
    parser.add_argument("--verify", action="store_true", help="measure the verification alone first")
    add_options(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gatepost-inside-", dir="/tmp") as folder:
        os.chmod(folder, 0o711)  # noqa: PTH101, S103  # PostgreSQL's account passes through it
        (Path(folder) / "keys").mkdir(mode=0o700)
        settings = Settings(state=Path(folder))
        with embedded_postgres(settings) as cluster:
            print(json.dumps(uvloop.run(measure(Path(folder), cluster.dsn("gatepost_app"), options))))


if __name__ == "__main__":
    main()
