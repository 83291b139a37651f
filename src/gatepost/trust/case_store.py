"""The case register's SQL: where a report lies. Every transaction is the public trust log's."""

from dataclasses import dataclass
from datetime import datetime

from gatepost.db import Transaction
from gatepost.ids import AccountId, EmailId, TenantId, ThreadId


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a report by mail lies."""

    tenant: TenantId
    account: AccountId
    email: EmailId
    thread: ThreadId


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Where a case's report is found: a place in a mailbox, or sealed octets of the form."""

    id: str
    place: Place | None
    sealed: bytes | None


async def add_mailed(tx: Transaction, identifier: str, place: Place, at: datetime) -> bool:
    """Remember where a report by mail lies; False where its conversation is a case already."""
    query = """
        insert into trust_case (tenant, id, received_at, email_tenant, account, email, thread)
        values (%(tenant)s, %(id)s, %(at)s, %(email_tenant)s, %(account)s, %(email)s, %(thread)s)
        on conflict (tenant, email_tenant, account, thread) do nothing
    """
    count = await tx.run(
        query,
        id=identifier,
        at=at,
        email_tenant=place.tenant,
        account=place.account,
        email=place.email,
        thread=place.thread,
    )
    return count == 1


async def add_written(tx: Transaction, identifier: str, sealed: bytes, at: datetime) -> None:
    """Keep what a form said."""
    query = """
        insert into trust_case (tenant, id, received_at, sealed) values (%(tenant)s, %(id)s, %(at)s, %(sealed)s)
    """
    await tx.run(query, id=identifier, sealed=sealed, at=at)


async def count_since(tx: Transaction, since: datetime, *, written: bool) -> int:
    """Return how many reports came since then, by the form or by mail."""
    query = """
        select count(*) as count from trust_case
        where tenant = %(tenant)s and received_at > %(since)s and (sealed is not null) = %(written)s
    """
    return int((await tx.one(query, since=since, written=written)).count)


async def report(tx: Transaction, identifier: str) -> Report | None:
    """Return where a case's report lies; None where it was forgotten or never was."""
    query = "select * from trust_case where tenant = %(tenant)s and id = %(id)s"
    row = await tx.maybe(query, id=identifier)
    if row is None:
        return None
    place = None
    if row.email is not None:
        place = Place(
            tenant=TenantId(row.email_tenant),
            account=AccountId(row.account),
            email=EmailId(row.email),
            thread=ThreadId(row.thread),
        )
    return Report(id=row.id, place=place, sealed=None if row.sealed is None else bytes(row.sealed))


async def forget(tx: Transaction, identifier: str) -> bool:
    """Forget where a report lies, and what a form said."""
    return await tx.run("delete from trust_case where tenant = %(tenant)s and id = %(id)s", id=identifier) == 1


async def mark(tx: Transaction, tenant: TenantId, account: AccountId) -> EmailId | None:
    """Return the newest message of an account that was looked at."""
    query = """
        select email from trust_case_mark
        where tenant = %(tenant)s and email_tenant = %(email_tenant)s and account = %(account)s
    """
    row = await tx.maybe(query, email_tenant=tenant, account=account)
    return None if row is None else EmailId(row.email)


async def set_mark(tx: Transaction, tenant: TenantId, account: AccountId, email: EmailId) -> None:
    """Remember up to which message an account was looked at."""
    query = """
        insert into trust_case_mark (tenant, email_tenant, account, email)
        values (%(tenant)s, %(email_tenant)s, %(account)s, %(email)s)
        on conflict (tenant, email_tenant, account) do update set email = %(email)s
    """
    await tx.run(query, email_tenant=tenant, account=account, email=email)
