"""Asking people to rule: each approver of the tenant gets a mail with a link of their own. It quotes nothing.

The mail says that something waits, why, and until when; what it says is shown by the page behind the link. So a mailbox
that others read, too, gives nothing away but the link itself, and that only until somebody ruled.
"""

from dataclasses import dataclass
from email.utils import format_datetime
from typing import Protocol

from gatepost import access, domains, record
from gatepost.access.paper import Person, Role
from gatepost.clock import Clock, Entropy
from gatepost.db import Database, Transaction
from gatepost.deliver import hold_store, link
from gatepost.deliver.client import Letter, transmit
from gatepost.deliver.hold import Approver, ApproverError, check_approver
from gatepost.deliver.link import Link
from gatepost.deliver.paper import Attempt, AttemptResult, Held, Hold, HoldState
from gatepost.deliver.retry import next_attempt_at
from gatepost.deliver.route import find_hops
from gatepost.deliver.sign import sign
from gatepost.dns import Resolver
from gatepost.egress import Egress, NextHop
from gatepost.ids import HoldId, PersonId, TenantId
from gatepost.jobs import Job, Promise, TryAgainError
from gatepost.keys import Keyring
from gatepost.mail.address import Address
from gatepost.mail.own_ids import OwnIds
from gatepost.record.paper import Consequence, Kind

ASK = "hold.ask"
APPROVERS_MAX = 50
"""People asked about one hold."""


class Means(Protocol):
    """The part of the house that asking stands on."""

    @property
    def db(self) -> Database:
        """Where holds and people lie."""

    @property
    def dns(self) -> Resolver:
        """Finds the MX."""

    @property
    def keyring(self) -> Keyring:
        """Signs links, opens DKIM keys."""

    @property
    def own_ids(self) -> OwnIds:
        """Writes Message-IDs."""

    @property
    def egress(self) -> Egress:
        """The way out."""

    @property
    def clock(self) -> Clock:
        """Tells when."""

    @property
    def entropy(self) -> Entropy:
        """Salts the record's commitments."""

    @property
    def hostname(self) -> str:
        """What we call ourselves in EHLO."""

    @property
    def next_hop(self) -> NextHop | None:
        """The relay that takes everything, where there is one."""

    @property
    def public_url(self) -> str:
        """Where people reach the page; empty: nobody is asked by mail."""


def may_rule(person: Person) -> bool:
    """Return whether people of this role rule on holds."""
    return person.role in {Role.OWNER, Role.APPROVER}


async def questions(tx: Transaction, held: Held) -> list[Promise]:
    """Return the promises to ask each approver of the tenant."""
    asked = [person for person in await access.list_people(tx) if may_rule(person)][:APPROVERS_MAX]
    return [Promise(ASK, f"{held.hold} {each.id}", {"hold": held.hold, "person": each.id}) for each in asked]


@dataclass(frozen=True, slots=True)
class Asker:
    """Keeps the promises to ask."""

    house: Means

    async def ask(self, job: Job) -> None:
        """Mail one person the link to one hold, unless somebody ruled already or they may not.

        Raises:
            TryAgainError: their server did not take it yet.
        """
        now = self.house.clock()
        async with self.house.db.transaction(job.tenant) as tx:
            waiting = await hold_store.by_id(tx, HoldId(str(job.body["hold"])))
            people = {each.id: each for each in await access.list_people(tx)}
            person = people.get(PersonId(str(job.body["person"])))
            account = None if waiting is None else await access.account(tx, waiting.account)
        if waiting is None or person is None or account is None or not self._is_to_be_asked(waiting, person):
            return
        tried = await self._send(job.tenant, waiting, person, account.address.domain)
        if tried.result is AttemptResult.DEFERRED:
            again = next_attempt_at(job.attempt, submitted_at=waiting.held_at, now=now)
            if again is not None and again < waiting.expires_at:
                raise TryAgainError(again, tried.reason)
        async with self.house.db.transaction(job.tenant) as tx:
            asked = Consequence(
                kind=Kind.ACT,
                action="hold.ask",
                actor="house",
                at=now,
                account=waiting.account,
                email=waiting.email,
                object_ref=waiting.id,
                public={"person": person.id, "result": tried.result.value, "reason": tried.reason},
            )
            await record.note(tx, asked, entropy=self.house.entropy)

    def _is_to_be_asked(self, waiting: Hold, person: Person) -> bool:
        if waiting.state is not HoldState.WAITING or not may_rule(person) or not self.house.public_url:
            return False
        try:
            check_approver(waiting, Approver(id=person.id, address=person.address))
        except ApproverError:
            return False
        return True

    async def _send(self, tenant: TenantId, waiting: Hold, person: Person, domain: str) -> Attempt:
        async with self.house.db.transaction(tenant) as tx:
            keys = await domains.signing_keys(tx, domain, self.house.keyring)
        if not keys:
            return Attempt(AttemptResult.DEFERRED, 0, "4.7.0", "signing.no_key")
        hops = await find_hops(person.address.domain, self.house.dns, self.house.next_hop, seed=waiting.id)
        if isinstance(hops, Attempt):
            return hops
        author = Address("postmaster", domain)
        token = link.sign(Link(tenant, waiting.id, person.id, waiting.expires_at), self.house.keyring)
        raw = _letter(
            waiting,
            author=author,
            to=person.address,
            url=f"{self.house.public_url.rstrip('/')}{link.PATH}/{token}",
            message_id=self.house.own_ids.write(f"{waiting.id}-{person.id}", domain),
        )
        letter = Letter(waiting.id, tenant, author, person.address, sign(raw, keys, at=self.house.clock()))
        return await transmit(letter, hops, hostname=self.house.hostname, egress=self.house.egress)


def _letter(waiting: Hold, *, author: Address, to: Address, url: str, message_id: str) -> bytes:
    """Return the mail: words of ours and a link."""
    lines = (
        f"From: {author}",
        f"To: {to}",
        "Subject: A message waits for your word",
        f"Date: {format_datetime(waiting.held_at)}",
        f"Message-ID: <{message_id}>",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
        "Content-Transfer-Encoding: 7bit",
        "",
        f"A message ({waiting.direction.value}) waits for a person to let it go or to refuse it.",
        "",
        f"Hold:    {waiting.id}",
        f"Until:   {waiting.expires_at:%Y-%m-%d %H:%M} UTC, then: {waiting.default.value}",
        "",
        "Read it and rule on it here. The link is yours alone, and good for one ruling:",
        "",
        url,
        "",
    )
    return "\r\n".join(lines).encode("utf-8")
