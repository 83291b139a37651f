"""What a supervisor is told: sd_notify(3), over the datagram socket it names; nothing where none does."""

import asyncio
import socket
import time
from collections.abc import Mapping

from gatepost.jobs.pause import pause

USEC = 1_000_000


class Supervisor:
    """Whoever started us and wants to know how we are.

    Args:
        environment: ``NOTIFY_SOCKET`` names the socket, ``WATCHDOG_USEC`` how often we must be heard of.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        name = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{name[1:]}" if name.startswith("@") else name  # an abstract socket
        pet = environment.get("WATCHDOG_USEC", "")
        self._watchdog_s = int(pet[:18]) / USEC if pet.isascii() and pet.isdigit() else 0.0

    def ready(self) -> None:
        """Say that both doors are open; also at the end of a reload."""
        self._say("READY=1", "STATUS=serving")

    def reloading(self) -> None:
        """Say that settings are being read anew."""
        self._say("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Say that we drain."""
        self._say("STOPPING=1", "STATUS=finishing what is under way")

    async def keep_petting(self, stop: asyncio.Event) -> None:
        """Say from the event loop that it turns, twice as often as asked, until ``stop``."""
        while self._watchdog_s and not stop.is_set():
            self._say("WATCHDOG=1")
            await pause(stop, self._watchdog_s / 2)

    def _say(self, *lines: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            try:
                out.connect(self._address)
                out.send("\n".join(lines).encode())
            except OSError:
                return  # a supervisor that does not listen is no reason to stop
