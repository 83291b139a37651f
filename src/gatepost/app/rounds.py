"""The status page's round trips, set up for the house that runs: its doors, its canaries, a receiver of its own."""

import asyncio

import structlog

from gatepost import access, act
from gatepost.act.paper import EventKind
from gatepost.app.administer import OPERATOR
from gatepost.app.state import Running
from gatepost.db import DatabaseUnavailableError
from gatepost.doors.public.status import ECHO
from gatepost.egress import EgressRefusedError
from gatepost.ids import WebhookId
from gatepost.jobs.pause import pause
from gatepost.journey import House
from gatepost.mail.address import Address
from gatepost.settings import Settings
from gatepost.trust import Canary, Endpoint
from gatepost.trust.probes import Hook, Rounds
from gatepost.trust.uptime import Pace

WAIT_S = 2.0
log = structlog.get_logger()


def pace(settings: Settings) -> Pace:
    """Return how often the round trips are made."""
    return Pace(every_s=settings.trust.probe_every_s, trip_s=settings.trust.probe_trip_s)


async def make(
    settings: Settings,
    house: House,
    running: Running,
    doors: tuple[Endpoint, ...],
    canary: Canary,
    stop: asyncio.Event,
    *,
    is_tried_out: bool,
) -> None:
    """Make round trips until ``stop`` is set; the receiver waits for a database that is away."""
    hook: Hook | None = None
    # A house whose only address is this machine's may not tell itself anything, unless it is for trying out.
    is_reached = is_tried_out or bool(settings.http.public_url)
    while is_reached and hook is None and not stop.is_set():
        try:
            hook = await ensure_hook(house, canary, f"{running.base_url.removesuffix('/api')}{ECHO}")
            break
        except DatabaseUnavailableError as error:
            log.warning("status.delayed", error=type(error).__name__)
        await pause(stop, WAIT_S)
    by_name = {each.door: each for each in doors}
    rounds = Rounds(
        house=house,
        canary=canary,
        smtp=by_name["smtp"],
        http=by_name["http"],
        hook=hook,
        pace=pace(settings),
    )
    await rounds.run(stop)


async def ensure_hook(house: House, canary: Canary, url: str) -> Hook | None:
    """Return the canaries' endpoint at ``url``, and remove those that led elsewhere.

    None without their mailbox, and where ``url`` spells out an address that this house may not connect to.
    """
    async with house.db.transaction(canary.tenant) as tx:
        account = await access.account_at(tx, Address.parse(canary.address))
        if account is None:
            return None
        found: WebhookId | None = None
        for each in await act.list_all(tx, account.id):
            if each.url == url and found is None:
                found = each.id
            else:
                await act.remove(tx, house, account.id, each.id, actor=OPERATOR)
        if found is None:  # told of nothing that happens to mail: only of the tests that the rounds ask for
            try:
                made = await act.add(tx, house, account.id, url, events=(EventKind.STOPPED,), actor=OPERATOR)
            except EgressRefusedError:
                return None
            found = made.webhook.id
    return Hook(canary.tenant, account.id, found)
