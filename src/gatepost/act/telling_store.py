"""The SQL of tellings: what is due, what each attempt came to, the delivery log, replays."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gatepost.act.paper import Attempt, Event, EventKind, Logged, State, Telling
from gatepost.db import Database, Transaction
from gatepost.db.column import bigints, texts
from gatepost.ids import AccountId, EmailId, EntryId, EventId, TenantId, WebhookId


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What an attempt came to; ``due_at`` is when the next one is, None where it was the last."""

    telling: Telling
    attempt: Attempt
    due_at: datetime | None
    entry: EntryId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which lines of the delivery log: newest first, below ``before``."""

    limit: int
    before: int | None = None
    state: State | None = None
    event: EventId | None = None
    email: EmailId | None = None


_HEADS = """
    select telling.number as turn, telling.attempts, telling.due_at, event.*, exists (
        select from telling as next
        where next.tenant = %(tenant)s and next.webhook = %(webhook)s and next.lane = telling.lane
          and next.state = 'waiting' and next.number > telling.number) as is_followed
    from telling
    join event on event.tenant = telling.tenant and event.id = telling.event
    where telling.tenant = %(tenant)s and telling.webhook = %(webhook)s and telling.state = 'waiting'
      and not telling.lane = any(%(busy)s)
      and telling.number = (
        select first.number from telling as first
        where first.tenant = %(tenant)s and first.webhook = %(webhook)s and first.lane = telling.lane
          and first.state = 'waiting'
        order by first.number limit 1)
