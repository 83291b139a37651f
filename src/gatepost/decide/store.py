"""Policies and windows at rest: the only SQL of this room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Json

from gatepost.db import Transaction
from gatepost.decide.paper import Stored
from gatepost.ids import AccountId, EmailId, KeyId, ThreadId


@dataclass(frozen=True, slots=True)
class Current:
    """Which version of a policy is in force."""

    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class Windows:
    """What was counted, in the order of ``Facts``."""

    messages_hour: int
    messages_day: int
    tokens_thread: int
    tokens_day: int


async def in_force(tx: Transaction, account: AccountId) -> Current | None:
    """Return the newest version's number and digest: all that a message needs when the policy is known."""
    query = (
        "select version, digest from policy where tenant = %(tenant)s and account = %(account)s"
        " order by version desc limit 1"
    )
    row = await tx.maybe(query, account=account)
    return Current(row.version, row.digest) if row else None


async def document(tx: Transaction, account: AccountId, version: int) -> object:
    """Return one version's document."""
    query = "select document from policy where tenant = %(tenant)s and account = %(account)s and version = %(version)s"
    row = await tx.one(query, account=account, version=version)
    return row.document


async def newest(tx: Transaction, account: AccountId) -> Stored | None:
    """Return the version in force, whole."""
    query = (
        "select version, digest, document, warnings from policy where tenant = %(tenant)s and account = %(account)s"
        " order by version desc limit 1"
    )
    row = await tx.maybe(query, account=account)
    return Stored(account, row.version, row.digest, row.document, row.warnings) if row else None


async def lock_policy(tx: Transaction, account: AccountId) -> None:
    """Wait until no other transaction is writing a version of this account's policy."""
    await tx.one(
        "select pg_advisory_xact_lock(hashtextextended("
        " jsonb_build_array('policy', %(tenant)s::text, %(account)s::bigint)::text, 0))",
        account=account,
    )


async def add_version(
    tx: Transaction,
    account: AccountId,
    *,
    digest: str,
    document: object,
    warnings: Sequence[str],
    at: datetime,
    actor: KeyId,
) -> int:
    """Write the next version and return its number; ``lock_policy`` first."""
    query = (
        "insert into policy (tenant, account, version, digest, document, warnings, at, actor)"
        " select %(tenant)s, %(account)s, coalesce(max(version), 0) + 1, %(digest)s, %(document)s, %(warnings)s,"
        " %(at)s, %(actor)s from policy where tenant = %(tenant)s and account = %(account)s returning version"
    )
    row = await tx.one(
        query, account=account, digest=digest, document=Json(document), warnings=list(warnings), at=at, actor=actor
    )
    return int(row.version)


async def count_windows(
    tx: Transaction, account: AccountId, *, sender: str, thread: ThreadId | None, at: datetime
) -> Windows:
    """Lock the sender's windows until the transaction ends, and count them as of ``at``; one round trip."""
    query = (
        "select * from count_windows(%(tenant)s, %(account)s::bigint, %(sender)s::text, %(thread)s::text,"
        " %(at)s::timestamptz)"
    )
    row = await tx.one(query, account=account, sender=sender, thread=thread, at=at)
    return Windows(row.messages_hour, row.messages_day, int(row.tokens_thread), int(row.tokens_day))


async def add_message(tx: Transaction, account: AccountId, *, sender: str, email: EmailId, at: datetime) -> None:
    """Count one delivered message, and forget those no window reaches any more.

    Two days are kept: a message that waited long may still be judged as of the time it was received.
    """
    query = (
        "with forgotten as (delete from delivered_message where tenant = %(tenant)s and account = %(account)s"
        " and sender = %(sender)s and at < %(at)s::timestamptz - interval '2 days')"
        " insert into delivered_message (tenant, account, sender, at, email)"
        " values (%(tenant)s, %(account)s, %(sender)s, %(at)s, %(email)s)"
    )
    await tx.run(query, account=account, sender=sender, at=at, email=email)


async def add_tokens(
    tx: Transaction, account: AccountId, *, sender: str, thread: ThreadId, tokens: int, at: datetime
) -> None:
    """Count tokens spent."""
    query = (
        "insert into spent_token (tenant, account, sender, thread, at, tokens)"
        " values (%(tenant)s, %(account)s, %(sender)s, %(thread)s, %(at)s, %(tokens)s)"
    )
    await tx.run(query, account=account, sender=sender, thread=thread, at=at, tokens=tokens)
