"""Ask every scanner about one message, all at once, under one deadline."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

import structlog

from gatepost.mail.octets import Octets, opened
from gatepost.verify.paper import Content, ScanResult, ScanVerdict

log = structlog.get_logger()


class ScannerError(Exception):
    """The scanner gave no answer that can be read; the text names no message."""


class Scanner(Protocol):
    """Anything that can say something of a message."""

    @property
    def name(self) -> str:
        """How verdicts and settings call it."""
        ...

    async def scan(self, raw: bytes, content: Content) -> ScanVerdict:
        """Return its verdict.

        Raises:
            ScannerError: it cannot be asked, or its answer cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Whom to ask, and what to look for that no stranger should know.

    Attributes:
        canaries: marks planted in prompts.
        timeout_s: for all scanners together.
    """

    canaries: tuple[str, ...] = ()
    scanners: tuple[Scanner, ...] = ()
    timeout_s: float = 10.0

    async def scan(self, raw: Octets, content: Content) -> tuple[ScanVerdict, ...]:
        """Return every scanner's verdict; who is late or unwell is ``unavailable``, and the message goes on."""
        if not self.scanners:
            return ()
        async with opened(raw) as octets:
            until = asyncio.get_running_loop().time() + self.timeout_s
            return tuple(await asyncio.gather(*(_ask(each, octets, content, until) for each in self.scanners)))


async def _ask(scanner: Scanner, raw: bytes, content: Content, until: float) -> ScanVerdict:
    try:
        async with asyncio.timeout_at(until):
            return await scanner.scan(raw, content)
    except (ScannerError, TimeoutError) as error:
        log.warning("scan.unavailable", scanner=scanner.name, why=type(error).__name__)
        return ScanVerdict(scanner.name, ScanResult.UNAVAILABLE)


NO_WATCH = Watch()
"""Nobody to ask, nothing to look for."""
