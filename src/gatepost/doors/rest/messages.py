"""Kept messages: list, read, download."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum

from fastapi import APIRouter, Response

from gatepost import domains, mailbox
from gatepost.access.paper import Principal
from gatepost.decide import capabilities, grant_token, grants
from gatepost.deliver.seal import seal
from gatepost.doors.rest.auth import HouseDep, MailReader, mailbox_of
from gatepost.doors.rest.granted import NOTHING, OnAny, OnMessage, Shown, demand, may
from gatepost.doors.rest.message_shapes import (
    GrantShown,
    MessageFound,
    MessagePage,
    MessagesFound,
    MessageShown,
    MessageSummary,
    TextPiece,
    ThreadShown,
    VerificationShown,
)
from gatepost.doors.rest.parameters import (
    Automatic,
    Limit,
    ListCursor,
    MailboxId,
    MessageId,
    Proven,
    ThreadId,
    Words,
)
from gatepost.doors.rest.problems import Code, Problem, missing
from gatepost.ids import EmailId
from gatepost.ids import ThreadId as ConversationId
from gatepost.journey import House
from gatepost.keys import ErasedError
from gatepost.mailbox.paper import Email
from gatepost.verify import authres
from gatepost.verify.paper import Result

router = APIRouter(prefix="/v1/mailboxes/{mailbox_id}", tags=["messages"])


class Form(StrEnum):
    """Which copy of a message is wanted."""

    DELIVERED = "delivered"
    RECEIVED = "received"
    SEALED = "sealed"


_VERDICTS = frozenset(VerificationShown.model_fields)


def _summary(email: Email) -> dict[str, object]:
    return {
        "message_id": email.id,
        "thread_id": email.thread,
        "from": str(email.author),
        "to": str(email.recipient),
        "subject": email.subject,
        "received_at": email.received_at,
        "verification": {name: value for name, value in email.verification.items() if name in _VERDICTS},
        "capabilities": list(email.capabilities),
        "labels": list(email.labels),
        "size_octets": email.size_octets,
        "is_proven": email.is_proven,
        "is_automatic": email.is_automatic,
        "is_erased": email.is_erased,
        "is_unreadable": email.is_unreadable,
    }


async def _withheld(house: House, principal: Principal, email: Email, shown: Shown) -> MessageShown:
    """Show a message; to an agent without the capability nothing of what its attachments say."""
    wanted = capabilities.READ_ATTACHMENT
    is_open = not email.reading.attachments or await may(
        house, principal, email.account, shown, wanted, message=email.id
    )
    return _shown(email, is_open=is_open)


def _shown(email: Email, *, is_open: bool) -> MessageShown:
    files = [asdict(one) for one in email.reading.attachments]
    return MessageShown.model_validate(
        {
            **_summary(email),
            "body_text": email.text,
            "quoted_text": email.reading.model.quoted,
            "signature_text": email.reading.model.signature,
            "attachments": [one if is_open else {**one, "text": None} for one in files],
            "differences": [
                asdict(one) for one in email.reading.spans if is_open or not one.place.startswith("attachment")
            ],
            "internet_message_id": email.message_id or None,
            "references": list(email.references),
        }
    )


async def kept(house: House, principal: Principal, mailbox_id: int, message_id: str) -> Email:
    """Return a kept message of the caller's mailbox.

    Raises:
        Problem: 404, there is none.
        ErasedError: there was one, and nobody can read it any more.
    """
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        email = await mailbox.get(tx, account, EmailId(message_id))
    if email is None:
        raise missing("message")
    if email.is_erased:
        raise ErasedError(email.id)
    return email


async def octets_of(house: House, principal: Principal, email: Email) -> bytes:
    """Return a kept message's octets, exactly as they were received."""
    return await mailbox.read_body(house.db, house.blobs, principal.tenant, email.id, email.blob)


@router.get("/messages", summary="List messages")
async def page(
    mailbox_id: MailboxId,
    house: HouseDep,
    principal: MailReader,
    limit: Limit = 50,
    cursor: ListCursor = None,
    proven: Proven = None,
    automatic: Automatic = None,
) -> MessagePage:
    """Return kept messages, newest first, without their text; pass `next_cursor` as `cursor` to continue."""
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        found = await mailbox.page(tx, account, limit=limit, cursor=cursor, is_proven=proven, is_automatic=automatic)
    return MessagePage(
        items=[MessageSummary.model_validate(_summary(email)) for email in found.emails], next_cursor=found.after
    )


@router.get("/search", summary="Search messages")
async def search(
    mailbox_id: MailboxId,
    words: Words,
    house: HouseDep,
    principal: MailReader,
    basis: OnAny,
    limit: Limit = 50,
    cursor: ListCursor = None,
) -> MessagesFound:
    """Return the kept messages that answer a query, newest first, with the hits marked.

    Case, accents and width do not matter; nothing is stemmed. Words are looked for in subject, people, text and
    attachment names. Pass `next_cursor` as `cursor` to continue. An agent's key needs the capability `search_mail`.
    """
    async with mailbox_of(house, principal, mailbox_id) as (_, account):
        pass  # 404 comes before 403
    await demand(house, principal, account, basis, capabilities.SEARCH_MAIL)
    try:
        query = mailbox.parse_query(words)
    except mailbox.QueryError as error:
        raise Problem(Code.REQUEST_INVALID, str(error), errors=[str(error)]) from error
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        found = await mailbox.search(tx, account, query, limit=limit, cursor=cursor)
    items = await asyncio.to_thread(_marked, found.emails, query.marks)  # the hit may stand far down a long text
    return MessagesFound(items=items, next_cursor=found.after, unindexed=found.unindexed)


