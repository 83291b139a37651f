"""What has to be seen to, again and again: reports come in, alerts are raised and carried, approved notices go out."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from gatepost.db import DatabaseUnavailableError
from gatepost.jobs.pause import pause
from gatepost.journey import House
from gatepost.mail.address import Address
from gatepost.meters import Raised
from gatepost.trust import caught, causes, intake, oncall, posts, scans, status
from gatepost.trust.alerts import Cause
from gatepost.trust.folder import Folder
from gatepost.trust.operator import Operator, OperatorError

POLL_S = 10.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Sees to it, for one house and one operator's folder. ``author``: whose mail alerts are."""

    house: House
    folder: Folder
    author: Address

    async def run(self, stop: asyncio.Event) -> None:
        """See to it until ``stop`` is set.

        A database away for a while, or a folder being edited, only delays it; nothing that happens in a turn ends the
        house, for the mail goes on.
        """
        while not stop.is_set():
            try:
                await self.once()
            except (DatabaseUnavailableError, OperatorError) as error:
                log.warning("duty.delayed", error=type(error).__name__)
            except Exception as error:  # noqa: BLE001  # who is on call hears of it with the next turn's errors
                log.error("duty.turn_broke", error=Raised.by(error))
            await pause(stop, POLL_S)

    async def once(self) -> None:
        """Do what is to be done now.

        Raises:
            DatabaseUnavailableError: something is left for the next turn.
            OperatorError: the folder cannot be read.
        """
        operator = await asyncio.to_thread(self.folder.read)
        for case in await intake.take_mail(self.house, operator.contacts):
            log.info("report.taken", case=case)
        if operator.rota:  # a house that names nobody has nobody to call
            for alert in await oncall.raise_all(self.house, await self._causes(operator)):
                log.warning("alert.raised", alert=alert)
            await oncall.carry(self.house, operator, self.author)
        await posts.send(self.house, operator.connectors)

    async def _causes(self, operator: Operator) -> list[Cause]:
        house, now = self.house, self.house.clock()
        within = timedelta(hours=operator.disclosure.acknowledge_hours)
        return [
            *causes.of_incidents(await status.read_incidents(house, now - status.WINDOW), now),
            *causes.of_cases(await intake.read_cases(house), within, now),
            *causes.of_findings(await scans.read_weaknesses(house), now),
            *causes.of_faults(await caught.read_faults(house.db), now),
            *causes.of_calendar(now),
        ]
