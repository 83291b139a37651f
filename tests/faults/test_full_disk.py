"""A disk that fills up: mail is turned away at MAIL, before anything is sent, and taken again once there is room."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from arrive.loopback import Client as Loopback
from arrive.loopback import served
from arrive.playbook import Hamlet
from faults.machine import Machine, check_all, state_folder
from faults.sender import Client, Mail
from gatepost.arrive import Limits

pytestmark = pytest.mark.timeout(300)

DISK_OCTETS, FREE_MIN_OCTETS = 500_000_000, 100_000_000
NO_ROOM = "452 4.3.1 Not enough storage now, try again later"


@contextmanager
def disk_of_its_own() -> Iterator[Path]:
    """Mount a small disk; skip where that is not allowed."""
    with state_folder() as folder:
        mounted = subprocess.run(  # noqa: S603  # our own words
            ["/bin/mount", "-t", "tmpfs", "-o", f"size={DISK_OCTETS},mode=711", "none", str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        if mounted.returncode:
            pytest.skip(f"NOT TESTED: no disk may be mounted here ({mounted.stderr.strip()})")
        try:
            yield folder
        finally:
            subprocess.run(["/bin/umount", "--lazy", str(folder)], check=True)  # noqa: S603  # our own words


def fill(folder: Path, leave_octets: int) -> Path:
    """Take the disk but for so many octets; where none are to be left, down to the last page."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        if leave_octets:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(folder).free - leave_octets)
        while not leave_octets:
            file.write(bytes(65_536))
    return ballast


async def _ask(house: Machine) -> str:
    async with Client.connected(house.port) as client:
        return (await client.say("MAIL FROM:<you@example.com>"))[0]


async def _send(house: Machine, number: int, size_octets: int = 0) -> str:
    async with Client.connected(house.port) as client:
        return await client.send(Mail(f"full-{number}", size_octets=size_octets), house.recipient)


async def test_a_real_disk_that_fills_up_turns_mail_away_early_and_takes_it_again() -> None:
    with disk_of_its_own() as folder:
        house = Machine(folder, GATEPOST_SMTP__DISK_FREE_MIN_OCTETS=str(FREE_MIN_OCTETS), GATEPOST_DNS__TIMEOUT_S="0.2")
        await asyncio.to_thread(house.start)
        try:
            assert (await _send(house, 1)).startswith("250 ")
            ballast = fill(folder, FREE_MIN_OCTETS - 10_000_000)
            await asyncio.sleep(0.6)
            assert await _ask(house) == NO_ROOM
            async with Client.connected(house.port) as client:  # the conversation goes on: it is not the client's fault
                assert await client.say("MAIL FROM:<you@example.com>", "NOOP") == [NO_ROOM, "250 2.0.0 OK"]
            ballast.unlink()
            await asyncio.sleep(0.6)
            assert (await _send(house, 2)).startswith("250 ")
            ballast = fill(folder, FREE_MIN_OCTETS + 20_000_000)
            await asyncio.sleep(0.6)
            async with Client.connected(house.port) as client:
                assert await client.say("MAIL FROM:<you@example.com> SIZE=25000000") == [NO_ROOM]
            assert (await _send(house, 3, 200_000)).startswith("250 ")
            ballast.unlink()
            ballast = fill(folder, 0)  # to the last octet: whoever is in the middle of something hears 45x
            assert (await _send(house, 4, 200_000)).startswith(("451 ", "452 "))
            await asyncio.sleep(0.6)
            assert await _ask(house) == NO_ROOM
            ballast.unlink()
            async with asyncio.timeout(60):
                while not (await _send(house, 5)).startswith("250 "):
                    await asyncio.sleep(0.5)
            assert (await _send(house, 6, 200_000)).startswith("250 ")
            await check_all(house)
            assert "smtp.intake_stopped" in house.log()
        finally:
            await asyncio.to_thread(house.stop)


async def test_a_disk_said_to_be_full_turns_mail_away_and_no_connection() -> None:
    free = 10_000
    async with served(Hamlet(), limits=Limits(disk_free_min_octets=1000), free=lambda: free) as (_, port):
        client = await Loopback.greeted(port)
        await client.say("EHLO client.example")
        assert await client.say("MAIL FROM:<a@client.example> SIZE=9001") == NO_ROOM
        assert (await client.say("MAIL FROM:<a@client.example> SIZE=9000")).startswith("250 ")
        free = 0
        await asyncio.sleep(0.6)
        await client.say("RSET")
        assert await client.say("MAIL FROM:<a@client.example>") == NO_ROOM
        assert (await client.say("RCPT TO:<agent@ours.example>")).startswith("503 ")
        free = 10_000
        await asyncio.sleep(0.6)
        assert (await client.deliver()).startswith("250 ")
        await client.close()
