"""Delivery's SQL: submissions, and what makes one the same as another."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from gatepost.db import Transaction
from gatepost.db.column import octets, texts
from gatepost.deliver.paper import State, Submission
from gatepost.ids import AccountId, BlobId, EmailId, SubmissionId
from gatepost.keys import ErasedError, Vault
from gatepost.mail.address import ERASED, Address


class KeyReusedError(Exception):
    """A caller's own key stands for another text already."""


async def claim(
    tx: Transaction,
    account: AccountId,
    identity: str,
    submission: SubmissionId,
    *,
    at: datetime,
    held_for: timedelta,
    said: str = "",
) -> SubmissionId | None:
    """Claim ``identity`` for ``submission``, which says ``said``; return the submission that holds it, or None.

    Two claims at once: the second waits for the first one's transaction and then sees it.

    Raises:
        KeyReusedError: the submission that holds it says something else.
    """
    query = (
        "select lookup_claim(%(account)s, %(identity)s, %(submission)s, %(at)s, %(said)s, %(free_since)s) as is_ours"
    )
    values = {
        "account": account,
        "identity": tx.vault.blind_text("identity", identity),  # of a text that may be guessed
        "submission": submission,
        "at": at,
        "said": tx.vault.blind_text("said", said),
        "free_since": at - held_for,
    }
    if (await tx.one(query, **values)).is_ours:
        return None
    return await holder(tx, account, identity, since=at - held_for, said=said)


async def holder(
    tx: Transaction, account: AccountId, identity: str, *, since: datetime, said: str = ""
) -> SubmissionId | None:
    """Return the submission that claimed ``identity`` after ``since``.

    Raises:
        KeyReusedError: it says something else than ``said``.
    """
    query = (
        "select submission, said from submission_claim where tenant = %(tenant)s and account = %(account)s"
        " and identity = %(identity)s and claimed_at > %(since)s"
    )
    token = tx.vault.blind_text("identity", identity)
    row = await tx.maybe(query, account=account, identity=token, since=since)
    if row is None:
        return None
    if row.said not in {None, tx.vault.blind_text("said", said)}:  # None: claimed under an earlier release
        raise KeyReusedError
    return SubmissionId(row.submission)


async def insert(tx: Transaction, submission: Submission) -> None:
    """Queue one submission."""
    query = (
        "insert into submission (tenant, id, email, answers, account, author_domain, submitted_at, due_at, sealed)"
        " values (%(tenant)s, %(id)s, %(email)s, %(answers)s, %(account)s, %(author_domain)s, %(submitted_at)s,"
        " %(due_at)s, %(sealed)s)"
    )
    await tx.run(
        query,
        id=submission.id,
        email=submission.email,
        answers=submission.answers,
        account=submission.account,
        author_domain=submission.author_domain,
        submitted_at=submission.submitted_at,
        due_at=submission.due_at,
        sealed=_sealed(tx.vault, submission),
    )


def _sealed(vault: Vault, submission: Submission) -> bytes:
    content = {
        "blob": submission.blob,
        "mail_from": None if submission.mail_from is None else str(submission.mail_from),
        "rcpt_to": str(submission.rcpt_to),
    }
    place, subject = f"submission/{submission.id}", submission.rcpt_to.key
    return vault.seal(place, orjson.dumps(content), at=submission.submitted_at, subject=subject)


async def by_id(tx: Transaction, submission: SubmissionId, *, is_locked: bool = False) -> Submission | None:
    """Return one submission; ``is_locked``: nobody else changes it until the transaction ends."""
    if is_locked:
        query = "select * from submission where tenant = %(tenant)s and id = %(submission)s for update"
        row = await tx.maybe(query, submission=submission)
    else:
        row = await tx.maybe(
            "select * from submission where tenant = %(tenant)s and id = %(submission)s", submission=submission
        )
    return None if row is None else _submission(tx.vault, row)


async def by_ids(tx: Transaction, submissions: Sequence[SubmissionId]) -> dict[SubmissionId, Submission]:
    """Return those of these that there are."""
    query = "select * from submission where tenant = %(tenant)s and id = any(%(submissions)s)"
    found = [_submission(tx.vault, row) for row in await tx.all(query, submissions=texts(submissions))]
    return {each.id: each for each in found}


