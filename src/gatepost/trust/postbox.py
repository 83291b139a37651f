"""Mail the house writes in the operator's name: signed for the operator's own domain, carried by our own road out.

The author is a published contact. Where no tenant of this house answers for its domain nothing is sent: an unsigned
mail about trust would be worth nothing.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path

from gatepost import domains
from gatepost.deliver import own_mail
from gatepost.deliver.paper import Attempt, AttemptResult
from gatepost.deliver.retry import again_at
from gatepost.deliver.traffic import CrowdedError
from gatepost.jobs import Job, TryAgainError
from gatepost.journey import House
from gatepost.mail.address import Address
from gatepost.reply.body import text_part
from gatepost.reply.fields import SUBJECT_MAX_CHARACTERS, field, mailbox_field
from gatepost.trust.operator import Operator, OperatorError, read_operator

ROLES = ("notices", "support")
"""Whose address writes, in this order; else the first contact's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a mail says. ``leave_url``: where one click ends such mail (RFC 8058); empty where there is nothing to end.

    ``name`` is what the Message-ID is made of: the same name, the same id.
    """

    name: str
    subject: str
    text: str
    leave_url: str = ""


def author_of(operator: Operator) -> Address:
    """Return who writes."""
    by_role = {each.role: each.address for each in reversed(operator.contacts)}
    chosen = next((by_role[role] for role in ROLES if role in by_role), operator.contacts[0].address)
    return Address.parse(chosen)


def written(words: Words, *, author: Address, to: Address, message_id: str, at: datetime) -> bytes:
    """Return the mail, CRLF lines, unsigned."""
    head = [
        mailbox_field("From", author),
        mailbox_field("To", to),
        field("Subject", words.subject[:SUBJECT_MAX_CHARACTERS]),
        f"Date: {format_datetime(at)}\r\n",
        f"Message-ID: <{message_id}>\r\n",
        "Auto-Submitted: auto-generated\r\n",
    ]
    if words.leave_url:
        head.append(f"List-Unsubscribe:\r\n <{words.leave_url}>\r\n")
    if words.leave_url.startswith("https:"):  # RFC 8058 section 3.1: https alone; both fields under the signature
        head.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n")
    head.append("MIME-Version: 1.0\r\n")
    return "".join(head).encode() + text_part(words.text)


async def post(house: House, author: Address, to: Address, words: Words) -> Attempt:
    """Try once to hand a mail over.

    Raises:
        TryAgainError: there is no room for it now.
    """
    owner = await domains.tenant_of(house.db, author.domain)
    if owner is None:
        return Attempt(AttemptResult.DEFERRED, 0, "4.7.0", "signing.no_key")
    road = await own_mail.find_road(house, owner, author, to, seed=words.name)
    if isinstance(road, Attempt):
        return road
    message_id = house.own_ids.write(words.name, author.domain)
    raw = written(words, author=author, to=to, message_id=message_id, at=house.clock())
    try:
        return await own_mail.carry(house, road, words.name, raw)
    except CrowdedError as crowded:
        raise crowded.at(house.clock()) from crowded


async def operator_for(job: Job, folder: Path, now: datetime) -> Operator:
    """Return the operator whose folder it is.

    Raises:
        TryAgainError: the folder cannot be read now, and the promise may still wait.
        OperatorError: it may not.
    """
    try:
        return await asyncio.to_thread(read_operator, folder)
    except OperatorError:
        at = again_at(since=job.promised_at, now=now)
        if at is None:
            raise
        raise TryAgainError(at, "operator.unreadable") from None


def again(job: Job, tried: Attempt, now: datetime) -> None:
    """See to it that what was deferred is tried again.

    Raises:
        TryAgainError: it was, and its time is not over.
    """
    if tried.result is AttemptResult.DEFERRED:
        at = again_at(since=job.promised_at, now=now)
        if at is not None:
            raise TryAgainError(at, tried.reason)
