"""Mail comes in by SMTP, as the house wires it, and goes out by REST."""

import asyncio
import smtplib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from structlog.testing import capture_logs

from gatepost import act
from gatepost.access.paper import Account, Role
from gatepost.app import administer
from gatepost.app.board import PLACES, REFUSED, Board
from gatepost.app.smtp import certificates_of, smtp_door
from gatepost.db import Database
from gatepost.decide.store import policy_place
from gatepost.dns import RdType, Status
from gatepost.doors import rest
from gatepost.ids import TenantId
from gatepost.journey import House
from gatepost.keys import KeyStore
from gatepost.mail.address import Address
from gatepost.settings import Settings
from invariants import check
from outbound import Hands, Zone
from outbound import house as built

HELP, DROP, OTHER = (Address(name, "gatepost.test") for name in ("help", "drop", "other"))
_SPF = ["v=spf1 ip4:127.0.0.9 -all"]
DNS = Zone(
    {
        ("example.org", RdType.TXT): _SPF,
        ("mx.example.org", RdType.TXT): _SPF,
        ("slow.example", RdType.TXT): Status.TEMPERROR,
    }
)
POLICY: dict[str, object] = {
    "defaultAction": "bounce",
    "senders": [
        {"match": {"address": "boss@example.org"}, "capabilities": ["read_calendar"], "rateLimit": {"perHour": 2}},
        {"match": {"domain": "slow.example"}, "capabilities": []},
    ],
    "contentGuards": [{"reject": "(?i)wire the money", "reason": "fraud"}],
    "auditLog": {"retentionDays": 30, "includeBodyHash": True},
}


@dataclass(frozen=True)
class Town:
    """A house with its doors open."""

    house: House
    clock: Hands
    tenant: TenantId
    account: Account
    port: int
    rest: httpx2.AsyncClient

    async def post(
        self,
        *recipients: str,
        mail_from: str = "boss@example.org",
        source: str = "127.0.0.9",
        text: str = "Can we meet?",
        before_data: Callable[[], Awaitable[None]] | None = None,
    ) -> list[str]:
        """Send one mail from ``source`` and return what was said to each RCPT and to DATA, code and status."""
        client = await asyncio.to_thread(
            smtplib.SMTP, "127.0.0.1", self.port, "mx.example.org", 20, source_address=(source, 0)
        )
        body = f"From: {mail_from}\r\nTo: help@gatepost.test\r\nSubject: Meeting\r\n\r\n{text}\r\n".encode()
        try:
            await asyncio.to_thread(client.ehlo)
            await asyncio.to_thread(client.mail, mail_from)
            answers = [await asyncio.to_thread(client.rcpt, each) for each in recipients or (str(HELP),)]
            if before_data:
                await before_data()
            if any(code == 250 for code, _ in answers):
                answers.append(await asyncio.to_thread(client.data, body))
        finally:
            await asyncio.to_thread(client.close)
        return [" ".join([str(code), text.decode().split()[0]]) for code, text in answers]

    async def get(self, path: str) -> Any:
        """Ask REST about the mailbox."""
        answer = await self.rest.get(f"/v1/mailboxes/{self.account.id}/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def count(self, table: str) -> int:
        async with self.house.db.transaction(self.tenant) as tx:
            query = f"select count(*) as count from {table} where tenant = %(tenant)s"  # noqa: S608  # a table of ours
            return int((await tx.one(query)).count)

    async def endings(self) -> list[tuple[str, str]]:
        """Return (disposition, reason) of every decision, oldest first."""
        async with self.house.db.transaction(self.tenant) as tx:
            rows = await tx.all("select disposition, reason from decision_row where tenant = %(tenant)s order by entry")
        return [(row.disposition, row.reason) for row in rows]

    async def refusals(self, expected: int) -> list[str]:
        """Return why mail was turned away before a decision; it is counted after the client was answered."""
        found: list[str] = []
        for _ in range(100):
            async with self.house.db.transaction(self.tenant) as tx:
                rows = await tx.all("select reason from refusal_count where tenant = %(tenant)s order by reason")
            found = [row.reason for row in rows]
            if len(found) >= expected:
                break
            await asyncio.sleep(0.05)
        return found


@asynccontextmanager
async def open_town(db: Database, folder: Path, accepting: Database | None = None) -> AsyncIterator[Town]:
    clock = Hands()
    house = replace(built(db, folder / "blobs", clock, accepting=accepting, dns=DNS), meters=Board())
    (folder / "keys").mkdir(exist_ok=True)
    tenant = (await administer.add_tenant(house, name="one", plan="team")).id
    await administer.add_domain(house, tenant, "gatepost.test")
    account, drop, other = [await administer.add_mailbox(house, tenant, each) for each in (HELP, DROP, OTHER)]
    await administer.set_policy(house, tenant, account.id, POLICY)
    await administer.set_policy(house, tenant, drop.id, {**POLICY, "defaultAction": "drop"})
    del other  # it has no policy
    _, key = await administer.add_key(house, tenant, Role.OWNER, label="test")
    settings = Settings(state=folder)
    door = smtp_door(settings, house, certificates_of(settings, house)["smtp"])
    calls = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(rest.build(house)),
        base_url="http://house/api",
        headers={"Authorization": f"Bearer {key}"},
    )
    async with calls:
        try:
            yield Town(house, clock, tenant, account, await door.start("127.0.0.1", 0), calls)
        finally:
            await door.close(1)
    await check(house, tenant)


