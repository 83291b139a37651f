"""The SQL of webhooks: endpoints, their secrets, how they fare."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from gatepost.act.paper import Edition, Endpoint, Event, EventKind, Fresh, Health, Secrets, Telling, Webhook
from gatepost.act.retry import STRIKES
from gatepost.db import Database, Later, Transaction
from gatepost.db.column import bigints, texts, times
from gatepost.ids import AccountId, EventId, TenantId, WebhookId
from gatepost.keys import Vault

CHANNEL = "gatepost_events"


async def listening(tx: Transaction) -> frozenset[AccountId]:
    """Return the accounts that somebody listens to: an endpoint, stopped or not, or a reader of their stream."""
    query = (
        "select account from webhook where tenant = %(tenant)s"
        " union select account from event_stream_reader where tenant = %(tenant)s"
    )
    return frozenset(AccountId(row.account) for row in await tx.all(query))


def announce(tx: Transaction, events: Sequence[Event], *, hint: bool, holder: str = "") -> Later:
    """Write the events somebody listens for, and a telling for each endpoint that asked for their kind.

    A stopped endpoint is told nothing, but what it missed is kept for a replay. Nobody is woken for a silent one, which
    is asked when its time comes. It costs no round trip of its own.

    Args:
        tx: what they happen in.
        events: all of one tenant.
        hint: wake whoever tells or places events when the transaction commits, unless that is ``holder`` alone.
        holder: who tells in this process.

    Returns:
        For ``fresh``: the tellings to the endpoints that ``holder`` tells.
    """
    query = """
        with given as (
          select * from unnest(%(ids)s, %(accounts)s, %(kinds)s, %(emails)s, %(lanes)s, %(refs)s, %(details)s,
            %(times)s)
          with ordinality as given (id, account, kind, email, lane, ref, detail, at, place)
        ), heard as (
          select given.*, reader.account is not null as is_fed, exists (
            select from webhook where tenant = %(tenant)s and webhook.account = given.account
              and given.kind = any(webhook.events)) as is_wanted
          from given left join event_stream_reader as reader
            on reader.tenant = %(tenant)s and reader.account = given.account
        ), made as (
          insert into event (tenant, id, account, kind, email, lane, ref, detail, at, is_fed)
          select %(tenant)s, id, account, kind, email, lane, ref, detail::jsonb, at, is_fed from heard
          where is_fed or is_wanted order by place
          on conflict do nothing returning id, account, kind, lane, at, is_fed
        ), promised as (
          insert into telling (tenant, webhook, event, lane, due_at, promised_at)
          select %(tenant)s, webhook.id, made.id, made.lane, made.at, made.at
          from made join webhook on webhook.tenant = %(tenant)s and webhook.account = made.account
            and made.kind = any(webhook.events) and not webhook.is_stopped
          returning webhook, event, lane, number
        ), told as materialized (
          select promised.*, hook.holder, hook.leased_until, hook.sealed, hook.wrapped_secret, hook.failures
          from promised join webhook as hook on hook.tenant = %(tenant)s and hook.id = promised.webhook
          where hook.failures < %(strikes)s
        ), hinted as materialized (
          select pg_notify(%(channel)s, '') where %(hint)s and (
            exists (select from made where is_fed)
            or exists (select from told where holder is distinct from %(holder)s))
        )
        select told.*, not exists (
            select from telling as earlier where earlier.tenant = %(tenant)s and earlier.webhook = told.webhook
              and earlier.lane = told.lane and earlier.state = 'waiting') as is_first, (
            select count(*) from webhook_secret as old where old.tenant = %(tenant)s and old.webhook = told.webhook
              and old.retires_at > %(now)s) as retiring
        from (values (true)) as always (is_so) left join hinted on true
          left join told on told.holder = %(holder)s
        order by told.number
    """
    return tx.later(
        query,
        ids=texts([event.id for event in events]),
        accounts=bigints([event.account for event in events]),
        kinds=texts([event.kind.value for event in events]),
        emails=texts([event.email for event in events]),
        lanes=texts([event.lane for event in events]),
        refs=texts([event.ref for event in events]),
        details=texts([_json(event.detail) for event in events]),
        times=times([event.at for event in events]),
        hint=hint,
        channel=CHANNEL,
        holder=holder,
        strikes=STRIKES,
        now=max(event.at for event in events),
    )


def fresh(promised: Later, events: Mapping[EventId, Event]) -> list[Fresh]:
    """Return what ``announce`` promised to endpoints of its ``holder``, in order; to be asked after the commit."""
    return [
        Fresh(
            Telling(webhook=WebhookId(row.webhook), event=events[EventId(row.event)], number=row.number),
            row.is_first,
            Edition(bytes(row.sealed), bytes(row.wrapped_secret), row.retiring, row.failures, is_stopped=False),
            row.leased_until,
        )
        for row in promised.rows()
        if row.webhook is not None and row.leased_until is not None
    ]


def _json(detail: Any) -> str:
    return orjson.dumps(dict(detail)).decode()


async def insert_webhook(tx: Transaction, endpoint: Endpoint) -> None:
    """Store a new endpoint."""
    query = (
        "insert into webhook (tenant, id, account, sealed, wrapped_secret, wrapped_seed, events, created_at)"
        " values (%(tenant)s, %(id)s, %(account)s, %(sealed)s, %(secret)s, %(seed)s, %(events)s, %(created_at)s)"
    )
    webhook = endpoint.webhook
    await tx.run(
        query,
        id=webhook.id,
        account=webhook.account,
        sealed=_sealed(tx, webhook),
        secret=endpoint.secrets.secret,
        seed=endpoint.secrets.seed,
        events=[kind.value for kind in webhook.events],
        created_at=webhook.created_at,
    )


def _sealed(tx: Transaction, webhook: Webhook) -> bytes:
    return tx.vault.seal_lasting(f"webhook/{webhook.id}", webhook.url.encode())  # a URL may carry a token


async def webhooks(tx: Transaction, account: AccountId) -> list[Webhook]:
    """Return the account's endpoints, oldest first."""
    query = "select * from webhook where tenant = %(tenant)s and account = %(account)s order by created_at, id"
    return [_webhook(tx.vault, row) for row in await tx.all(query, account=account)]


