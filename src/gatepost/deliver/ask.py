"""Asking people to rule: each approver of the tenant gets a mail with a link of their own. It quotes nothing.

The mail says that something waits, why, and until when; what it says is shown by the page behind the link. So a mailbox
that others read, too, gives nothing away but the link itself, and that only until somebody ruled.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Protocol

from gatepost import access, domains, record
from gatepost.access.paper import Account, Person, Role
from gatepost.clock import Entropy
from gatepost.db import Database, Transaction
from gatepost.deliver import asked_store, hold_store, link, own_mail
from gatepost.deliver.hold import Approver, ApproverError, check_approver
from gatepost.deliver.link import Link
from gatepost.deliver.paper import Attempt, AttemptResult, Held, Hold, HoldState
from gatepost.deliver.retry import again_at
from gatepost.deliver.traffic import CrowdedError
from gatepost.ids import AccountId, EmailId, HoldId, PersonId
from gatepost.jobs import Job, Promise, TryAgainError
from gatepost.mail.address import Address
from gatepost.mail.own_ids import OwnIds
from gatepost.record.paper import Consequence, Json, Kind

ASK = "hold.ask"
APPROVERS_MAX = 50
"""People asked about one hold."""
HOUR = timedelta(hours=1)
APART = timedelta(minutes=2)
"""Between two mails to one person about one mailbox, and as much more for each that they had in the hour before."""
TOLD_MAX = 20
"""Messages that one mail tells of."""


class Means(own_mail.Means, Protocol):
    """The part of the house that asking stands on."""

    @property
    def own_ids(self) -> OwnIds:
        """Writes Message-IDs."""

    @property
    def entropy(self) -> Entropy:
        """Salts the record's commitments."""

    @property
    def public_url(self) -> str:
        """Where people reach the page; empty: nobody is asked by mail."""


def may_rule(person: Person) -> bool:
    """Return whether people of this role rule on holds."""
    return person.role in {Role.OWNER, Role.APPROVER}


async def is_mailbox(db: Database, address: Address) -> bool:
    """Tell whether mail for a person ends in a mailbox of this house, where agents read: no link may go there."""
    return await domains.route(db, address) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Besides:
    """One more that a mail asks about: the same as in ``Question``."""

    ref: str
    email: EmailId
    facts: tuple[str, ...]
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What one mail asks, in words of ours alone, and what its entry is called and about.

    Attributes:
        action: of the entry.
        account: whose matter it is; its domain's postmaster asks.
        email: the message it is about, if there is one.
        ref: what waits.
        id: the same, and more exactly where that has parts; the Message-ID is made of it and of who is asked.
        asked_at: since when it waits.
        ends_at: from when on nobody need rule any more.
        subject: of the mail.
        says: what waits, in a sentence.
        facts: lines about it that quote nothing.
        path: of the page, with the person's token; empty where there is nothing to rule on.
        besides: what else it asks about.
    """

    action: str
    account: Account
    ref: str
    id: str
    asked_at: datetime
    ends_at: datetime
    subject: str
    says: str
    facts: tuple[str, ...]
    path: str
    email: EmailId | None = None
    besides: tuple[Besides, ...] = ()


async def approvers(tx: Transaction, may: Callable[[Person], bool] = may_rule) -> list[Person]:
    """Return the people of the tenant that are asked about something."""
    return [person for person in await access.list_people(tx) if may(person)][:APPROVERS_MAX]


async def whom(tx: Transaction, job: Job) -> Person | None:
    """Return the person whom a promise to ask names; None where there is no such person any more."""
    return await access.person(tx, PersonId(str(job.body["person"])))


async def questions(tx: Transaction, account: AccountId, held: Held) -> list[Promise]:
    """Return the promises to ask each approver of the tenant; a person is asked about a mailbox once at a time."""
    return [
        Promise(ASK, f"{account} {each.id}", {"hold": held.hold, "person": each.id}) for each in await approvers(tx)
    ]


@dataclass(frozen=True, slots=True)
class Asker:
    """Keeps the promises to ask."""

    house: Means

    async def ask(self, job: Job) -> None:
        """Mail one person the link to one hold, and to what else waits there, unless it is over or they may not.

        Raises:
            TryAgainError: their server did not take it yet, or they were mailed a short while ago.
        """
        async with self.house.db.transaction(job.tenant) as tx:
            waiting = await hold_store.by_id(tx, HoldId(str(job.body["hold"])))
            person = await whom(tx, job)
            account = None if waiting is None else await access.account(tx, waiting.account)
            if waiting is None or person is None or account is None:
                return
            untold = await asked_store.untold(tx, waiting.account, person.id)
            if waiting.id not in untold or not await self._is_to_be_asked(tx, waiting, person):
                return  # an earlier mail told of it, or it is over, or they may not
            await self._spare(tx, account.id, person)
            holds = [waiting, *await self._besides(tx, [each for each in untold if each != waiting.id], person)]
        await put(self.house, job, self._question(account, holds, person), person)
        async with self.house.db.transaction(job.tenant) as tx:
            told = [each.id for each in holds]
            await asked_store.add(tx, account.id, person.id, told, at=self.house.clock())

    async def _besides(self, tx: Transaction, untold: Sequence[HoldId], person: Person) -> list[Hold]:
        """Return what else to ask about, up to a mail's fill."""
        found: list[Hold] = []
        for each in untold:
            if len(found) == TOLD_MAX - 1:
                break
            other = await hold_store.by_id(tx, each)
            if other and await self._is_to_be_asked(tx, other, person):
                found.append(other)
        return found

    async def _spare(self, tx: Transaction, account: AccountId, person: Person) -> None:
        """Let who was mailed a short while ago wait for the next; what comes meanwhile stands in it, too."""
        now = self.house.clock()
        mails = await asked_store.mails(tx, account, person.id, since=now - HOUR)
        if mails and (due := mails[0] + len(mails) * APART) > now:
            raise TryAgainError(due, "asked.lately")

    async def _is_to_be_asked(self, tx: Transaction, waiting: Hold, person: Person) -> bool:
        if waiting.state is not HoldState.WAITING or not may_rule(person) or not self.house.public_url:
            return False
        try:
            await check_approver(tx, waiting, Approver(id=person.id))
        except ApproverError:
            return False
        return True

    def _question(self, account: Account, holds: Sequence[Hold], person: Person) -> Question:
        waiting, *others = holds
        several = f"{len(holds)} messages wait"
        return Question(
            action="hold.ask",
            account=account,
            email=waiting.email,
            ref=waiting.id,
            id=waiting.id,
            asked_at=waiting.held_at,
            ends_at=max(each.expires_at for each in holds),
            subject=f"{several if others else 'A message waits'} for your word",
            says=(
                f"{several} for a person to let each go or to refuse it."
                if others
                else f"A message ({waiting.direction.value}) waits for a person to let it go or to refuse it."
            ),
            facts=_facts(waiting),
            path=self._path(account, waiting, person),
            besides=tuple(
                Besides(ref=each.id, email=each.email, facts=_facts(each), path=self._path(account, each, person))
                for each in others
            ),
        )

    def _path(self, account: Account, waiting: Hold, person: Person) -> str:
        token = link.sign(Link(account.tenant, waiting.id, person.id, waiting.expires_at), self.house.keyring)
        return f"{link.PATH}/{token}"


