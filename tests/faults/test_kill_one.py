"""One process of the house is killed at a random moment under load, and the others live: which, changes each time.

PostgreSQL and the workers do not belong to the group of processes of the house: whoever kills that kills the house
alone, and the next one meets what it left behind.
"""

import asyncio
import itertools
import os
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from faults.machine import Machine, check_all, kept, rows, state_folder
from faults.sender import BOSS, STRANGER, Book, Mail, send_all
from faults.zone import named
from gatepost.ids import EmailId

pytestmark = pytest.mark.timeout(3600)

VICTIMS = ("house", "worker", "postmaster", "gatepost_", "walwriter", "checkpointer")
"""Besides the first three, what stands in the title of a process of PostgreSQL."""
CONNECTIONS = 4
MENDED = "postgres.mended"
BEFORE_S = (0.1, 1.0)
BACK_WITHIN_S = 60
FIRST_STARTS_S = (0.2, 4.0)


def _pid(house: Machine, victim: str, chance: random.Random) -> int:
    assert house.up is not None
    if victim == "house":
        return house.up.pid
    if victim == "worker":
        return chance.choice(house.workers())
    if victim == "postmaster":
        return house.postgres()
    found = [pid for pid in house.tree() if _title(pid).startswith("postgres:") and victim in _title(pid)]
    return chance.choice(found)


def _title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode()
    except OSError:
        return ""


async def _send_again_and_again(house: Machine, book: Book, mails: Iterator[Mail], stop: asyncio.Event) -> None:
    """Keep sending, also while nobody answers."""
    while not stop.is_set():
        with suppress(OSError):
            port = house.port
            batch = itertools.islice(mails, 3 * CONNECTIONS)
            await send_all(port, house.recipient, batch, book, connections=CONNECTIONS)
        await asyncio.sleep(0.05)


def _mails(number: int) -> Iterator[Mail]:
    for count in itertools.count():
        size_octets = 100_000 if count % 4 == 3 else 0
        yield Mail(f"one-{number}-{count}", STRANGER if count % 5 == 4 else BOSS, size_octets)


async def _kill(house: Machine, victim: str, chance: random.Random, book: Book, number: int) -> None:
    """Kill it under load; return once mail is taken again."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(_send_again_and_again(house, book, _mails(number), stop))
        await asyncio.sleep(chance.uniform(*BEFORE_S))
        mended = house.log().count(MENDED)
        os.kill(_pid(house, victim, chance), signal.SIGKILL)
        if victim == "postmaster":  # its backends live on for a moment, and commit
            async with asyncio.timeout(BACK_WITHIN_S):
                while house.log().count(MENDED) == mended:
                    await asyncio.sleep(0.05)
        if victim == "house":
            assert house.up is not None
            house.up.wait(10)
            await asyncio.to_thread(house.start_again)
        since = len(book.told("250"))
        async with asyncio.timeout(BACK_WITHIN_S):
            while len(book.told("250")) <= since:
                assert house.up is not None
                assert house.up.poll() is None, house.log()[-4000:]
                await asyncio.sleep(0.05)
        stop.set()


async def _compare(house: Machine, book: Book) -> None:
    """Hold what is there against what was told."""
    ids = {email: name.removesuffix("@faults.example") for email, name in (await kept(house)).items()}
    tokens = list(ids.values())
    decided = {row["email"]: row["disposition"] for row in rows(house, "select email, disposition from decision_row")}
    assert len(set(tokens)) == len(tokens), "a mail is there twice"
    for code, disposition in (("250", "deliver"), ("550", "reject")):
        for token, said in book.told(code).items():
            email = EmailId(said.split()[-1])
            assert decided.get(email) == disposition, f"{token} was answered {said!r}"
            assert ids.get(email) == (token if code == "250" else None), f"{token} was answered {said!r}"
    # A commit whose confirmation was lost may be there: PostgreSQL went, and the house, which lives, says 451.
    unexplained = set(tokens) - set(book.told("250")) - book.untold() - set(book.told("451"))
    assert not unexplained, f"there, though their senders were told otherwise: {unexplained}"


async def test_whichever_process_is_killed_nothing_that_was_answered_is_lost(nightly: bool) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance, book = random.Random(seed), Book()
    victims = [*VICTIMS] * 10 if nightly else ["house", chance.choice(VICTIMS[1:])]
    chance.shuffle(victims)
    async with named() as names:
        with state_folder() as folder:
            house = Machine(folder, GATEPOST_DNS__SERVERS=names, GATEPOST_SMTP__WORKERS="2")
            await asyncio.to_thread(house.start)
            try:
                for number, victim in enumerate(victims):
                    print(f"kills {victim}")
                    await _kill(house, victim, chance, book, number)
                await _compare(house, book)
                await check_all(house)
                verified = await asyncio.to_thread(house.run, "log", "verify")
                assert verified.returncode == 0, verified.stdout
            finally:
                await asyncio.to_thread(house.stop)


def test_a_first_start_that_is_killed_again_and_again_leaves_nothing_in_the_way(nightly: bool) -> None:
    """The house alone: its initdb and its PostgreSQL outlive it by a moment, wherever they are."""
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with state_folder() as folder:
        house = Machine(folder)
        for _ in range(30 if nightly else 2):
            house.spawn()
            assert house.up is not None
            with suppress(TimeoutError):
                code = _wait(house, chance.uniform(*FIRST_STARTS_S))
                raise AssertionError(f"it ended by itself with {code}: {house.log()[-4000:]}")
            house.up.kill()
            house.up.wait(10)
        house.start()
        book = Book()
        asyncio.run(send_all(house.port, house.recipient, [Mail("first")], book, connections=1))
        assert house.stop() == 0
    assert book.told("250"), book.answers


def _wait(house: Machine, within_s: float) -> int:
    """Return with which code it ended; raise ``TimeoutError`` where it lives on."""
    assert house.up is not None
    try:
        return house.up.wait(within_s)
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
