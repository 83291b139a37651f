"""Reports come in: by mail to a published contact, through the same door and policy as all mail, and by a form.

Whatever the policy of the contact's mailbox keeps there is a report, but for the house's own canaries; a conversation
is one case however long it grows. So that nobody can fill the public log with cases, only so many are opened in an
hour: mail beyond that waits where it lies, a form is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from gatepost import domains, mailbox
from gatepost.db import Transaction
from gatepost.ids import token
from gatepost.journey import House
from gatepost.mail.address import Address, AddressError
from gatepost.mailbox.paper import Email
from gatepost.record.trust_log import TRUST
from gatepost.trust import case_store, cases, stating, store
from gatepost.trust.case_store import Place
from gatepost.trust.cases import Case, CaseError, Sort, Way
from gatepost.trust.probe.mail import FRIEND
from gatepost.trust.registers import Contact

MAILED_PER_HOUR, WRITTEN_PER_HOUR = 120, 20
TEXT_MAX_CHARS, REPLY_TO_MAX_CHARS = 20_000, 320
PAGE, PAGES_MAX = 100, 20
WINDOW = timedelta(days=400)
_HOUR = timedelta(hours=1)


class FullError(Exception):
    """Too many reports came by the form within the hour; ``retry_after_s``."""

    retry_after_s = 3_600


class ReportError(ValueError):
    """What the form says is no report; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What somebody wrote into the form. ``reply_to``: where they want an answer; empty for nowhere."""

    text: str
    reply_to: str


async def take_mail(house: House, contacts: tuple[Contact, ...], *, per_hour: int = MAILED_PER_HOUR) -> list[str]:
    """Open a case for each new report in the contacts' mailboxes, so many within an hour; return their ids."""
    opened: list[str] = []
    for contact in contacts:
        if contact.role in set(Sort):
            opened += await _look_into(house, Address.parse(contact.address), Sort(contact.role), per_hour)
    return opened


async def _look_into(house: House, address: Address, sort: Sort, per_hour: int) -> list[str]:
    where = await domains.route(house.db, address)
    if where is None:
        return []
    async with house.db.transaction(TRUST) as tx:
        seen = await case_store.mark(tx, where.tenant, where.account)
    fresh: list[Email] = []
    cursor: str | None = None
    for _ in range(PAGES_MAX):
        async with house.db.transaction(where.tenant) as tx:
            page = await mailbox.page(tx, where.account, limit=PAGE, cursor=cursor)
        fresh += page.emails
        # Also the page beyond the mark: what committed late stands before what was seen.
        if page.after is None or seen in {each.id for each in page.emails}:
            break
        cursor = page.after
    reports = [each for each in reversed(fresh) if _is_report(each, address)]
    opened: list[str] = []
    for each in reports:
        place = Place(tenant=where.tenant, account=where.account, email=each.id, thread=each.thread)
        made = await _open_mailed(house, place, sort, arrived_at=each.received_at, per_hour=per_hour)
        if made is None:
            return opened  # the hour is full: the mark stays, and the rest waits
        opened += made
    if fresh and fresh[0].id != seen:
        async with house.db.transaction(TRUST) as tx:
            await case_store.set_mark(tx, where.tenant, where.account, fresh[0].id)
    return opened


def _is_report(email: Email, contact: Address) -> bool:
    """Tell whether a message came to the contact from outside, or may have: whom a damaged row names, nobody knows.

    Whoever poses as a canary silences only themselves.
    """
    if email.is_unreadable:
        return True
    return email.recipient.key == contact.key and str(email.author) != FRIEND and not email.is_erased


async def _open_mailed(
    house: House, place: Place, sort: Sort, *, arrived_at: datetime, per_hour: int
) -> list[str] | None:
    """Return the new case, nothing where its conversation is one already, None where the hour is full."""
    now = house.clock()
    identifier = token("cs", house.entropy(10))
    async with house.db.transaction(TRUST) as tx:
        await store.lock_challenges(tx)
        if await case_store.count_since(tx, now - _HOUR, written=False) >= per_hour:
            return None
        if not await case_store.add_mailed(tx, identifier, place, now):
            return []
        fact = cases.received(identifier, sort=sort, way=Way.MAIL, at=now, arrived_at=arrived_at)
        await stating.state_in(tx, cases.SUBJECT, fact, entropy=house.entropy)
    return [identifier]


