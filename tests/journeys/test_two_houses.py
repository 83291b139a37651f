"""Two houses whose agents answer every mail at once, by real SMTP, past a mailer that drops what would tell them apart.

It takes away ``Auto-Submitted``, ``References`` and ``In-Reply-To`` and gives each mail another Message-ID, as ticket
systems and gateways do: to either house each mail is a person's, and the first of its thread.
"""

import asyncio
import re
import smtplib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from gatepost import act, deliver
from gatepost.app import administer
from gatepost.app.smtp import certificates_of, smtp_door
from gatepost.db import Database
from gatepost.dns import RdType
from gatepost.ids import AccountId, EmailId, KeyId, TenantId
from gatepost.jobs import Promise
from gatepost.journey import House, answer
from gatepost.mail.address import Address
from gatepost.mail.own_ids import OwnIds
from gatepost.reply import ReplyRefusedError, Said, Voice
from gatepost.settings import Settings
from invariants import check
from outbound import Hands, Zone, house, job

LEFT, RIGHT = "left.test", "right.test"
_SPF = ["v=spf1 ip4:127.0.0.1 -all"]
DNS = Zone({(LEFT, RdType.TXT): _SPF, (RIGHT, RdType.TXT): _SPF})
_DROPPED = re.compile(rb"(?im)^(?:auto-submitted|references|in-reply-to|dkim-signature):.*\r\n(?:[ \t].*\r\n)*")
_MESSAGE_ID = re.compile(rb"(?im)^message-id:.*\r\n(?:[ \t].*\r\n)*")


@dataclass
class Mailer:
    """Stands between the houses; passes each mail on to the house of its recipient."""

    doors: dict[str, int] = field(default_factory=dict)
    passed: int = 0

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        self.passed += 1
        head, _, body = envelope.content.partition(b"\r\n\r\n")
        changed = _MESSAGE_ID.sub(b"", _DROPPED.sub(b"", head + b"\r\n"))
        mail = changed + f"Message-ID: <{self.passed}@mailer.test>\r\n\r\n".encode() + body
        await asyncio.to_thread(self._pass_on, envelope.mail_from, envelope.rcpt_tos, mail)
        return "250 2.0.0 passed on"

    def _pass_on(self, mail_from: str, recipients: list[str], mail: bytes) -> None:
        port = self.doors[recipients[0].rpartition("@")[2]]
        with smtplib.SMTP("127.0.0.1", port, "mailer.test", 120) as client:
            assert client.sendmail(mail_from, recipients, mail) == {}


@dataclass
class Side:
    """One house, and its outside agent."""

    house: House
    tenant: TenantId
    account: AccountId
    known: set[EmailId] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)

    async def newest(self) -> EmailId:
        """Return the one mail that came since this was asked last."""
        async with self.house.db.transaction(self.tenant) as tx:
            rows = await tx.all("select id from email where tenant = %(tenant)s")
        (fresh,) = {EmailId(row.id) for row in rows} - self.known
        self.known.add(fresh)
        return fresh

    async def answers(self, parent: EmailId) -> None:
        """Let the agent answer, and the mail leave."""
        said = Said(
            tenant=self.tenant,
            account=self.account,
            submitter=KeyId("ky_agent"),
            parent=parent,
            voice=Voice.REPLY,
            text="Thank you! Anything else?",
        )
        await answer(said, self.house)
        handlers = deliver.handlers(self.house, on_settled=act.announce_settled)
        async with self.house.db.transaction(self.tenant) as tx:
            rows = await tx.all("select kind, key, body from job where tenant = %(tenant)s order by id")
        for row in rows:
            if row.key not in self.kept and row.kind in handlers:
                self.kept.add(row.key)
                promised = replace(job(Promise(row.kind, row.key, row.body)), tenant=self.tenant)
                await handlers[row.kind](promised)

    async def recorded(self, reason: str) -> int:
        """Return how many entries of the record have this reason."""
        async with self.house.db.transaction(self.tenant) as tx:
            rows = await tx.all("select leaf from entry where tenant = %(tenant)s")
        return sum(f'"reason":"{reason}"'.encode() in bytes(row.leaf) for row in rows)


@asynccontextmanager
async def side(
    db: Database, accepting: Database, folder: Path, clock: Hands, mailer: int, name: str, other: str
) -> AsyncIterator[tuple[Side, int]]:
    (folder / "keys").mkdir(parents=True)
    built = house(db, folder / "blobs", clock, accepting=accepting, dns=DNS, port=mailer)
    built = replace(built, own_ids=OwnIds(name.encode().ljust(32)), hostname=f"mail.{name}")
    tenant = (await administer.add_tenant(built, name=name, plan="team")).id
    await administer.add_domain(built, tenant, name)
    account = await administer.add_mailbox(built, tenant, Address("agent", name))
    policy = {
        "defaultAction": "bounce",
        "senders": [{"match": {"domain": other}, "capabilities": []}],
        "auditLog": {"retentionDays": 30},
    }
    await administer.set_policy(built, tenant, account.id, policy)
    settings = Settings(state=folder)
    door = smtp_door(settings, built, certificates_of(settings, built)["smtp"])
    try:
        yield Side(built, tenant, account.id), await door.start("127.0.0.1", 0)
    finally:
        await door.close(1)
    await check(built, tenant)


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("every", "answered"), [(timedelta(seconds=1), 60), (timedelta(minutes=4), 100)])
async def test_two_agents_that_cannot_know_each_other_fall_silent_by_rule(
    db: Database, accepting: Database, tmp_path: Path, every: timedelta, answered: int
) -> None:
    clock, mailer = Hands(), Mailer()
    loop = asyncio.get_running_loop()
    between = await loop.create_server(lambda: SMTP(mailer, hostname="mailer.test", loop=loop), "127.0.0.1", 0)
    port = between.sockets[0].getsockname()[1]
    async with between, AsyncExitStack() as stack:
        left, mailer.doors[LEFT] = await stack.enter_async_context(
            side(db, accepting, tmp_path / "left", clock, port, LEFT, RIGHT)
        )
        right, mailer.doors[RIGHT] = await stack.enter_async_context(
            side(db, accepting, tmp_path / "right", clock, port, RIGHT, LEFT)
        )
        first = f"From: agent@{RIGHT}\r\nTo: agent@{LEFT}\r\nSubject: Hello\r\nMessage-ID: <a@x>\r\n\r\nHello?\r\n"
        await asyncio.to_thread(mailer._pass_on, f"agent@{RIGHT}", [f"agent@{LEFT}"], first.encode())
        said, reason = 0, ""
        turns, here = [left, right], left
        while not reason and said <= 2 * answered + 2:
            clock.move(every)
            here = turns[said % 2]
            try:
                await here.answers(await here.newest())
                said += 1
            except ReplyRefusedError as refused:
                reason = refused.reason
        assert (reason, said, mailer.passed) == ("send.ping_pong", 2 * answered, 2 * answered)
        assert await here.recorded(reason) == 1