def _facts(waiting: Hold) -> tuple[str, ...]:
    return (
        f"Hold:    {waiting.id}",
        f"Until:   {waiting.expires_at:%Y-%m-%d %H:%M} UTC, then: {waiting.default.value}",
    )


async def put(house: Means, job: Job, question: Question, person: Person) -> None:
    """Mail one person a question from the postmaster of the mailbox's domain, and note what came of it.

    Args:
        house: what it stands on.
        job: the promise that is kept.
        question: what is asked.
        person: who is asked.

    Raises:
        TryAgainError: their server did not take it yet, and the question still stands when it may; or there is no
            room for it now.
    """
    now = house.clock()
    tried = await _mail(house, job, person, question)
    if tried.result is AttemptResult.DEFERRED:
        again = again_at(since=question.asked_at, now=now)
        if again is not None and again < question.ends_at:
            raise TryAgainError(again, tried.reason)
    public: dict[str, Json] = {"person": person.id, "result": tried.result.value, "reason": tried.reason}
    about = [(question.ref, question.email), *((each.ref, each.email) for each in question.besides)]
    async with house.db.transaction(job.tenant) as tx:
        for ref, email in about:
            asked = Consequence(
                kind=Kind.ACT,
                action=question.action,
                actor="house",
                at=now,
                account=question.account.id,
                email=email,
                object_ref=ref,
                public=public,
            )
            await record.note(tx, asked, entropy=house.entropy)


async def _mail(house: Means, job: Job, person: Person, question: Question) -> Attempt:
    if question.path and await is_mailbox(house.db, person.address):
        return Attempt(AttemptResult.FAILED, 0, "5.7.1", "approver.mailbox")
    author = Address("postmaster", question.account.address.domain)
    road = await own_mail.find_road(house, job.tenant, author, person.address, seed=question.id)
    if isinstance(road, Attempt):
        return road
    raw = _letter(
        question,
        author=author,
        to=person.address,
        home=house.public_url.rstrip("/"),
        message_id=house.own_ids.write(f"{question.id}-{person.id}", author.domain),
    )
    try:
        return await own_mail.carry(house, road, question.id, raw, job.id)
    except CrowdedError as crowded:
        raise crowded.at(house.clock()) from crowded


def _letter(question: Question, *, author: Address, to: Address, home: str, message_id: str) -> bytes:
    """Return the mail: words of ours, and a link to each thing where there is one."""
    way: tuple[str, ...] = ()
    if question.path:
        way = ("Read it and rule on it here. The link is yours alone, and good for one ruling:", "")
        way = (*way, f"{home}{question.path}", "")
    for each in question.besides:
        way = (*way, *each.facts, "", f"{home}{each.path}", "")
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
        *way,
    )
    return "\r\n".join(lines).encode("utf-8")
