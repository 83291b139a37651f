"""Windows hold what they say: 64 SMTP connections at once, two processes that take mail, a limit of five.

A process that takes mail is killed meanwhile, the house is killed and begun anew, and the clock turns the window.
"""

import asyncio
import os
import random
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from faults.machine import Machine, check_all, kept, state_folder
from faults.sender import BOSS, Book, Client, Mail
from faults.soak import shims
from faults.zone import named
from gatepost.decide.crowd import MOST

pytestmark = [
    pytest.mark.timeout(3600),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="NOT TESTED: apt-get install gcc libc6-dev"),
]

CONNECTIONS, LIMIT = 64, 5
HOUR_S, DAY_S = 3_600, 86_400
FULL = "450 4.7.1 Too much for now"


@dataclass
class Door:
    """The house, its clock, and what everybody was told."""

    house: Machine
    clock: Path
    book: Book = field(default_factory=Book)
    bursts: int = 0

    def turn(self, by_s: int) -> None:
        """Set the house's clock ahead."""
        self.clock.write_text(str(int(self.clock.read_text()) + by_s))

    async def ask(self, method: str, path: str, body: Any) -> httpx2.Response:
        """Ask REST with the owner's key, about the sandbox's mailbox."""
        running, sandbox = self.house.running, self.house.sandbox
        url = f"{running['base_url']}/v1/mailboxes/{sandbox['mailbox_id']}/{path}"
        async with httpx2.AsyncClient(timeout=60, trust_env=False) as http:
            return await http.request(method, url, json=body, headers={"authorization": f"Bearer {sandbox['api_key']}"})

    async def obey(self, **rule: Any) -> None:
        """Put a policy in force that lets everybody of example.com in."""
        said = {"match": {"domain": "example.com"}, "name": "all", **rule}
        document = {"defaultAction": "bounce", "senders": [said], "auditLog": {"retentionDays": 30}}
        answer = await self.ask("PUT", "policy", document)
        assert answer.is_success, answer.text

    async def burst(self, *, senders: int = 1, kills: bool = False) -> set[str]:
        """Send one mail over each of the connections, all at once; return the tokens of the mails."""
        self.bursts += 1
        names = [BOSS, *(f"p{number}@example.com" for number in range(1, senders))]
        mails = [Mail(f"{self.bursts}-{number}", names[number % senders]) for number in range(CONNECTIONS)]
        ready = asyncio.Barrier(CONNECTIONS)

        async def send(mail: Mail) -> None:
            self.book.answers[mail.token], is_begun = None, False
            while not is_begun:  # a process that was killed before may only now take its last connections along
                with suppress(OSError):
                    async with Client.connected(self.house.port) as client:
                        await ready.wait()
                        is_begun = True
                        self.book.answers[mail.token] = await client.send(mail, self.house.recipient)
                await asyncio.sleep(0.05)

        async def kill() -> None:
            while not any(self.book.answers.get(mail.token) for mail in mails):
                await asyncio.sleep(0.001)
            os.kill(random.choice(self.house.workers()), signal.SIGKILL)

        async with asyncio.timeout(300), asyncio.TaskGroup() as group:
            for mail in mails:
                group.create_task(send(mail))
            if kills:
                group.create_task(kill())
        return {mail.token for mail in mails}

    async def let_in(self, tokens: set[str]) -> set[str]:
        """Return which of these mails are there; each was told so or nothing, the others were told to come again."""
        there = {name.removesuffix("@faults.example") for name in (await kept(self.house)).values()} & tokens
        told = set(self.book.told("250")) & tokens
        assert told <= there <= told | self.book.untold()
        others = {said for token in tokens - there if (said := self.book.answers[token])}
        assert all(said.startswith(FULL) for said in others), others
        return there

    async def begin_anew(self) -> None:
        """Kill all of it at once, and start it on what is left."""
        await asyncio.to_thread(self.house.kill)
        await asyncio.to_thread(self.house.start_again)


@asynccontextmanager
async def opened() -> AsyncIterator[Door]:
    async with named() as names:
        with state_folder() as folder:
            clock = folder / "clock"
            clock.write_text("0")
            house = Machine(
                folder,
                LD_PRELOAD=shims(folder)[0],
                LD_JUMPING_CLOCK=str(clock),
                GATEPOST_DNS__SERVERS=names,
                GATEPOST_SMTP__WORKERS="2",
                GATEPOST_SMTP__CONNECTIONS_PER_ADDRESS_MAX="200",
            )
            await asyncio.to_thread(house.start)
            try:
                yield Door(house, clock)
            finally:
                await asyncio.to_thread(house.stop)


async def _spend(door: Door) -> None:
    """Set tokens aside over as many connections at once; what was spent stops the author's mail, to the token."""
    await door.obey(rateLimit={"perHour": 1}, tokenBudget={"perSender": LIMIT})
    door.turn(HOUR_S)
    (name,) = await door.let_in(await door.burst())
    place = f"messages/{next(email for email, each in (await kept(door.house)).items() if each.startswith(f'{name}@'))}"
    asked = (door.ask("POST", f"{place}/reservations", {"tokens": 1}) for _ in range(CONNECTIONS))
    made = [answer.json() for answer in await asyncio.gather(*asked)]
    reserved = [each["reservation_id"] for each in made if "reservation_id" in each]
    assert len(reserved) == LIMIT
    assert {each["type"] for each in made if "type" in each} == {"/api/problems/budget.exhausted"}
    for each in reserved:
        assert (await door.ask("POST", f"{place}/usage", {"tokens": 1, "reservation_id": each})).is_success
    door.turn(DAY_S)
    assert await door.let_in(await door.burst()) == set()


async def _wait(door: Door) -> None:
    """What waits for a person fills a window as well, and without one finds as much room as there is."""
    door.turn(DAY_S)
    for rule, most in (({"rateLimit": {"perHour": LIMIT}}, LIMIT), ({}, MOST.author - LIMIT)):
        await door.obey(action="hold", **rule)
        tokens = await door.burst()
        assert len(tokens & set(door.book.told("250"))) == most
        door.turn(HOUR_S)


async def test_exactly_five_pass_at_once_through_deaths_restarts_and_turns_of_the_clock(nightly: bool) -> None:
    async with opened() as door:
        assert len(door.house.workers()) == 2
        await door.obey(rateLimit={"perHour": LIMIT, "perDay": 2 * LIMIT})
        assert len(await door.let_in(await door.burst())) == LIMIT
        await door.begin_anew()
        assert await door.let_in(await door.burst()) == set()
        door.turn(HOUR_S)
        tokens = await door.burst(kills=True)
        tokens |= await door.burst()  # what was cut off may not have filled it
        assert len(await door.let_in(tokens)) == LIMIT
        door.turn(HOUR_S)
        assert await door.let_in(await door.burst()) == set(), "the day is full"
        await _spend(door)
        await _wait(door)
        rounds = 10 if nightly else 1
        for per, senders in (("domain", 8), ("rule", 64))[: 2 if nightly else 1]:
            await door.obey(rateLimit={"perDay": LIMIT, "per": per})
            for number in range(rounds):
                door.turn(DAY_S)
                tokens = await door.burst(senders=senders, kills=number == 1)  # who dies often is begun anew ever later
                tokens |= await door.burst(senders=senders)
                assert len(await door.let_in(tokens)) == LIMIT
        await check_all(door.house)