@pytest.fixture
async def town(db: Database, accepting: Database, tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(db, tmp_path, accepting) as opened:
        yield opened


async def test_proven_mail_is_delivered_and_read_over_rest(town: Town) -> None:
    assert await town.post() == ["250 2.1.5", "250 2.0.0"]
    assert await town.endings() == [("deliver", "rule.matched")]
    [message] = (await town.get("messages"))["items"]
    assert (message["from"], message["subject"], message["verification"]["spf"]) == (
        "boss@example.org",
        "Meeting",
        "pass",
    )
    whole = await town.get(f"messages/{message['message_id']}")
    assert "Can we meet?" in str(whole)
    await check(town.house, town.tenant)  # gives the entry its place
    [row] = (await town.get("audit-logs"))["items"]
    assert (row["outcome"], row["message_id"]) == ("delivered", message["message_id"])
    assert row["body_hash"] == sha256(b"Can we meet?\r\n").hexdigest()


async def test_a_stranger_is_refused_by_policy_and_nothing_is_kept(town: Town) -> None:
    assert await town.post(mail_from="eve@evil.example") == ["250 2.1.5", "550 5.7.1"]
    assert await town.endings() == [("reject", "sender.unmatched")]
    assert await town.count("email") == 0


async def test_a_forged_boss_is_refused_for_want_of_proof(town: Town) -> None:
    assert await town.post(source="127.0.0.66") == ["250 2.1.5", "550 5.7.1"]
    assert await town.endings() == [("reject", "sender.unproven")]


async def test_a_guard_refuses_what_the_boss_would_not_write(town: Town) -> None:
    assert await town.post(text="Wire the money!") == ["250 2.1.5", "550 5.7.1"]
    assert await town.endings() == [("reject", "content.guard")]


async def test_dropped_mail_is_accepted_and_leaves_only_an_entry(town: Town) -> None:
    assert await town.post(str(DROP), mail_from="eve@evil.example") == ["250 2.1.5", "250 2.0.0"]
    assert await town.endings() == [("discard", "sender.unmatched")]
    assert (await town.count("email"), await town.count("telling")) == (0, 0)


async def test_what_no_readable_policy_speaks_of_is_put_off_loudly_and_comes_in_once_there_is_one(
    town: Town, owner_dsn: str
) -> None:
    vault, place = town.house.db.keys.vault(town.tenant), policy_place(town.account.id, 1)
    sealed = vault.seal_lasting(place, b'{"document": {"defaultAction": "later"}, "warnings": []}')
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("update policy set sealed = %s, digest = 'x' where account = %s", [sealed, town.account.id])
    with capture_logs() as said:
        assert await town.post() == ["250 2.1.5", "451 4.3.0"]
    assert [each["log_level"] for each in said if each["event"] == "policy.unreadable"] == ["error"]
    board = town.house.meters
    assert isinstance(board, Board)
    assert board.values()[PLACES[REFUSED.name][("policy.unreadable",)]] == 1
    assert await town.post(str(DROP)) == ["250 2.1.5", "250 2.0.0"]  # another mailbox's mail is not in its way
    await administer.set_policy(town.house, town.tenant, town.account.id, POLICY)
    assert await town.post() == ["250 2.1.5", "250 2.0.0"]


async def test_the_third_mail_in_an_hour_is_put_off_and_one_later_comes_in(town: Town) -> None:
    said = [(await town.post())[-1] for _ in range(3)]
    town.clock.move(timedelta(seconds=3600))
    said.append((await town.post())[-1])
    assert said == ["250 2.0.0", "250 2.0.0", "450 4.7.1", "250 2.0.0"]
    assert (await town.endings())[2] == ("defer", "rate.per_hour")
    assert await town.count("email") == 3


async def test_who_quotes_the_own_name_counts_as_the_same_author(town: Town) -> None:
    spellings = ["boss@example.org", '"Boss"@example.org', r'"b\oss"@example.org']
    said = [(await town.post(mail_from=each))[-1] for each in spellings]
    assert said == ["250 2.0.0", "250 2.0.0", "450 4.7.1"]
    assert await town.endings() == [("deliver", "rule.matched")] * 2 + [("defer", "rate.per_hour")]


async def test_where_dns_cannot_say_the_sender_shall_try_again(town: Town) -> None:
    assert await town.post(mail_from="a@slow.example") == ["250 2.1.5", "451 4.7.1"]
    assert await town.endings() == [("defer", "sender.unsettled")]
    assert await town.count("email") == 0


async def test_nobody_lives_there_and_nothing_is_relayed(town: Town) -> None:
    assert await town.post("nobody@gatepost.test") == ["550 5.1.1"]
    assert await town.post("a@elsewhere.example") == ["550 5.7.1"]
    assert await town.endings() == []
    assert await town.refusals(2) == ["recipient.unknown", "relay.denied"]


async def test_two_addresses_of_one_account_have_two_entries_and_one_email(town: Town) -> None:
    async with town.house.db.transaction(town.tenant) as tx:
        await act.add(tx, town.house, town.account.id, "http://127.0.0.1:9/")
    assert await town.post(str(HELP), "help+urgent@gatepost.test") == ["250 2.1.5", "250 2.1.5", "250 2.0.0"]
    assert await town.endings() == [("deliver", "rule.matched")] * 2
    assert (await town.count("email"), await town.count("telling"), await town.count("delivered_message")) == (1, 1, 1)


async def test_a_recipient_of_another_account_is_asked_to_come_separately(town: Town) -> None:
    assert await town.post(str(HELP), str(OTHER)) == ["250 2.1.5", "452 4.5.3", "250 2.0.0"]
    assert await town.count("email") == 1


async def test_relaying_is_refused_and_counted_by_the_operator(town: Town) -> None:
    assert await town.post("somebody@elsewhere.example") == ["550 5.7.1"]
    assert await town.refusals(1) == ["relay.denied"]
    assert await town.endings() == []


async def test_a_mailbox_without_a_policy_refuses_all_mail(town: Town) -> None:
    assert await town.post(str(OTHER)) == ["250 2.1.5", "550 5.7.1"]
    assert await town.endings() == [("reject", "policy.missing")]


@pytest.mark.parametrize("recipient", ["postmaster@gatepost.test", "Postmaster"])
async def test_postmaster_hears_everybody_and_wakes_nobody(town: Town, recipient: str) -> None:
    assert await town.post(recipient, mail_from="eve@evil.example") == ["250 2.1.5", "250 2.0.0"]
    assert await town.endings() == [("deliver", "postmaster.open")]
    assert (await town.count("email"), await town.count("telling")) == (1, 0)


async def test_mail_that_cannot_be_stored_is_put_off_and_nothing_is_half_done(town: Town, tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir(exist_ok=True)
    (tmp_path / "blobs" / "bodies").write_text("a file where a folder belongs")  # also root cannot write into it
    large = "All the minutes of the meeting.\r\n" * 3000  # too much to lie in the database
    assert await town.post(text=large) == ["250 2.1.5", "451 4.3.0"]
    assert await town.endings() == []
    assert (await town.count("email"), await town.count("telling")) == (0, 0)
    assert await town.refusals(1) == ["house.unsettled"]
    (tmp_path / "blobs" / "bodies").unlink()
    assert await town.post(text=large) == ["250 2.1.5", "250 2.0.0"]


async def test_while_the_database_is_gone_mail_is_put_off_and_then_taken(
    app_dsn: str, owner_dsn: str, database_name: str, keys: KeyStore, tmp_path: Path
) -> None:
    owner = owner_dsn.replace(f"dbname={database_name}", "dbname=postgres")

    async def tell(*words: str) -> None:
        async with await psycopg.AsyncConnection.connect(owner, autocommit=True) as connection:
            for each in words:
                await connection.execute(each)

    async def close() -> None:
        await tell(
            f"alter database {database_name} allow_connections false",
            f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database_name}'",  # noqa: S608  # our own name
        )

    async with Database.open(app_dsn, keys, timeout_s=1) as db, open_town(db, tmp_path) as town:
        assert await town.post(before_data=close) == ["250 2.1.5", "451 4.3.0"]
        assert (await town.post())[-1] == "451 4.3.0"
        await tell(f"alter database {database_name} allow_connections true")
        for _ in range(100):  # as a sender would: until it is taken
            if (await town.post())[-1] == "250 2.0.0":
                break
            await asyncio.sleep(0.2)
        assert await town.endings() == [("deliver", "rule.matched")]
        assert await town.count("email") == 1
