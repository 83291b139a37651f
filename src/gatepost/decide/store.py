"""Policies and windows at rest: the only SQL of this room."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from psycopg.types.json import Jsonb

from gatepost.db import Transaction
from gatepost.db.column import bigints
from gatepost.decide import versions
from gatepost.decide.paper import Stored
from gatepost.ids import AccountId, EmailId, KeyId, ThreadId
from gatepost.keys import Vault


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
    tokens_sender: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Which window to count, and as of when.

    Attributes:
        window: an author's token or another window's, as it stands in its table.
        thread: whose tokens are asked too; None: no thread's.
        is_ever_asked: the author's tokens of all time are asked.
    """

    account: AccountId
    window: str
    thread: ThreadId | None
    at: datetime
    is_ever_asked: bool = False


def blind_sender(vault: Vault, sender: str) -> str:
    """Return what stands for an author's address key in the windows: equal for equal ones, and says no more."""
    return vault.blind_text("sender", sender)


async def in_force(tx: Transaction, accounts: Collection[AccountId]) -> dict[AccountId, Current]:
    """Return each account's newest version, number and digest: all that a message needs when the policy is known."""
    query = """
        select account, newest.version, newest.digest
        from unnest(%(accounts)s) as asked (account)
        cross join lateral (
          select version, digest from policy where tenant = %(tenant)s and policy.account = asked.account
          order by version desc limit 1) as newest
    """
    rows = await tx.all(query, accounts=bigints(sorted(accounts)))
    return {AccountId(row.account): Current(row.version, row.digest) for row in rows}


async def document(tx: Transaction, account: AccountId, version: int) -> object:
    """Return one version's document."""
    query = "select sealed from policy where tenant = %(tenant)s and account = %(account)s and version = %(version)s"
    row = await tx.one(query, account=account, version=version)
    return _opened(tx.vault, account, version, row.sealed)["document"]


async def newest(tx: Transaction, account: AccountId) -> Stored | None:
    """Return the version in force, whole."""
    query = (
        "select version, digest, sealed from policy where tenant = %(tenant)s and account = %(account)s"
        " order by version desc limit 1"
    )
    row = await tx.maybe(query, account=account)
    if row is None:
        return None
    opened = _opened(tx.vault, account, row.version, row.sealed)
    return Stored(account, row.version, row.digest, opened["document"], opened["warnings"])


def policy_place(account: AccountId, version: int) -> str:
    """Return what the seal of a policy's version is bound to."""
    return f"policy/{account}/{version}"


def _opened(vault: Vault, account: AccountId, version: int, sealed: bytes) -> Any:
    return json.loads(vault.open(policy_place(account, version), bytes(sealed)))


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
    why: str = "",
) -> int:
    """Write the next version, signed, and return its number; ``lock_policy`` first."""
    query = """
        insert into policy (tenant, account, version, digest, sealed, at, actor, why, signer, signature)
        values (%(tenant)s, %(account)s, %(version)s, %(digest)s, %(sealed)s, %(at)s, %(actor)s, %(why)s, %(signer)s,
          %(signature)s)
    """
    last = await tx.one(
        "select coalesce(max(version), 0) as version from policy where tenant = %(tenant)s and account = %(account)s",
        account=account,
    )
    version = int(last.version) + 1
    content = json.dumps({"document": document, "warnings": list(warnings)}).encode()
    sealed = tx.vault.seal_lasting(policy_place(account, version), content)
    made = versions.Version(
        tenant=tx.tenant, account=account, version=version, digest=digest, at=at, actor=actor, why=why
    )
    signed = versions.sign(made, tx.vault)
    await tx.run(
        query,
        account=account,
        version=version,
        digest=digest,
        sealed=sealed,
        at=at,
        actor=actor,
        why=tx.vault.seal_lasting(_why_place(account, version), why.encode()),
        signer=signed.signer,
        signature=signed.signature,
    )
    return version


def _why_place(account: AccountId, version: int) -> str:
    return f"policy-why/{account}/{version}"


