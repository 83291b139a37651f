"""Faults drawn at random while mail, REST and webhooks go on: each time the house comes back by itself.

Each ``250`` is there exactly once and was told to the webhook, nothing else is there twice, a SIEM has heard each entry
of the log in its order, the laws hold, nothing was left open, and SIGINT ends the house in its time, whatever fault it
is in. Bodies and tiles lie in a bucket or in a folder, as it is drawn.
"""

import asyncio
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from faults.beyond import BUCKET, standing
from faults.machine import Machine, check_all, kept, memory_mb, rows, state_folder
from faults.soak import FAULTS, Served, Soak, names_silent, postgres_stopped, shims, soaking, swallowing
from gatepost.ids import EmailId

pytestmark = [
    pytest.mark.timeout(7200),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="NOT TESTED: apt-get install gcc libc6-dev"),
]

ROUNDS = 2
"""How often each fault is drawn."""
RECOVERED_WITHIN_S = 60
ENDS_WITHIN_S = 58
"""Whoever stops the house waits for a minute, and kills it then."""
FILES_MORE_MAX = 24
"""Connections that a pool of the house may still open, of three in all."""
MEMORY_MORE_MAX_MB = 60
TOLD_WITHIN_S = 300
"""What was being told over a way that swallowed it is told again once that answer was given up."""


async def _recovered(soak: Soak) -> float:
    """Wait until mail is taken and REST answers again; return how long that took."""
    began = time.monotonic()
    async with asyncio.timeout(RECOVERED_WITHIN_S):
        while not (await soak.send()).startswith("250 ") or await soak.ask() != 200:
            await asyncio.sleep(0.2)
    return time.monotonic() - began


def _open_files(soak: Soak) -> int:
    assert soak.house.up is not None
    return sum(1 for _ in Path(f"/proc/{soak.house.up.pid}/fd").iterdir())


async def _compare(soak: Soak) -> None:
    """Hold what is there against what was told."""
    ids = {email: name.removesuffix("@faults.example") for email, name in (await kept(soak.house)).items()}
    tokens = list(ids.values())
    assert len(set(tokens)) == len(tokens), "a mail is there twice"
    assert set(tokens) <= set(soak.book.answers), "a mail is there that nobody sent"
    taken = {EmailId(said.split()[-1]): token for token, said in soak.book.told("250").items()}
    lost = {token: email for email, token in taken.items() if ids.get(email) != token}
    assert not lost, f"answered 250 and not there: {lost}"
    assert not set(tokens) & set(soak.book.told("5")), "refused for good, and there"
    async with asyncio.timeout(TOLD_WITHIN_S):
        while untold := {email for email in taken if not any(email in said for said in soak.receiver.said)}:
            assert len(untold) <= len(taken)
            await asyncio.sleep(1)


async def _exported(soak: Soak) -> None:
    """Wait until the SIEM has heard of each entry that the log holds now: in order, some perhaps again."""
    entries = {row["tenant"]: row["count"] for row in rows(soak.house, "select tenant, count(*) from entry group by 1")}
    count = entries[soak.house.sandbox["tenant"]]
    siem = soak.beyond.siem
    async with asyncio.timeout(TOLD_WITHIN_S):
        while len(heard := list(dict.fromkeys(siem.places()))) < count:
            await asyncio.sleep(1)
    assert heard == list(range(len(heard))), "out of order, or with a gap"
    assert siem.wrong == []


async def _stop(soak: Soak) -> float:
    assert soak.house.up is not None
    began = time.monotonic()
    soak.house.up.send_signal(signal.SIGINT)
    assert await asyncio.to_thread(soak.house.up.wait, ENDS_WITHIN_S) == 0, soak.house.log()[-4000:]
    return time.monotonic() - began


async def _play(soak: Soak, count: int) -> None:
    house, chance = soak.house, soak.chance
    assert house.up is not None
    await asyncio.to_thread(soak.beyond.name_siem, house)
    assert await soak.ask("webhooks", {"url": f"http://127.0.0.1:{soak.receiver.port}/"}) == 201
    async with soak.traffic():
        await _recovered(soak)
        await asyncio.sleep(5)
        files, memory = _open_files(soak), memory_mb(house.up.pid)["Anonymous"]
        for fault in (each for _ in range(count) for each in chance.sample(FAULTS, len(FAULTS))):
            await fault(soak)
            print(f"{fault.__name__}: again after {await _recovered(soak):.1f} s", flush=True)
            await asyncio.sleep(chance.uniform(0, 1))
    assert house.up.poll() is None
    await _compare(soak)
    await asyncio.sleep(5)
    print(f"files {files} -> {_open_files(soak)}, memory {memory} -> {memory_mb(house.up.pid)['Anonymous']} MB")
    assert _open_files(soak) <= files + FILES_MORE_MAX
    assert memory_mb(house.up.pid)["Anonymous"] <= memory + MEMORY_MORE_MAX_MB
    await check_all(house)
    for fault in chance.sample((postgres_stopped, swallowing, names_silent), 3):
        async with soak.traffic():
            await asyncio.sleep(1)
            going = asyncio.ensure_future(fault(soak))
            await asyncio.sleep(2)
            print(f"{fault.__name__}: ended after {await _stop(soak):.1f} s", flush=True)
            await going
        await asyncio.to_thread(house.start_again)
        await _recovered(soak)
    await _compare(soak)
    await _exported(soak)
    await check_all(house)


async def test_the_house_comes_back_from_whatever_befalls_it(nightly: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not nightly:
        pytest.skip("minutes: make nightly")
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}", flush=True)  # first of all: it is needed where this fails
    chance = random.Random(seed)
    with state_folder() as folder, standing(folder) as beyond:
        outside = beyond.environment(has_bucket=chance.random() < 0.5)
        for name in (*BUCKET, "AWS_ENDPOINT"):  # for what this process opens of the house itself
            monkeypatch.setenv(name, outside[name])
        await asyncio.to_thread(_found, folder, outside)
        loaded, rules = shims(folder)
        house = Served(
            folder,
            LD_PRELOAD=loaded,
            LD_FAILING_DISK=str(rules),
            GATEPOST_DNS__TIMEOUT_S="2",
            GATEPOST_SMTP__DISK_FREE_MIN_OCTETS="0",
            **outside,
        )
        async with soaking(house, rules, beyond, chance) as going:
            await _play(going, ROUNDS)


def _found(folder: Path, outside: dict[str, str]) -> None:
    """Leave a house with a tenant and a mailbox."""
    first = Machine(folder, **outside)
    first.start()
    first.stop()