async def endpoint(tx: Transaction, webhook: WebhookId, at: datetime) -> Endpoint | None:
    """Return one endpoint with the secrets in force."""
    query = """
        select webhook.*, array(
          select wrapped_secret from webhook_secret as old
          where old.tenant = %(tenant)s and old.webhook = %(webhook)s and old.retires_at > %(at)s order by retires_at
        ) as retired
        from webhook where tenant = %(tenant)s and id = %(webhook)s
    """
    row = await tx.maybe(query, webhook=webhook, at=at)
    if row is None:
        return None
    seed = None if row.wrapped_seed is None else bytes(row.wrapped_seed)
    secrets = Secrets(bytes(row.wrapped_secret), seed, tuple(map(bytes, row.retired)))
    return Endpoint(_webhook(tx.vault, row), secrets, bytes(row.sealed))


async def change_webhook(tx: Transaction, webhook: Webhook) -> None:
    """Write where an endpoint lies, what it is told of and whether it is stopped."""
    query = """
        update webhook set sealed = %(sealed)s, events = %(events)s, is_stopped = %(is_stopped)s,
          stop_reason = %(stop_reason)s, stopped_at = %(stopped_at)s
        where tenant = %(tenant)s and id = %(id)s
    """
    await tx.run(
        query,
        id=webhook.id,
        sealed=_sealed(tx, webhook),
        events=[kind.value for kind in webhook.events],
        is_stopped=webhook.is_stopped,
        stop_reason=webhook.stop_reason,
        stopped_at=webhook.stopped_at,
    )


async def replace_secret(
    tx: Transaction, webhook: WebhookId, secrets: Secrets, *, retired: bytes, at: datetime, retires_at: datetime
) -> None:
    """Put new secrets in force; ``retired``, the one before, still signs until ``retires_at``."""
    tx.send(
        "delete from webhook_secret where tenant = %(tenant)s and webhook = %(webhook)s and retires_at <= %(at)s",
        webhook=webhook,
        at=at,
    )
    if retires_at > at:
        tx.send(
            "insert into webhook_secret (tenant, webhook, wrapped_secret, retires_at)"
            " values (%(tenant)s, %(webhook)s, %(retired)s, %(retires_at)s)"
            " on conflict (tenant, webhook, retires_at) do nothing",
            webhook=webhook,
            retired=retired,
            retires_at=retires_at,
        )
    else:
        tx.send("delete from webhook_secret where tenant = %(tenant)s and webhook = %(webhook)s", webhook=webhook)
    await tx.run(
        "update webhook set wrapped_secret = %(secret)s, wrapped_seed = %(seed)s"
        " where tenant = %(tenant)s and id = %(webhook)s",
        webhook=webhook,
        secret=secrets.secret,
        seed=secrets.seed,
    )


