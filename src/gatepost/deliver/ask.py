"""Asking people to rule: each approver of the tenant gets a mail with a link of their own. It quotes nothing.

The mail says that something waits, why, and until when; what it says is shown by the page behind the link. So a mailbox
that others read, too, gives nothing away but the link itself, and that only until somebody ruled.
"""

from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What one mail asks, in words of ours alone.

    Attributes:
        id: of what waits; the Message-ID is made of it and of who is asked.
        asked_at: since when it waits.
        subject: of the mail.
        says: what waits, in a sentence.
        facts: lines about it that quote nothing.
        path: of the page, with the person's token.
    """

    id: str
    asked_at: datetime
    subject: str
    says: str
    facts: tuple[str, ...]
    path: str


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
        question = self._question(job.tenant, waiting, person)
        tried = await mail(self.house, job.tenant, person, account.address.domain, question)
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

    def _question(self, tenant: TenantId, waiting: Hold, person: Person) -> Question:
        token = link.sign(Link(tenant, waiting.id, person.id, waiting.expires_at), self.house.keyring)
        return Question(
            id=waiting.id,
            asked_at=waiting.held_at,
            subject="A message waits for your word",
            says=f"A message ({waiting.direction.value}) waits for a person to let it go or to refuse it.",
            facts=(
                f"Hold:    {waiting.id}",
                f"Until:   {waiting.expires_at:%Y-%m-%d %H:%M} UTC, then: {waiting.default.value}",
            ),
            path=f"{link.PATH}/{token}",
        )


async def mail(house: Means, tenant: TenantId, person: Person, domain: str, question: Question) -> Attempt:
    """Mail one person a question, from the postmaster of ``domain``; return what their server said."""
    async with house.db.transaction(tenant) as tx:
        keys = await domains.signing_keys(tx, domain, house.keyring)
    if not keys:
        return Attempt(AttemptResult.DEFERRED, 0, "4.7.0", "signing.no_key")
    hops = await find_hops(person.address.domain, house.dns, house.next_hop, seed=question.id)
    if isinstance(hops, Attempt):
        return hops
    author = Address("postmaster", domain)
    raw = _letter(
        question,
        author=author,
        to=person.address,
        url=f"{house.public_url.rstrip('/')}{question.path}",
        message_id=house.own_ids.write(f"{question.id}-{person.id}", domain),
    )
    letter = Letter(question.id, tenant, author, person.address, sign(raw, keys, at=house.clock()))
    return await transmit(letter, hops, hostname=house.hostname, egress=house.egress)


def _letter(question: Question, *, author: Address, to: Address, url: str, message_id: str) -> bytes:
    """Return the mail: words of ours and a link."""
    lines = (
        f"From: {author}",
        f"To: {to}",
        f"Subject: {question.subject}",
        f"Date: {format_datetime(question.asked_at)}",
        f"Message-ID: <{message_id}>",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
        "Content-Transfer-Encoding: 7bit",
        "",
        question.says,
        "",
        *question.facts,
        "",
        "Read it and rule on it here. The link is yours alone, and good for one ruling:",
        "",
        url,
        "",
    )
    return "\r\n".join(lines).encode("utf-8")
