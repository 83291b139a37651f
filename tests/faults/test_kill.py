"""Every process of the house is killed at a random moment under load, again and again, on one state folder.

What was answered ``250`` is there, once, with its entry; what was refused has its entry and nothing else; what was
never answered may be there, once. (That the disk itself has it is ``test_flushes``: a kill leaves the page cache.)
"""

import asyncio
import itertools
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from faults.machine import Machine, check_all, kept, rows, state_folder
from faults.sender import STRANGER, Book, Mail, send_all
from faults.zone import named
from gatepost.ids import EmailId

pytestmark = pytest.mark.timeout(7200)

ROUNDS_A_FOLDER = 10
CONNECTIONS = 6
SWEPT_WITHIN_S = 20  # after a start, however busy the machine is; it takes a fraction of one
FIRST_ANSWER_WITHIN_S = 30
UP_FOR_S = (0.01, 0.8)  # after the first answer, before the kill
LARGE_OCTETS, HUGE_OCTETS = 100_000, 1_500_000  # in the object store; and on disk while it comes in


@dataclass
class Ledger:
    """What all clients of all rounds were told."""

    book: Book
    seed: int

    def mails(self, chance: random.Random, round_number: int) -> Any:
        """Yield mails of every kind, for ever, no two alike."""
        for number in itertools.count():
            size = chance.choices((0, LARGE_OCTETS, HUGE_OCTETS), (12, 3, 1))[0]
            sender = STRANGER if number % 5 == 4 else "you@example.com"
            yield Mail(f"{self.seed}-{round_number}-{number}", sender=sender, size_octets=size)


async def _load_and_kill(house: Machine, ledger: Ledger, chance: random.Random, round_number: int) -> None:
    mails, prefix = ledger.mails(chance, round_number), f"{ledger.seed}-{round_number}-"
    async with asyncio.TaskGroup() as group:
        group.create_task(send_all(house.port, house.recipient, mails, ledger.book, connections=CONNECTIONS))
        async with asyncio.timeout(FIRST_ANSWER_WITHIN_S):  # a house that answers nobody loses nothing
            while not any(
                said for token, said in ledger.book.answers.items() if token.startswith(prefix)
            ):  # the senders write it down
                await asyncio.sleep(0.01)
        await asyncio.sleep(chance.uniform(*UP_FOR_S))
        await asyncio.to_thread(house.kill)


async def _compare(house: Machine, book: Book) -> None:
    """Hold what is there against what was told."""
    ids = {email: name.removesuffix("@faults.example") for email, name in (await kept(house)).items()}
    tokens = list(ids.values())
    decided = {row["email"]: row["disposition"] for row in rows(house, "select email, disposition from decision_row")}
    bodies = {row["email"] for row in rows(house, "select email from body")}
    assert len(set(tokens)) == len(tokens), "a mail is there twice"
    assert set(tokens) <= set(book.answers), "a mail is there that nobody sent"
    for token, said in book.told("250").items():
        email = EmailId(said.split()[-1])
        assert ids.get(email) == token, f"{token} was answered {said!r} and is not there"
        assert decided[email] == "deliver"
    for token, said in book.told("550").items():
        email = EmailId(said.split()[-1])
        assert decided.get(email) == "reject", f"{token} was answered {said!r} and has no entry"
        assert email not in ids
        assert email not in bodies
    unexplained = set(tokens) - set(book.told("250")) - book.untold()
    assert not unexplained, f"there, though their senders were told otherwise: {unexplained}"
    assert set(book.answers) == set(book.told("250")) | set(book.told("550")) | book.untold(), "no other answer is due"


async def _no_refused_body_is_left(house: Machine, book: Book) -> None:
    """Wait for the sweep that each start begins with: a kill may come between a refusal and the end of its body."""
    refused = {said.split()[-1] for said in book.told("550").values()}
    refused |= {row["email"] for row in rows(house, "select email from decision_row where disposition = 'reject'")}
    bodies, left = house.state / "blobs" / "bodies", set[str]()
    try:
        async with asyncio.timeout(SWEPT_WITHIN_S):
            while left := {path.name for path in bodies.glob("*/*/em_*")} & refused:
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"refused, and their bodies are there: {left}") from None


async def _play(folder: Path, seed: int, rounds: int, names: str) -> str:
    chance = random.Random(seed)
    ledger = Ledger(Book(), seed)
    house = Machine(folder, GATEPOST_DNS__SERVERS=names, GATEPOST_SMTP__DISK_FREE_MIN_OCTETS="0")
    await asyncio.to_thread(house.start)
    try:
        for round_number in range(rounds):
            await _load_and_kill(house, ledger, chance, round_number)
            await asyncio.to_thread(house.start_again)
            await _compare(house, ledger.book)
            await _no_refused_body_is_left(house, ledger.book)
            await check_all(house)
        verified = await asyncio.to_thread(house.run, "log", "verify")
        assert verified.returncode == 0, verified.stdout
    finally:
        await asyncio.to_thread(house.stop)
    book = ledger.book
    assert book.told("250"), "nothing was put to the test"
    assert book.told("550")
    assert book.untold()
    return f"{len(book.told('250'))} accepted, {len(book.told('550'))} refused, {len(book.untold())} never answered"


async def test_what_was_answered_is_there_once_after_everything_was_killed(nightly: bool) -> None:
    folders = 20 if nightly else 1
    for _ in range(folders):
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"seed {seed}")  # first of all: it is needed where this fails
        began = time.monotonic()
        async with named() as names:
            with state_folder() as folder:
                outcome = await _play(folder, seed, ROUNDS_A_FOLDER, names)
        print(f"{ROUNDS_A_FOLDER} kills in {time.monotonic() - began:.0f} s: {outcome}")