async def history(
    tx: Transaction, account: AccountId, *, before: int | None = None, limit: int | None = None
) -> list[versions.Signed]:
    """Return versions below ``before``, newest first: all of them, or at most ``limit``."""
    query = """
        select version, digest, at, actor, why, signer, signature from policy
        where tenant = %(tenant)s and account = %(account)s and (%(before)s::int is null or version < %(before)s)
        order by version desc limit %(limit)s
    """
    rows = await tx.all(query, account=account, before=before, limit=limit)
    return [signed(tx, account, row) for row in rows]


def signed(tx: Transaction, account: AccountId, row: Any) -> versions.Signed:
    """Return a row's version with its signature.

    Raises:
        KeyringError: what its actor said about it cannot be read.
    """
    why = "" if row.why is None else tx.vault.open(_why_place(account, row.version), bytes(row.why)).decode()
    made = versions.Version(
        tenant=tx.tenant,
        account=account,
        version=row.version,
        digest=row.digest,
        at=row.at,
        actor=KeyId(row.actor),
        why=why,
    )
    return versions.Signed(made, bytes(row.signer or b""), bytes(row.signature or b""))


async def count_windows(tx: Transaction, asked: Sequence[Asked]) -> list[Windows]:
    """Lock the windows until the transaction ends, and count each as of its time; one round trip.

    The locks are taken in one order everywhere, so that no two transactions wait for each other.
    """
    query = """
        select windows.* from (
          select * from jsonb_to_recordset(%(asked)s) as given (
            place int, account bigint, counted text, thread text, at timestamptz, ever boolean)
          order by account, counted, place
        ) as asked
        cross join lateral count_windows(
          %(tenant)s, asked.account, asked.counted, asked.thread, asked.at, asked.ever) as windows
        order by asked.place
    """
    rows = [
        {
            "place": place,
            "account": one.account,
            "counted": one.window,
            "thread": one.thread,
            "at": one.at,
            "ever": one.is_ever_asked,
        }
        for place, one in enumerate(asked)
    ]
    counted = await tx.all(query, asked=Jsonb(rows, dumps=orjson.dumps))
    return [
        Windows(
            row.messages_hour, row.messages_day, int(row.tokens_thread), int(row.tokens_day), int(row.tokens_sender)
        )
        for row in counted
    ]


async def forget_messages(tx: Transaction, before: datetime) -> None:
    """Stop counting what was received before ``before``."""
    await tx.run("delete from delivered_message where tenant = %(tenant)s and at < %(before)s", before=before)


async def forget_tokens(tx: Transaction, before: datetime) -> int:
    """Forget tokens spent before then; return how many counts. For the keeper's role."""
    return await tx.run("delete from spent_token where tenant = %(tenant)s and at < %(before)s", before=before)


async def retention_days(tx: Transaction) -> dict[AccountId, int]:
    """Return how long each policy in force lets the record be read; that of ``TENANT_WIDE`` is for every account."""
    query = """
        select distinct on (account) account, version, sealed from policy where tenant = %(tenant)s
        order by account, version desc
    """
    opened = {row.account: _opened(tx.vault, row.account, row.version, row.sealed) for row in await tx.all(query)}
    said = {account: one["document"].get("auditLog", {}).get("retentionDays") for account, one in opened.items()}
    return {AccountId(account): int(days) for account, days in said.items() if days}


async def add_tokens(
    tx: Transaction,
    account: AccountId,
    *,
    sender: str,
    thread: ThreadId,
    tokens: int,
    at: datetime,
    email: EmailId | None = None,
) -> None:
    """Count tokens spent."""
    query = (
        "insert into spent_token (tenant, account, sender, thread, at, tokens, email)"
        " values (%(tenant)s, %(account)s, %(sender)s, %(thread)s, %(at)s, %(tokens)s, %(email)s)"
    )
    token = blind_sender(tx.vault, sender)
    await tx.run(query, account=account, sender=token, thread=thread, at=at, tokens=tokens, email=email)