"""
"""What waits, of each lane the first alone, and none of a busy one."""
_LOOKED_AT = 256


async def due(tx: Transaction, webhook: WebhookId, *, at: datetime, busy: Collection[str], limit: int) -> list[Telling]:
    """Return what is due, in the order it was promised: of each lane the first alone, and none of a busy one."""
    query = _HEADS + " and telling.due_at <= %(at)s order by telling.number limit %(limit)s"
    rows = await tx.all(query, webhook=webhook, at=at, busy=list(busy), limit=limit)
    return [_telling(webhook, row) for row in rows]


async def question(tx: Transaction, webhook: WebhookId, *, busy: Collection[str]) -> Telling | None:
    """Return the one to ask a silent receiver with: whose turn comes first, whatever it waits for itself.

    What was not tried yet comes before what was refused, and of that what was tried longest ago: a receiver that
    refuses some events and would take any other is found out. Of very many only those that are due first and those
    that came last are looked at.
    """
    query = f"""
        with head as (
          ({_HEADS} order by telling.due_at, telling.number limit {_LOOKED_AT})
          union all
          ({_HEADS} and telling.number >= (
            select min(number) from (
              select number from telling
              where tenant = %(tenant)s and webhook = %(webhook)s and state = 'waiting'
              order by number desc limit {_LOOKED_AT}) as last))
        )
        select * from head order by case when attempts > 0 then (
            select max(tried.at) from telling_attempt as tried
            where tried.tenant = %(tenant)s and tried.webhook = %(webhook)s and tried.event = head.id
          ) end nulls first, turn
        limit 1
    """  # noqa: S608  # of this module's own text
    rows = await tx.all(query, webhook=webhook, busy=list(busy))
    return _telling(webhook, rows[0]) if rows else None


def _telling(webhook: WebhookId, row: Any) -> Telling:
    return Telling(
        webhook=webhook,
        event=event_of(row),
        attempts=row.attempts,
        number=row.turn,
        is_followed=row.is_followed,
        due_at=row.due_at,
    )


async def waiting(tx: Transaction, tellings: Sequence[Telling]) -> set[tuple[WebhookId, EventId]]:
    """Return which of these still wait, and let nobody else settle them meanwhile."""
    query = """
        select telling.webhook, telling.event from telling
        join unnest(%(webhooks)s, %(events)s) as asked (webhook, event)
          on telling.webhook = asked.webhook and telling.event = asked.event
        where telling.tenant = %(tenant)s and telling.state = 'waiting'
        order by telling.webhook, telling.event for update of telling
    """
    rows = await tx.all(
        query, webhooks=texts([one.webhook for one in tellings]), events=texts([one.event.id for one in tellings])
    )
    return {(WebhookId(row.webhook), EventId(row.event)) for row in rows}


def settle(tx: Transaction, endings: Sequence[Ending]) -> None:
    """Write what attempts came to."""
    query = """
        update telling set state = ending.state, attempts = ending.attempts, status_code = ending.status_code,
          reason = ending.reason, due_at = coalesce(ending.due_at, telling.due_at),
          settled_at = case when ending.due_at is null then ending.at end, entry = ending.entry
        from unnest(%(webhooks)s, %(events)s, %(states)s, %(attempts)s, %(codes)s, %(reasons)s, %(dues)s::timestamptz[],
          %(entries)s, %(times)s::timestamptz[])
          as ending (webhook, event, state, attempts, status_code, reason, due_at, entry, at)
        where telling.tenant = %(tenant)s and telling.webhook = ending.webhook and telling.event = ending.event
    """
    told = [one.telling for one in endings]
    tx.send(
        query,
        webhooks=texts([one.webhook for one in told]),
        events=texts([one.event.id for one in told]),
        states=texts([one.state.value for one in told]),
        attempts=bigints([one.attempts for one in told]),
        codes=bigints([one.attempt.status_code for one in endings]),
        reasons=texts([one.attempt.reason for one in endings]),
        dues=[one.due_at for one in endings],
        entries=bigints([one.entry for one in endings]),
        times=[one.attempt.at for one in endings],
    )
    log(tx, [(one.telling.webhook, one.telling.event.id, one.attempt) for one in endings])


def hurry(tx: Transaction, webhook: WebhookId, at: datetime, *, silent_since: datetime | None = None) -> None:
    """Let what waits be due now: the receiver is back, and its room grows one by one.

    What was refused before ``silent_since``, when others were heard, keeps its own time: it would be refused again, and
    some of it in a row would pass for silence.
    """
    query = """
        update telling set due_at = %(at)s
        where tenant = %(tenant)s and webhook = %(webhook)s and state = 'waiting' and due_at > %(at)s
          and not exists (
            select from telling_attempt as tried
            where tried.tenant = %(tenant)s and tried.webhook = %(webhook)s and tried.event = telling.event
              and tried.at >= telling.promised_at and tried.at < %(silent_since)s::timestamptz)
    """
    tx.send(query, webhook=webhook, at=at, silent_since=silent_since)


def log(tx: Transaction, attempts: Sequence[tuple[WebhookId, EventId, Attempt]]) -> None:
    """Write lines of the delivery log."""
    query = """
        insert into telling_attempt (tenant, webhook, event, at, status_code, reason, took_ms)
        select %(tenant)s, * from unnest(%(webhooks)s, %(events)s, %(times)s::timestamptz[], %(codes)s, %(reasons)s,
          %(took)s)
    """
    tx.send(
        query,
        webhooks=texts([webhook for webhook, _, _ in attempts]),
        events=texts([event for _, event, _ in attempts]),
        times=[attempt.at for _, _, attempt in attempts],
        codes=bigints([attempt.status_code for _, _, attempt in attempts]),
        reasons=texts([attempt.reason for _, _, attempt in attempts]),
        took=bigints([attempt.took_ms for _, _, attempt in attempts]),
    )


async def first_tried(tx: Transaction, tellings: Sequence[Telling]) -> dict[tuple[WebhookId, EventId], datetime]:
    """Return when the first attempt of each was made, since it was promised."""
    query = """
        select telling.webhook, telling.event, min(tried.at) as at from telling
        join unnest(%(webhooks)s, %(events)s) as asked (webhook, event)
          on telling.webhook = asked.webhook and telling.event = asked.event
        join telling_attempt as tried on tried.tenant = %(tenant)s and tried.webhook = telling.webhook
          and tried.event = telling.event and tried.at >= telling.promised_at
        where telling.tenant = %(tenant)s group by telling.webhook, telling.event
    """
    rows = await tx.all(
        query, webhooks=texts([one.webhook for one in tellings]), events=texts([one.event.id for one in tellings])
    )
    return {(WebhookId(row.webhook), EventId(row.event)): row.at for row in rows}


async def logged(tx: Transaction, webhook: WebhookId, wanted: Filter) -> list[Logged]:
    """Return the delivery log of an endpoint, newest first, each telling with its attempts."""
    query = """
        select telling.*, event.id, event.account, event.kind, event.email, event.ref, event.detail, event.at,
          event.place
        from telling join event on event.tenant = telling.tenant and event.id = telling.event
        where telling.tenant = %(tenant)s and telling.webhook = %(webhook)s
          and (%(before)s::bigint is null or telling.number < %(before)s)
          and (%(state)s::text is null or telling.state = %(state)s)
          and (%(event)s::text is null or telling.event = %(event)s)
          and (%(email)s::text is null or event.email = %(email)s)
        order by telling.number desc limit %(limit)s
    """
    rows = await tx.all(
        query,
        webhook=webhook,
        before=wanted.before,
        state=None if wanted.state is None else wanted.state.value,
        event=wanted.event,
        email=wanted.email,
        limit=wanted.limit,
    )
    tried = await attempts(tx, webhook, [EventId(row.id) for row in rows])
    return [_logged(webhook, row, tried.get(EventId(row.id), [])) for row in rows]


async def attempts(tx: Transaction, webhook: WebhookId, events: Sequence[EventId]) -> dict[EventId, list[Attempt]]:
    """Return every attempt to tell these events, oldest first."""
    query = """
        select event, at, status_code, reason, took_ms from telling_attempt
        where tenant = %(tenant)s and webhook = %(webhook)s and event = any(%(events)s) order by at
    """
    found: dict[EventId, list[Attempt]] = {}
    for row in await tx.all(query, webhook=webhook, events=list(events)):
        found.setdefault(EventId(row.event), []).append(Attempt(row.at, row.status_code, row.reason, row.took_ms))
    return found


def _logged(webhook: WebhookId, row: Any, tried: Sequence[Attempt]) -> Logged:
    telling = Telling(
        webhook=webhook, event=event_of(row), state=State(row.state), attempts=row.attempts, number=row.number
    )
    return Logged(
        telling=telling,
        reason=row.reason,
        status_code=row.status_code,
        promised_at=row.promised_at,
        due_at=row.due_at,
        settled_at=row.settled_at,
        entry=None if row.entry is None else EntryId(row.entry),
        attempts=tuple(tried),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events to tell anew.

    Attributes:
        kinds: only of these kinds, unless ``events`` names them one by one.
        events: these alone.
        since: from this time on.
        until: before this time.
        only_dead: only those that were given up.
    """

    kinds: Collection[EventKind]
    events: Collection[EventId] | None = None
    since: datetime | None = None
    until: datetime | None = None
    only_dead: bool = False


