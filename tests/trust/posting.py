"""A house that answers for its operator's domain, with a mail server to write to, and its promises kept by hand."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from gatepost.app import administer
from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.jobs import Handler, Job, TryAgainError
from gatepost.jobs import store as jobs
from gatepost.record.trust_log import TRUST
from gatepost.trust import news
from outbound import Hands, Sink, smtp_sink
from outbound import house as built
from trust.scene import Scene, copied

URL = "https://trust.lanternpost.example"
DOMAIN = "lanternpost.example"
OWN = TenantId("tn_own")


@dataclass
class Posting(Scene):
    """The scene, and what it wrote to whom."""

    sink: Sink = field(default_factory=Sink)
    handlers: dict[str, Handler] = field(default_factory=dict)

    async def keep(self, *tenants: TenantId) -> list[str]:
        """Keep every promise that is due, once; return why some must be kept later."""
        later: list[str] = []
        for tenant in tenants or (TRUST,):
            async with self.house.db.transaction(tenant) as tx:
                rows = await tx.all("select * from job where tenant = %(tenant)s order by id")
            for row in rows:
                job = Job(
                    id=row.id,
                    tenant=tenant,
                    kind=row.kind,
                    key=row.key,
                    body=row.body,
                    attempt=row.attempt + 1,
                    promised_at=row.promised_at,
                )
                try:
                    await self.handlers[row.kind](job)
                except TryAgainError as error:
                    later.append(error.reason)
                    continue
                async with self.house.db.transaction(tenant) as tx:
                    await jobs.finish(tx, [job])
        return later

    def mails(self) -> list[EmailMessage]:
        """Return what was written, parsed, first to last."""
        return [message_from_bytes(each.content, policy=policy.default) for each in self.sink.mails]

    def recipients(self) -> list[Sequence[str]]:
        return [each.rcpt_tos for each in self.sink.mails]


def link_in(mail: EmailMessage) -> str:
    """Return the path of the first link in a mail's text."""
    found = re.search(re.escape(URL) + r"(/\S+)", mail.get_content())
    assert found is not None
    return found[1]


@asynccontextmanager
async def posting(db: Database, folder: Path) -> AsyncIterator[Posting]:
    """Yield such a house."""
    async with smtp_sink() as sink:
        clock = Hands()
        house = replace(built(db, folder / "blobs", clock, port=sink.port), public_url=URL)
        await administer.add_tenant(house, name="Lanternpost", plan="business", identifier=OWN)
        await administer.add_domain(house, OWN, DOMAIN)
        copy = copied(folder)
        yield Posting(
            house=house,
            folder=copy,
            clock=clock,
            state=folder,
            sink=sink,
            handlers=news.Newsroom(house, copy).handlers(),
        )
