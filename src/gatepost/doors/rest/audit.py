"""The audit log of a mailbox: every inbound message, whatever became of it."""

import re

from fastapi import APIRouter

from gatepost import record
from gatepost.decide.paper import Grant, Outcome
from gatepost.doors.rest.auth import AuditReader, HouseDep, mailbox_of
from gatepost.doors.rest.message_shapes import Granted
from gatepost.doors.rest.parameters import (
    EntryCursor,
    EntryWords,
    Limit,
    MailboxId,
    OfActor,
    OfMessage,
    OfReason,
    OfThread,
    Recipient,
    Sender,
    Since,
    Until,
)
from gatepost.doors.rest.problems import asked
from gatepost.doors.rest.record_shapes import AuditEntry, AuditPage, EnvelopeShown, TraceStep
from gatepost.ids import EmailId, EntryId, ThreadId
from gatepost.record import AuditQuery, AuditRow

router = APIRouter(prefix="/v1/mailboxes/{mailbox_id}/audit-logs", tags=["audit"])

_RULE = re.compile(r"senders\[([0-9]{1,6})\]")  # as ``decide`` spells it in the trace


def _granted(grant: Grant) -> Granted:
    return Granted(capabilities=list(grant.capabilities), rule_index=grant.rule_index)


def _matched_rule(row: AuditRow) -> int | None:
    """Return the index of the rule that spoke, also where it refused: a grant is only there where it did not."""
    named = (_RULE.fullmatch(step.result) for step in row.trace if step.check == "rule")
    return next((int(found[1]) for found in named if found), None)


def _shown(row: AuditRow) -> AuditEntry:
    grant = row.grant
    return AuditEntry(
        id=row.entry,
        message_id=row.email,
        thread_id=row.thread,
        sender_address=row.sender,
        recipient_address=row.recipient,
        received_at=row.received_at,
        outcome=row.outcome,
        reason=row.reason,
        verification_dkim=row.dkim,
        verification_spf=row.spf,
        verification_dmarc=row.dmarc,
        from_alignment=row.is_aligned,
        body_hash=row.body_hash,
        capabilities_granted=_granted(grant) if grant else None,
        tools_used=row.tools_used,
        tokens_consumed=row.tokens_consumed,
        reply_sent=row.reply_sent,
        disposition=row.disposition,
        policy_version=row.policy_version,
        policy_digest=row.policy_digest,
        labels=list(row.labels),
        tenant_policy_version=row.tenant_policy_version,
        matched_rule=_matched_rule(row),
        envelope=EnvelopeShown(mail_from=row.mail_from, rcpt_to=row.recipient),
        remote_address=row.remote_address,
        tls=row.tls,
        size_octets=row.size_octets,
        verification_arc=row.arc,
        injection_score=row.injection_score,
        injection_families=list(row.injection_families),
        leaf_index=row.leaf_index,
        trace=[TraceStep(check=step.check, result=step.result) for step in row.trace],
        is_unreadable=row.is_unreadable,
    )


@router.get("", summary="Read the audit log")
async def page(
    mailbox_id: MailboxId,
    house: HouseDep,
    principal: AuditReader,
    message_id: OfMessage = None,
    thread_id: OfThread = None,
    outcome: Outcome | None = None,
    reason: OfReason = None,
    actor: OfActor = None,
    sender: Sender = None,
    recipient: Recipient = None,
    words: EntryWords = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: EntryCursor = None,
) -> AuditPage:
    """Return entries, newest first; pass `next_cursor` as `cursor` to continue. A held message appears once settled."""
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        query = AuditQuery(
            account=account,
            limit=limit + 1,  # one more than asked tells whether there is a next page
            before=None if cursor is None else EntryId(cursor),
            email=None if message_id is None else EmailId(message_id),
            thread=None if thread_id is None else ThreadId(thread_id),
            outcome=outcome,
            reason=reason,
            actor=actor,
            sender=sender,
            recipient=recipient,
            text=words,
            since=since,
            until=until,
        )
        with asked():
            unindexed = await record.audit_unindexed(tx, query)  # first: what is indexed meanwhile is found
            rows = await record.audit_rows(tx, query)
    shown = rows[:limit]
    return AuditPage(
        items=[_shown(row) for row in shown],
        next_cursor=shown[-1].entry if len(rows) > limit else None,
        unindexed=unindexed,
    )
