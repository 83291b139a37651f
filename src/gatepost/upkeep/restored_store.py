"""The SQL that holds queues to the entries that came back; each statement reads those of a few actions."""

from datetime import datetime
from typing import NamedTuple

from gatepost.act import petition, trouble
from gatepost.act.hosted import ASK as CALL_ASK
from gatepost.act.hosted.restored import Noted
from gatepost.db import Transaction
from gatepost.ids import EmailId, HoldId, LeafIndex

_CAME = """
    with came as materialized (
      select written.id as entry, written.at, followed.action, followed.account, followed.email,
        told.leaf ->> 'object_ref' as ref, told.leaf ->> 'actor_ref' as actor, told.leaf -> 'detail' as detail
      from leaf as placed
      join consequence as followed on followed.entry = placed.entry and followed.action = any(%(actions)s)
      join entry as written on written.id = placed.entry
      cross join lateral (select convert_from(written.leaf, 'UTF8')::jsonb as leaf) as told
      where placed.tenant = %(tenant)s and placed.leaf_index >= %(since)s
    )
"""
_ATTEMPTS = ["attempt.accepted", "attempt.failed", "attempt.deferred"]
_TURNS = ["turn.done", "turn.handed_over", "turn.stopped", "tool.done", "tool.failed", "tool.approved", "tool.denied"]


class Ruled(NamedTuple):
    """What the record says of a message that the tables have waiting.

    ``has_left``: another server took it, or a hosted agent's turn about it began.
    """

    hold: HoldId
    email: EmailId
    is_approved: bool
    has_left: bool
    by: str
    reason: str
    at: datetime


async def settle_submissions(tx: Transaction, since: LeafIndex) -> int:
    """Take from the queue what was accepted or finally failed."""
    query = f"""
        {_CAME}, ended as (
          select distinct on (ref) ref, at,
            case when action = 'attempt.accepted' then 'sent' else 'failed' end as state,
            coalesce((detail ->> 'attempt')::int, 1) as attempts, coalesce((detail ->> 'reply_code')::int, 0) as code
          from came where action <> 'attempt.deferred' or detail ->> 'state' = 'failed'
          order by ref, action = 'attempt.accepted' desc, entry desc
        )
        update submission set state = ended.state, attempts = ended.attempts, reply_code = ended.code,
          due_at = ended.at, settled_at = ended.at
        from ended where submission.tenant = %(tenant)s and submission.id = ended.ref
          and submission.state in ('queued', 'deferred')
    """  # noqa: S608  # above
    return await tx.run(query, since=since, actions=_ATTEMPTS)


async def settle_tellings(tx: Transaction, since: LeafIndex) -> int:
    """Take from what waits for receivers what they confirmed, or what was given up."""
    query = f"""
        {_CAME}
        update telling set state = case when action = 'webhook.delivered' then 'delivered' else 'dead' end,
          attempts = (detail ->> 'attempts')::int, status_code = (detail ->> 'status_code')::int,
          reason = coalesce(detail ->> 'reason', ''), settled_at = came.at, entry = came.entry
        from came where telling.tenant = %(tenant)s and telling.webhook = came.ref
          and telling.event = came.detail ->> 'event' and telling.state = 'waiting'
    """  # noqa: S608  # above
    return await tx.run(query, since=since, actions=["webhook.delivered", "webhook.dead"])


async def deny_petitions(tx: Transaction, since: LeafIndex) -> int:
    """Deny what was denied; what a yes did is lost with the tables, and so it waits for another."""
    query = f"""
        {_CAME}
        update petition set state = 'denied', settled_at = came.at, settled_by = came.actor
        from came where petition.tenant = %(tenant)s and petition.id = came.ref and petition.state = 'waiting'
    """  # noqa: S608  # above
    return await tx.run(query, since=since, actions=["petition.deny"])


async def rulings(tx: Transaction, since: LeafIndex) -> list[Ruled]:
    """Return the end of each wait that the tables do not know of."""
    query = f"""
        {_CAME}, ruled as (
          select distinct on (ref) * from came where action like 'hold.%%' order by ref, entry desc
        ), gone as materialized (
          select 'em_' || split_part(substr(ref, 4), '.', 1) as email from came where action = 'attempt.accepted'
          union select email from came where action like 'turn.%%' or action like 'tool.%%'
        )
        select hold.id, hold.email, ruled.detail -> 'is_approved' = 'true' as is_approved, ruled.actor, ruled.at,
          hold.email in (select gone.email from gone) as has_left, coalesce((
            select reason from decision_row as decided
            where decided.tenant = %(tenant)s and decided.email = hold.email order by entry desc limit 1), '') as reason
        from ruled join hold on hold.tenant = %(tenant)s and hold.id = ruled.ref and hold.state = 'waiting'
    """  # noqa: S608  # above
    rows = await tx.all(query, since=since, actions=["hold.approve", "hold.deny", "hold.expire", *_ATTEMPTS, *_TURNS])
    return [
        Ruled(
            hold=HoldId(row.id),
            email=EmailId(row.email),
            is_approved=row.is_approved,
            has_left=row.has_left,
            by=row.actor,
            reason=row.reason,
            at=row.at,
        )
        for row in rows
    ]


async def turns(tx: Transaction, since: LeafIndex) -> list[tuple[EmailId, Noted]]:
    """Return what came back of hosted agents' turns, message by message, oldest first."""
    query = f"{_CAME} select * from came where email is not null order by email, entry"  # noqa: S608  # above
    return [
        (
            EmailId(row.email),
            Noted(
                action=row.action,
                actor=row.actor,
                reason=str(row.detail.get("reason") or ""),
                version=int(row.detail.get("agent_version") or 0),
                at=row.at,
            ),
        )
        for row in await tx.all(query, since=since, actions=_TURNS)
    ]


async def note_asked(tx: Transaction, since: LeafIndex) -> int:
    """Remember who was mailed about which hold, and drop the promises to mail people about anything else."""
    query = f"""
        {_CAME}
        insert into hold_asked (tenant, account, person, hold, at)
        select distinct on (hold.id, came.detail ->> 'person') %(tenant)s, hold.account, came.detail ->> 'person',
          hold.id, came.at
        from came join hold on hold.tenant = %(tenant)s and hold.id = came.ref and hold.state = 'waiting'
        order by hold.id, came.detail ->> 'person', came.entry
        on conflict do nothing
    """  # noqa: S608  # above
    noted = await tx.run(query, since=since, actions=["hold.ask"])
    query = f"""
        {_CAME}, kept as (
          select min(job.id) as id from came join job on job.tenant = %(tenant)s
            and job.kind = case came.action when 'petition.ask' then %(petition)s when 'call.ask' then %(call)s
              else %(alert)s end
            and job.key = came.ref || ' ' || (came.detail ->> 'person')
          group by job.kind, job.key
        )
        delete from job using kept where job.tenant = %(tenant)s and job.id = kept.id
    """  # noqa: S608  # above
    kinds = {"petition": petition.ASK, "call": CALL_ASK, "alert": trouble.ALERT}
    return noted + await tx.run(query, since=since, actions=["petition.ask", "call.ask", "webhook.alert"], **kinds)
