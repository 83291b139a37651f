"""The part of a house that exporting stands on, with a log that grows by hand."""

from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network

import singly
from gatepost import record
from gatepost.clock import Clock, Entropy
from gatepost.db import Database
from gatepost.egress import Destination as Row
from gatepost.egress import Egress, Purpose, Register
from gatepost.ids import ExportId
from gatepost.record.paper import Kind as EntryKind
from gatepost.record.publish import Sequencer
from gatepost.upkeep import siem
from gatepost.upkeep.siem.engine import Exporter
from record.papers import TENANT, Hands, consequence, inbound

METADATA = "metadata.example"
"""A name that leads where nobody may connect; no other name leads anywhere."""


async def leads(name: str) -> list[str]:
    return ["169.254.169.254"] if name == METADATA else []


def ways(clock: Clock) -> Egress:
    row = Row(purpose=Purpose.EXPORT, host="*", port=0, networks=(ip_network("127.0.0.0/8"),))
    return Egress(Register([row]), leads, clock)


@dataclass
class Scene:
    """A house with one tenant."""

    db: Database
    egress: Egress
    clock: Hands
    entropy: Entropy
    sequencer: Sequencer
    slept: list[float] = field(default_factory=list)
    count: int = 0

    async def grow(self, entries: int) -> int:
        """Write so many decisions and publish them; return how many entries the log has."""
        async with self.db.transaction(TENANT) as tx:
            for _ in range(entries):
                self.count += 1
                await singly.append(tx, inbound(self.count), entropy=self.entropy)
        return await self.sequencer.sequence(TENANT)

    async def note(self, kind: EntryKind, action: str, object_ref: str = "") -> int:
        async with self.db.transaction(TENANT) as tx:
            await record.note(tx, consequence(kind, action, object_ref=object_ref), entropy=self.entropy)
        return await self.sequencer.sequence(TENANT)

    async def add(
        self,
        kind: siem.Kind,
        url: str,
        *,
        spelled: siem.Format = siem.Format.NATIVE,
        credential: str = "secret",
        personal: bool = False,
        ack: bool = False,
        ca: str = "",
    ) -> ExportId:
        """Register a destination."""
        place = siem.Place(url=url, credential=credential, ca=ca)
        wanted = siem.Wanted(kind=kind, format=spelled, place=place, is_personal=personal, wants_ack=ack)
        async with self.db.transaction(TENANT) as tx:
            return (await siem.add(tx, self, wanted, actor="ky_1")).id

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.now += timedelta(seconds=seconds)

    async def export(self) -> None:
        """Serve all destinations that are due now."""
        await Exporter(self, self.sleep).round()

    async def later(self, seconds: float = 400) -> None:
        """Serve all that are due after so many seconds."""
        self.clock.now += timedelta(seconds=seconds)
        await self.export()

    async def status(self, identifier: ExportId) -> siem.Status:
        async with self.db.transaction(TENANT) as tx:
            found = await siem.find(tx, identifier)
        assert found is not None
        return found

    async def letters(self, identifier: ExportId) -> list[tuple[int, str]]:
        async with self.db.transaction(TENANT) as tx:
            return [(each.leaf_index, each.reason) for each in await siem.letters(tx, identifier)]