async def update(
    tx: Transaction,
    submission: SubmissionId,
    *,
    state: State,
    attempts: int,
    reply_code: int,
    due_at: datetime,
    settled_at: datetime | None,
) -> None:
    """Write what the latest attempt came to."""
    query = (
        "update submission set state = %(state)s, attempts = %(attempts)s, reply_code = %(reply_code)s,"
        " due_at = %(due_at)s, settled_at = %(settled_at)s where tenant = %(tenant)s and id = %(submission)s"
    )
    await tx.run(
        query,
        submission=submission,
        state=state.value,
        attempts=attempts,
        reply_code=reply_code,
        due_at=due_at,
        settled_at=settled_at,
    )


async def make_due(tx: Transaction, submissions: Sequence[SubmissionId], *, at: datetime) -> None:
    """Let these be tried from now on."""
    query = """
        update submission set due_at = %(at)s
        where tenant = %(tenant)s and id = any(%(submissions)s) and due_at > %(at)s
    """
    await tx.run(query, submissions=texts(submissions), at=at)


async def emails_of(tx: Transaction, keys: Sequence[bytes]) -> list[EmailId]:
    """Return the outgoing mails whose recipients these keys belong to; it walks through all. For the keeper's role."""
    query = "select email from submission where tenant = %(tenant)s and substring(sealed from 10 for 8) = any(%(keys)s)"
    return [EmailId(row.email) for row in await tx.all(query, keys=octets(keys))]


async def emails_under(tx: Transaction, keys: Sequence[bytes], emails: Sequence[EmailId]) -> set[EmailId]:
    """Return those of the outgoing mails of which a recipient is one that these keys belong to."""
    query = """
        select email from submission where tenant = %(tenant)s and email = any(%(emails)s)
          and substring(sealed from 10 for 8) = any(%(keys)s)
    """
    return {EmailId(row.email) for row in await tx.all(query, keys=octets(keys), emails=texts(emails))}


async def present(tx: Transaction, emails: Sequence[EmailId]) -> set[EmailId]:
    """Return those that are queued or were sent."""
    query = "select email from submission where tenant = %(tenant)s and email = any(%(emails)s)"
    return {EmailId(row.email) for row in await tx.all(query, emails=texts(emails))}


async def forget(tx: Transaction, emails: Sequence[EmailId]) -> int:
    """Take outgoing mails from the queue, and what their identities claim; for the keeper's role."""
    claims = """
        delete from submission_claim using submission
        where submission_claim.tenant = %(tenant)s and submission.tenant = %(tenant)s
          and submission_claim.submission = submission.id and submission.email = any(%(emails)s)
    """
    await tx.run(claims, emails=texts(emails))
    query = "delete from submission where tenant = %(tenant)s and email = any(%(emails)s)"
    return await tx.run(query, emails=texts(emails))


async def forget_claims(tx: Transaction, before: datetime) -> int:
    """Forget claims older than that: the mail they would be repeated by is another one by now."""
    query = "delete from submission_claim where tenant = %(tenant)s and claimed_at < %(before)s"
    return await tx.run(query, before=before)


def _submission(vault: Vault, row: Any) -> Submission:
    try:
        content = orjson.loads(vault.open(f"submission/{row.id}", bytes(row.sealed)))
    except ErasedError:
        content = {"blob": "", "mail_from": None, "rcpt_to": str(ERASED)}
    rcpt_to = Address.parse(content["rcpt_to"])
    return Submission(
        id=SubmissionId(row.id),
        email=EmailId(row.email),
        answers=EmailId(row.answers),
        account=AccountId(row.account),
        blob=BlobId(content["blob"]),
        author_domain=row.author_domain,
        mail_from=None if content["mail_from"] is None else Address.parse(content["mail_from"]),
        rcpt_to=rcpt_to,
        state=State(row.state),
        attempts=row.attempts,
        submitted_at=row.submitted_at,
        due_at=row.due_at,
        reply_code=row.reply_code,
        is_erased=rcpt_to == ERASED,
    )