async def replay(tx: Transaction, webhook: WebhookId, account: AccountId, wanted: Wanted, at: datetime) -> int:
    """Let events be told anew, in the order they happened; return how many."""
    query = """
        with wanted as (
          select id, lane from event
          where tenant = %(tenant)s and account = %(account)s
            and (%(events)s::text[] is not null or kind = any(%(kinds)s))
            and (%(events)s::text[] is null or id = any(%(events)s::text[]))
            and (%(since)s::timestamptz is null or at >= %(since)s)
            and (%(until)s::timestamptz is null or at < %(until)s)
            and (not %(only_dead)s or exists (
              select from telling where telling.tenant = %(tenant)s and telling.webhook = %(webhook)s
                and telling.event = event.id and telling.state = 'dead'))
          order by at, id
        ), again as (
          insert into telling (tenant, webhook, event, lane, due_at, promised_at)
          select %(tenant)s, %(webhook)s, id, lane, %(at)s, %(at)s from wanted
          on conflict (tenant, webhook, event) do update
          set state = 'waiting', attempts = 0, due_at = %(at)s, promised_at = %(at)s, settled_at = null, entry = null,
            reason = '', status_code = 0
          returning event
        ), hinted as materialized (
          select pg_notify('gatepost_events', '') where exists (select from again)
        )
        select count(*) as count from again left join hinted on true
    """
    row = await tx.one(
        query,
        webhook=webhook,
        account=account,
        kinds=[kind.value for kind in wanted.kinds],
        at=at,
        events=None if wanted.events is None else list(wanted.events),
        since=wanted.since,
        until=wanted.until,
        only_dead=wanted.only_dead,
    )
    return int(row.count)


async def tenants(db: Database) -> list[TenantId]:
    """Return who has events."""
    return [TenantId(row.tenant) for row in await db.look_up("select lookup_event_tenants() as tenant")]


async def forget(tx: Transaction, *, before: datetime, unread_since: datetime) -> int:
    """Remove events older than ``before`` that wait for nobody, with what was told of them; return how many.

    A stream nobody has read since ``unread_since`` is closed; one that loses events knows from where on it is whole.
    """
    tx.send("delete from event_stream_reader where tenant = %(tenant)s and seen_at < %(since)s", since=unread_since)
    tx.send("delete from telling_attempt where tenant = %(tenant)s and at < %(before)s", before=before)
    query = """
        with gone as (
          delete from event where tenant = %(tenant)s and at < %(before)s and not exists (
            select from telling where telling.tenant = %(tenant)s and telling.event = event.id
              and telling.state = 'waiting')
          returning id, account, place
        ), untold as (
          delete from telling using gone where telling.tenant = %(tenant)s and telling.event = gone.id
        ), cut as (
          update event_stream_reader as reader set since = greatest(reader.since, lost.place)
          from (select account, max(place) as place from gone where place is not null group by account) as lost
          where reader.tenant = %(tenant)s and reader.account = lost.account
        )
        select count(*) as count from gone
    """
    return int((await tx.one(query, before=before)).count)


def event_of(row: Any) -> Event:
    """Return the event of a row with the event's columns."""
    return Event(
        id=EventId(row.id),
        account=AccountId(row.account),
        kind=EventKind(row.kind),
        email=None if row.email is None else EmailId(row.email),
        lane=row.lane,
        at=row.at,
        ref=row.ref,
        detail=row.detail,
        place=row.place,
    )
