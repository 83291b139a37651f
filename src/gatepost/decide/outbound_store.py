"""Whom the tenant's accounts write with, and what they sent: tokens only (docs/adr/0022, 0038)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from gatepost.db import Transaction
from gatepost.db.column import bigints, texts, times
from gatepost.decide.paper import Counted
from gatepost.ids import AccountId, EmailId, ThreadId
from gatepost.keys import Vault
from gatepost.mail.address import Address


class Met(Struct, frozen=True, gc=False):
    """An account and somebody it has exchanged proven mail with; ``person`` is an address key."""

    account: AccountId
    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """Who of those asked about is a correspondent: of the account, or of any account of the tenant."""

    own: frozenset[str]
    anyone: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """One message on its way out; ``thread`` is empty where it answers nothing."""

    account: AccountId
    email: EmailId
    recipients: tuple[Address, ...]
    thread: ThreadId
    at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """What the account sent before, as ``count_sent`` counts it; by the tokens of recipients and domains."""

    agent: Counted
    recipients: dict[str, Counted]
    domains: dict[str, Counted]
    replies: Counted


def blind_person(vault: Vault, person: str) -> str:
    """Return what stands for a correspondent's address key."""
    return vault.blind_text("correspondent", person)


def blind_domain(vault: Vault, domain: str) -> str:
    """Return what stands for a recipient's domain."""
    return vault.blind_text("correspondent-domain", domain)


def add_correspondents(tx: Transaction, met: Collection[Met]) -> None:
    """Remember correspondents with the commit, and once a day that there was mail again."""
    query = """
        select lookup_met(array_agg(account), array_agg(person), array_agg(at))
        from unnest(%(accounts)s, %(persons)s, %(times)s) as given (account, person, at)
        left join lateral (
          select last_at from correspondent as known
          where known.tenant = %(tenant)s and known.person = given.person and known.account = given.account
          limit 1  -- each a look-up: else all correspondents of the tenant are read for each commit
        ) as known on true
        where known.last_at > given.at - interval '1 day' is not true having count(*) > 0
    """
    found = {(one.account, blind_person(tx.vault, one.person)): one.at for one in met}
    tx.send(
        query,
        accounts=bigints([account for account, _ in found]),
        persons=texts([person for _, person in found]),
        times=times(list(found.values())),
    )


async def known(tx: Transaction, account: AccountId, persons: Collection[str]) -> Known:
    """Return which of these address keys are correspondents."""
    query = """
        select person, bool_or(account = %(account)s) as is_own from correspondent
        where tenant = %(tenant)s and person = any(%(persons)s) group by person
    """
    if not persons:
        return Known(frozenset(), frozenset())
    keys = {blind_person(tx.vault, person): person for person in persons}
    rows = await tx.all(query, account=account, persons=texts(list(keys)))
    return Known(
        own=frozenset(keys[row.person] for row in rows if row.is_own),
        anyone=frozenset(keys[row.person] for row in rows),
    )


async def count_sent(tx: Transaction, dispatch: Dispatch) -> Sent:
    """Lock the account's windows until the transaction ends, and count them without this message; one round trip."""
    query = """
        select kind, name, hour, day from count_sent(
          %(tenant)s, %(account)s, %(persons)s, %(domains)s, %(thread)s, %(email)s, %(at)s)
    """
    persons = {blind_person(tx.vault, each.key) for each in dispatch.recipients}
    domains = {blind_domain(tx.vault, each.domain) for each in dispatch.recipients}
    rows = await tx.all(
        query,
        account=dispatch.account,
        persons=texts(sorted(persons)),
        domains=texts(sorted(domains)),
        thread=dispatch.thread,
        email=dispatch.email,
        at=dispatch.at,
    )
    found = {(row.kind, row.name): Counted(row.hour, row.day) for row in rows}
    none = Counted()
    return Sent(
        agent=found.get(("agent", ""), none),
        recipients={person: found.get(("person", person), none) for person in persons},
        domains={domain: found.get(("domain", domain), none) for domain in domains},
        replies=found.get(("thread", ""), none),
    )


def add_sent(tx: Transaction, dispatches: Sequence[Dispatch]) -> None:
    """Count messages with the commit: one for each recipient. A second time it changes nothing."""
    query = """
        insert into outgoing_message (tenant, account, email, person, domain, thread, at)
        select %(tenant)s, account, email, person, domain, thread, at
        from unnest(%(accounts)s, %(emails)s, %(persons)s, %(domains)s, %(threads)s, %(times)s)
          as given (account, email, person, domain, thread, at)
        on conflict do nothing
    """
    each = [(one, recipient) for one in dispatches for recipient in one.recipients]
    tx.send(
        query,
        accounts=bigints([one.account for one, _ in each]),
        emails=texts([one.email for one, _ in each]),
        persons=texts([blind_person(tx.vault, recipient.key) for _, recipient in each]),
        domains=texts([blind_domain(tx.vault, recipient.domain) for _, recipient in each]),
        threads=texts([one.thread for one, _ in each]),
        times=times([one.at for one, _ in each]),
    )


def uncount(tx: Transaction, email: EmailId) -> None:
    """Count a message no longer, with the commit; not for the role that takes mail, which changes nothing."""
    tx.send("delete from outgoing_message where tenant = %(tenant)s and email = %(email)s", email=email)


async def forget_sent(tx: Transaction, before: datetime) -> None:
    """Stop counting what was sent before ``before``."""
    await tx.run("delete from outgoing_message where tenant = %(tenant)s and at < %(before)s", before=before)


async def forget_person(tx: Transaction, blinded: str, emails: Sequence[EmailId]) -> None:
    """Forget who corresponded, by ``blind_person``, and what was sent to them or as these messages. For the keeper."""
    await tx.run("delete from correspondent where tenant = %(tenant)s and person = %(person)s", person=blinded)
    query = """
        delete from outgoing_message
        where tenant = %(tenant)s and (person = %(person)s or email = any(%(emails)s))
    """
    await tx.run(query, person=blinded, emails=texts(emails))


async def forget_correspondents(tx: Transaction, before: datetime) -> None:
    """Forget correspondents with whom there was no mail since then; as the keeper's role."""
    await tx.run("delete from correspondent where tenant = %(tenant)s and last_at < %(before)s", before=before)