def _marked(emails: Sequence[Email], marks: mailbox.Marks) -> list[MessageFound]:
    return [
        MessageFound.model_validate(
            {
                **_summary(email),
                "subject_marked": _pieces(mailbox.marked(email.subject, marks)),
                "snippet": _pieces(mailbox.snippet(email.reading.human, marks)),
            }
        )
        for email in emails
    ]


def _pieces(pieces: tuple[mailbox.Piece, ...]) -> list[TextPiece]:
    return [TextPiece(text=piece.text, is_hit=piece.is_hit) for piece in pieces]


@router.get("/messages/{message_id}", summary="Read a message")
async def read(
    mailbox_id: MailboxId, message_id: MessageId, house: HouseDep, principal: MailReader, basis: OnMessage
) -> MessageShown:
    """Return one message with its text; what its attachments say is for an agent's key with `read_attachment` alone."""
    return await _withheld(house, principal, await kept(house, principal, mailbox_id, message_id), basis)


@router.get(
    "/messages/{message_id}/raw",
    summary="Download a message",
    response_class=Response,
    responses={200: {"description": "The message.", "content": {"message/rfc822": {}}}},
)
async def raw(
    mailbox_id: MailboxId,
    message_id: MessageId,
    house: HouseDep,
    principal: MailReader,
    basis: OnMessage,
    form: Form = Form.DELIVERED,
) -> Response:
    """Return the message as it was delivered, or with `form=received` the very octets that SMTP carried.

    The delivered form begins with our Authentication-Results field (RFC 8601) and holds no other under our name.
    `form=sealed` is for passing the message on: the delivered form below an ARC set (RFC 8617) of the mailbox's domain
    that says what was found when it came; 409 where no set may follow. Where the message has attachments, an agent's
    key needs the capability `read_attachment`.
    """
    email = await kept(house, principal, mailbox_id, message_id)
    if email.reading.attachments or email.reading.is_malformed:
        await demand(house, principal, email.account, basis, capabilities.READ_ATTACHMENT, message=email.id)
    octets = await octets_of(house, principal, email)
    if form is not Form.RECEIVED:
        told = str(email.verification.get("results") or "none")
        octets = authres.stamped(octets, told, house.hostname)
        if form is Form.SEALED:
            octets = await _sealed(house, principal, email, octets, f"{house.hostname}; {told}")
    headers = {"Content-Disposition": f'attachment; filename="{email.id}.eml"'}
    return Response(octets, media_type="message/rfc822", headers=headers)


async def _sealed(house: House, principal: Principal, email: Email, octets: bytes, told: str) -> bytes:
    """Return the octets below one more ARC set.

    Raises:
        Problem: 409, no set may follow what came, or its domain is no longer ours to seal for.
    """
    async with house.db.transaction(principal.tenant) as tx:
        keys = await domains.signing_keys(tx, email.recipient.domain, house.keyring)
    if not keys:
        raise Problem(Code.MESSAGE_UNSEALED, f"{email.recipient.domain} has no signing key here")
    chain = Result(str(email.verification["arc"]))
    sealed = await asyncio.to_thread(seal, octets, keys[0], results=told, chain=chain, at=house.clock())
    if sealed == octets:
        raise Problem(
            Code.MESSAGE_UNSEALED, "its chain has ended: it said so itself, is full, or DNS kept us from judging"
        )
    return sealed


@router.get("/threads/{thread_id}", summary="Read a thread")
async def thread(
    mailbox_id: MailboxId,
    thread_id: ThreadId,
    house: HouseDep,
    principal: MailReader,
    limit: Limit = 200,
    cursor: ListCursor = None,
) -> ThreadShown:
    """Return a conversation, oldest message first, each as it is shown alone; pass on `next_cursor` as `cursor`."""
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        found = await mailbox.thread(tx, account, ConversationId(thread_id), limit=limit, cursor=cursor)
    if not found.emails and cursor is None:
        raise missing("thread")
    return ThreadShown(
        thread_id=thread_id,
        messages=[await _withheld(house, principal, email, NOTHING) for email in found.emails],
        next_cursor=found.after,
    )


@router.get("/messages/{message_id}/grant", summary="Read what a message grants")
async def grant(mailbox_id: MailboxId, message_id: MessageId, house: HouseDep, principal: MailReader) -> GrantShown:
    """Return what an agent may do for a message now, narrowed by its thread, as a list and as a token to pass on."""
    email = await kept(house, principal, mailbox_id, message_id)
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        found = await grants.of_message(tx, account, email.id, now=house.clock())
    return GrantShown(
        message_id=found.message,
        thread_id=found.thread,
        policy_version=found.policy_version,
        rule_index=found.rule,
        capabilities=list(found.capabilities),
        expires_at=found.expires_at,
        token=grant_token.sign_token(found, grant_token.token_key(house.keyring, principal.tenant)),
    )