async def delete_webhook(tx: Transaction, account: AccountId, webhook: WebhookId) -> bool:
    """Forget an endpoint and what it was told; False where the account has none of this id."""
    query = "delete from webhook where tenant = %(tenant)s and account = %(account)s and id = %(webhook)s"
    if not await tx.run(query, account=account, webhook=webhook):
        return False
    tx.send("delete from webhook_secret where tenant = %(tenant)s and webhook = %(webhook)s", webhook=webhook)
    tx.send("delete from telling where tenant = %(tenant)s and webhook = %(webhook)s", webhook=webhook)
    tx.send("delete from telling_attempt where tenant = %(tenant)s and webhook = %(webhook)s", webhook=webhook)
    return True


async def health_of(tx: Transaction, webhooks: Collection[WebhookId]) -> dict[WebhookId, tuple[AccountId, Health]]:
    """Return how endpoints fare, and whose they are; those that are gone or stopped are missing."""
    query = """
        select id, account, failures, failing_since, warned_at, due_at from webhook
        where tenant = %(tenant)s and id = any(%(ids)s) and not is_stopped
    """
    rows = await tx.all(query, ids=list(webhooks))
    return {WebhookId(row.id): (AccountId(row.account), _health(row)) for row in rows}


def put_health(tx: Transaction, webhook: WebhookId, health: Health) -> None:
    """Write how an endpoint fares."""
    query = """
        update webhook set failures = %(failures)s, failing_since = %(failing_since)s, warned_at = %(warned_at)s,
          due_at = %(due_at)s
        where tenant = %(tenant)s and id = %(webhook)s
    """
    tx.send(
        query,
        webhook=webhook,
        failures=health.failures,
        failing_since=health.failing_since,
        warned_at=health.warned_at,
        due_at=health.due_at,
    )


def stop_webhook(tx: Transaction, webhook: WebhookId, *, reason: str, at: datetime) -> None:
    """Tell an endpoint nothing any more; what waited for it is dead, and can be replayed."""
    tx.send(
        "update webhook set is_stopped = true, stop_reason = %(reason)s, stopped_at = %(at)s"
        " where tenant = %(tenant)s and id = %(webhook)s",
        webhook=webhook,
        reason=reason,
        at=at,
    )
    tx.send(
        "update telling set state = 'dead', reason = 'webhook.stopped', settled_at = %(at)s"
        " where tenant = %(tenant)s and webhook = %(webhook)s and state = 'waiting'",
        webhook=webhook,
        at=at,
    )


async def take(db: Database, me: str, *, at: datetime, until: datetime) -> list[tuple[TenantId, WebhookId]]:
    """Take every endpoint with something due that nobody else tells; return those that are ours."""
    rows = await db.look_up("select * from lookup_take_webhooks(%(me)s, %(at)s, %(until)s)", me=me, at=at, until=until)
    return [(TenantId(row.tenant), WebhookId(row.id)) for row in rows]


async def renew(db: Database, me: str, until: datetime) -> None:
    """Say that we are alive."""
    await db.look_up("select lookup_renew_webhooks(%(me)s, %(until)s)", me=me, until=until)


async def leave(db: Database, me: str) -> None:
    """Leave our endpoints to whoever comes next."""
    await db.look_up("select lookup_leave_webhooks(%(me)s)", me=me)


def _webhook(vault: Vault, row: Any) -> Webhook:
    return Webhook(
        id=WebhookId(row.id),
        account=AccountId(row.account),
        url=vault.open(f"webhook/{row.id}", bytes(row.sealed)).decode(),
        created_at=row.created_at,
        events=tuple(map(EventKind, row.events)),
        stop_reason=row.stop_reason,
        stopped_at=row.stopped_at,
        health=_health(row),
    )


def _health(row: Any) -> Health:
    return Health(failures=row.failures, failing_since=row.failing_since, warned_at=row.warned_at, due_at=row.due_at)
