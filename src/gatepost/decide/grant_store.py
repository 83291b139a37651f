"""Grants at rest, and the policy versions whose grants count no more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from msgspec import Struct

from gatepost.db import Transaction
from gatepost.db.column import bigints, octets, texts, times
from gatepost.decide.paper import TokenBudget
from gatepost.ids import AccountId, EmailId, KeyId, ThreadId
from gatepost.keys import ErasedError, Vault


class Issued(Struct, frozen=True, kw_only=True, gc=False):
    """One message's grant as it lies.

    ``subject``: whose keys seal it; None reading back. An erased one grants nothing: it has no capabilities left.
    """

    account: AccountId
    email: EmailId
    thread: ThreadId
    sender: str
    rule: int
    policy_version: int
    capabilities: tuple[str, ...]
    budget: TokenBudget
    issued_at: datetime
    expires_at: datetime
    subject: str | None = None
    is_revoked: bool = False


def add(tx: Transaction, issued: Sequence[Issued]) -> None:
    """Write grants with the commit; a message that has one keeps it."""
    query = """
        insert into message_grant (tenant, account, email, thread, rule, policy_version, tokens_message, tokens_thread,
          tokens_sender, tokens_day, issued_at, expires_at, likeness, sealed)
        select %(tenant)s, account, email, thread, rule, version, of_message, of_thread, of_sender, of_day, issued_at,
          expires_at, likeness, sealed
        from unnest(%(accounts)s, %(emails)s, %(threads)s, %(rules)s, %(versions)s, %(of_message)s, %(of_thread)s,
          %(of_sender)s, %(of_day)s, %(issued)s, %(expires)s, %(likenesses)s, %(sealed)s)
          as given (account, email, thread, rule, version, of_message, of_thread, of_sender, of_day, issued_at,
            expires_at, likeness, sealed)
        on conflict (tenant, email) do nothing
    """
    tx.send(
        query,
        accounts=bigints([one.account for one in issued]),
        emails=texts([one.email for one in issued]),
        threads=texts([one.thread for one in issued]),
        rules=bigints([one.rule for one in issued]),
        versions=bigints([one.policy_version for one in issued]),
        of_message=bigints([one.budget.per_message for one in issued]),
        of_thread=bigints([one.budget.per_thread for one in issued]),
        of_sender=bigints([one.budget.per_sender for one in issued]),
        of_day=bigints([one.budget.per_day for one in issued]),
        issued=times([one.issued_at for one in issued]),
        expires=times([one.expires_at for one in issued]),
        likenesses=octets([_likeness(tx.vault, one) for one in issued]),
        sealed=octets([_sealed(tx.vault, one) for one in issued]),
    )


def _sealed(vault: Vault, issued: Issued) -> bytes:
    content = orjson.dumps({"sender": issued.sender, "capabilities": issued.capabilities})
    return vault.seal(f"grant/{issued.email}", content, at=issued.issued_at, subject=issued.subject)


def _likeness(vault: Vault, issued: Issued) -> bytes:
    return vault.blind("grant", orjson.dumps([issued.capabilities, issued.budget.as_list()]))


async def of_thread(tx: Transaction, account: AccountId, email: EmailId) -> list[Issued]:
    """Return a message's grant, and of the others in its thread one of each likeness; empty where it has none.

    Of what was revoked and of what was not, each. However long a thread grows, few rules let its messages in.
    """
    query = """
        select distinct on (found.email = asked.email, found.likeness, is_revoked)
          found.*, revoked.version is not null as is_revoked
        from message_grant as asked
        join message_grant as found
          on found.tenant = asked.tenant and found.account = asked.account and found.thread = asked.thread
        left join policy_revocation as revoked
          on revoked.tenant = found.tenant and revoked.account = found.account
          and revoked.version = found.policy_version
        where asked.tenant = %(tenant)s and asked.account = %(account)s and asked.email = %(email)s
        order by found.email = asked.email, found.likeness, is_revoked
    """
    return [_issued(tx.vault, row) for row in await tx.all(query, account=account, email=email)]


async def revoke(tx: Transaction, account: AccountId, version: int, *, at: datetime, actor: KeyId) -> bool:
    """Note that a version's grants count no more; False where that is noted already."""
    query = """
        insert into policy_revocation (tenant, account, version, at, actor)
        values (%(tenant)s, %(account)s, %(version)s, %(at)s, %(actor)s) on conflict do nothing
    """
    return await tx.run(query, account=account, version=version, at=at, actor=actor) > 0


def _issued(vault: Vault, row: Any) -> Issued:
    try:
        content = orjson.loads(vault.open(f"grant/{row.email}", bytes(row.sealed)))
    except ErasedError:
        content = {"sender": "", "capabilities": ()}
    return Issued(
        account=AccountId(row.account),
        email=EmailId(row.email),
        thread=ThreadId(row.thread),
        sender=content["sender"],
        rule=row.rule,
        policy_version=row.policy_version,
        capabilities=tuple(content["capabilities"]),
        budget=TokenBudget(row.tokens_message, row.tokens_thread, row.tokens_sender, row.tokens_day),
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        is_revoked=row.is_revoked,
    )


async def forget(tx: Transaction, emails: Sequence[EmailId]) -> None:
    """Remove what was granted for these messages, and the tokens set aside for them; for the keeper's role."""
    for query in (
        "delete from message_grant where tenant = %(tenant)s and email = any(%(emails)s::text[])",
        "delete from token_reservation where tenant = %(tenant)s and email = any(%(emails)s::text[])",
    ):
        await tx.run(query, emails=list(emails))