async def take_form(house: House, sort: Sort, text: str, reply_to: str, *, way: Way = Way.FORM) -> str:
    """Open a case for what a form says, or what a person was told; return its id.

    Raises:
        ReportError: it says nothing, too much, or names no address to answer to.
        FullError: too many came within the hour.
    """
    written = _checked(text, reply_to)
    now, identifier = house.clock(), token("cs", house.entropy(10))
    sealed = house.keyring.wrap(
        _purpose(identifier), orjson.dumps({"text": written.text, "reply_to": written.reply_to})
    )
    async with house.db.transaction(TRUST) as tx:
        await store.lock_challenges(tx)
        is_full = await case_store.count_since(tx, now - _HOUR, written=True) >= WRITTEN_PER_HOUR
        if is_full and way is Way.FORM:
            raise FullError
        await case_store.add_written(tx, identifier, sealed, now)
        fact = cases.received(identifier, sort=sort, way=way, at=now, arrived_at=now)
        await stating.state_in(tx, cases.SUBJECT, fact, entropy=house.entropy)
    return identifier


def _checked(text: str, reply_to: str) -> Written:
    text, reply_to = text.strip(), reply_to.strip()
    if not text:
        raise ReportError("say what you have found")
    if len(text) > TEXT_MAX_CHARS or len(reply_to) > REPLY_TO_MAX_CHARS:
        raise ReportError(f"a report has {TEXT_MAX_CHARS} characters at most; write a mail for more")
    if reply_to:
        try:
            reply_to = str(Address.parse(reply_to))
        except AddressError as error:
            raise ReportError("the address for our answer cannot be read") from error
    return Written(text=text.encode("utf-8", "replace").decode(), reply_to=reply_to)


def _purpose(identifier: str) -> str:
    return f"report:{identifier}"


async def read_written(house: House, identifier: str) -> Written | None:
    """Return what the form of a case said; None where it came by mail or was forgotten."""
    found = await read_report(house, identifier)
    if found is None or found.sealed is None:
        return None
    said: Mapping[str, str] = orjson.loads(house.keyring.unwrap(_purpose(identifier), found.sealed))
    return Written(text=said["text"], reply_to=said["reply_to"])


async def read_report(house: House, identifier: str) -> case_store.Report | None:
    """Return where the report of a case lies."""
    async with house.db.transaction(TRUST) as tx:
        return await case_store.report(tx, identifier)


async def read_cases(house: House) -> list[Case]:
    """Return the cases of which something was stated within thirteen months, oldest first."""
    return cases.cases_of(await stating.facts(house.db, cases.SUBJECT, house.clock() - WINDOW))


async def acknowledge(house: House, identifier: str, *, by: str) -> None:
    """State that a person has read a report and has written back.

    Raises:
        CaseError: there is no such case, or it cannot be acknowledged.
    """
    async with house.db.transaction(TRUST) as tx:
        fact = cases.acknowledged(await _case(tx, identifier), by=by, at=house.clock())
        await stating.state_in(tx, cases.SUBJECT, fact, entropy=house.entropy)


async def close(house: House, identifier: str, *, ending: cases.Ending, by: str) -> None:
    """State that a case is over, and forget what its form said; a mail stays under its mailbox's own retention.

    Raises:
        CaseError: there is no such case, or it cannot be closed.
    """
    async with house.db.transaction(TRUST) as tx:
        fact = cases.closed(await _case(tx, identifier), ending=ending, by=by, at=house.clock())
        await stating.state_in(tx, cases.SUBJECT, fact, entropy=house.entropy)
        found = await case_store.report(tx, identifier)
        if found is not None and found.sealed is not None:
            await case_store.forget(tx, identifier)


async def _case(tx: Transaction, identifier: str) -> Case:
    await store.lock_challenges(tx)  # two who acknowledge at once: the second finds it done
    found = cases.cases_of(await stating.facts_of(tx, cases.SUBJECT + identifier))
    if not found:
        raise CaseError("there is no such case: gatepost case list")
    return found[0]
