"""What has to be seen to, again and again: reports are taken in."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from gatepost.db import DatabaseUnavailableError
from gatepost.journey import House
from gatepost.trust import intake
from gatepost.trust.operator import OperatorError, read_operator

POLL_S = 10.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Sees to it, for one house and one operator's folder."""

    house: House
    folder: Path

    async def run(self, stop: asyncio.Event) -> None:
        """See to it until ``stop`` is set; a database away for a while, or a folder being edited, only delays it."""
        while not stop.is_set():
            try:
                await self.once()
            except (DatabaseUnavailableError, OperatorError) as error:
                log.warning("duty.delayed", error=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), POLL_S)

    async def once(self) -> None:
        """Do what is to be done now.

        Raises:
            DatabaseUnavailableError: something is left for the next turn.
            OperatorError: the folder cannot be read.
        """
        operator = await asyncio.to_thread(read_operator, self.folder)
        for case in await intake.take_mail(self.house, operator.contacts):
            log.info("report.taken", case=case)
