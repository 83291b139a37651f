"""Endpoints and what they were told, for the operator."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer

from gatepost import access, act
from gatepost.access.paper import Account
from gatepost.app import administer
from gatepost.app.administer import OPERATOR
from gatepost.cli.frame import AsJson, ForTenant, Refusal, show, with_house
from gatepost.cli.menu import app
from gatepost.db import Transaction
from gatepost.ids import EventId, TenantId, WebhookId
from gatepost.journey import House

T = TypeVar("T")

webhooks = typer.Typer(help="The endpoints told of mail: how they fare, tests, replays.", no_args_is_help=True)
app.add_typer(webhooks, name="webhook")

OfWebhook = Annotated[str, typer.Argument(help="The endpoint: gatepost webhook list.")]

LISTED = ("id", "mailbox", "state", "events", "failures", "url")
DELIVERIES = ("event", "kind", "state", "attempts", "reason", "promised")

Found = tuple[House, TenantId, Transaction, Account]


def _of(tenant: str | None, identifier: str, work: Callable[[Found], Awaitable[T]]) -> T:
    """Do ``work`` in a transaction on the mailbox whose endpoint this is."""

    async def inside(house: House) -> T:
        owner = (await administer.find_tenant(house, tenant)).id
        async with house.db.transaction(owner) as tx:
            for account in await access.list_accounts(tx):
                if any(hook.id == identifier for hook in await act.list_all(tx, account.id)):
                    return await work((house, owner, tx, account))
        raise Refusal("there is no such endpoint: gatepost webhook list")

    try:
        return with_house(inside)
    except (access.AccessError, act.WebhookError) as error:
        raise Refusal(str(error)) from error


def _row(account: Account, hook: act.Webhook) -> dict[str, Any]:
    failing = (
        f"failing since {hook.health.failing_since:%Y-%m-%d %H:%M} UTC" if hook.health.failing_since else "working"
    )
    return {
        "id": hook.id,
        "mailbox": str(account.address),
        "state": f"stopped: {hook.stop_reason}" if hook.is_stopped else failing,
        "events": ", ".join(hook.events),
        "failures": hook.health.failures,
        "url": hook.url,
    }


@webhooks.command("list")
def list_(*, tenant: ForTenant = None, as_json: AsJson = False) -> None:
    """List every endpoint and how it fares."""

    async def work(house: House) -> list[dict[str, Any]]:
        owner = await administer.find_tenant(house, tenant)
        async with house.db.transaction(owner.id) as tx:
            return [
                _row(account, hook)
                for account in await access.list_accounts(tx)
                for hook in await act.list_all(tx, account.id)
            ]

    try:
        rows = with_house(work)
    except access.AccessError as error:
        raise Refusal(str(error)) from error
    show(rows, columns=LISTED, as_json=as_json, empty="no endpoint yet: POST /v1/mailboxes/{id}/webhooks")


@webhooks.command("test")
def probe(webhook_id: OfWebhook, *, tenant: ForTenant = None) -> None:
    """Send one signed webhook.test now and say what the receiver answered."""

    async def find(found: Found) -> tuple[TenantId, Account]:
        return found[1], found[3]

    owner, account = _of(tenant, webhook_id, find)
    answer = with_house(lambda house: act.test(house, owner, account.id, WebhookId(webhook_id), actor=OPERATOR))
    typer.echo(f"{answer.status_code or 'no answer'}: {answer.reason}, {answer.took_ms} ms")
    if not answer.is_done:
        raise typer.Exit(1)


@webhooks.command()
def start(webhook_id: OfWebhook, *, tenant: ForTenant = None) -> None:
    """Set a stopped endpoint going again."""

    async def work(found: Found) -> None:
        house, _, tx, account = found
        changes = act.Changes(is_stopped=False)
        await act.change(tx, house, account.id, WebhookId(webhook_id), changes, actor=OPERATOR)

    _of(tenant, webhook_id, work)
    typer.echo(f"told again from now on; for what it missed: gatepost webhook replay {webhook_id} --dead")


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=at.tzinfo or UTC) if at else None


@webhooks.command()
def replay(
    webhook_id: OfWebhook,
    *,
    event: Annotated[list[str] | None, typer.Option(help="An event's id; may be repeated.")] = None,
    since: Annotated[datetime | None, typer.Option(help="From this time on, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Before this time, UTC.")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="Only what was given up.")] = False,
    tenant: ForTenant = None,
) -> None:
    """Tell events of the last 30 days again, by id or by time."""

    async def work(found: Found) -> int:
        house, _, tx, account = found
        hook = (await act.find(tx, house, account.id, WebhookId(webhook_id))).webhook
        wanted = act.Wanted(
            kinds=hook.events,
            events=[EventId(each) for each in event] if event else None,
            since=_utc(since),
            until=_utc(until),
            only_dead=dead,
        )
        return await act.replay(tx, house, account.id, hook.id, wanted, actor=OPERATOR)

    typer.echo(f"{_of(tenant, webhook_id, work)} events will be told again")


@webhooks.command()
def deliveries(
    webhook_id: OfWebhook,
    *,
    state: Annotated[act.State | None, typer.Option(help="Only those that stand so; dead: given up.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many at most.")] = 20,
    tenant: ForTenant = None,
    as_json: AsJson = False,
) -> None:
    """Show what an endpoint was told, newest first."""

    async def work(found: Found) -> list[dict[str, Any]]:
        house, _, tx, account = found
        wanted = act.Filter(limit=limit, state=state)
        return [
            {
                "event": one.telling.event.id,
                "kind": one.telling.event.kind.value,
                "state": one.telling.state.value,
                "attempts": one.telling.attempts,
                "reason": f"{one.status_code or ''} {one.reason}".strip(),
                "promised": one.promised_at,
            }
            for one in await act.deliveries(tx, house, account.id, WebhookId(webhook_id), wanted)
        ]

    show(_of(tenant, webhook_id, work), columns=DELIVERIES, as_json=as_json, empty="nothing was told yet")
