"""Webhook endpoints: do they answer? What nobody hears waits for three days, and is given up then."""

import shlex
from datetime import datetime, timedelta

from gatepost import access, act
from gatepost.app.doctor.finding import Finding, ok, warning
from gatepost.db import Database

CHECK = "webhooks.heard"
SHOWN = 5
"""Endpoints named one by one."""


async def look(db: Database, now: datetime) -> list[Finding]:
    """Return one finding for each of the longest silent endpoints, with a word of the others, or that all answer."""
    telling = await act.behind(db)
    if not telling.silent:
        return [ok(CHECK, "each webhook endpoint that was told anything answers")]
    names = {each.id: each.name for each in await access.list_tenants(db)}
    found = [_finding(each, names.get(each.tenant, each.tenant), now) for each in await act.silent(db, SHOWN)]
    if telling.silent > SHOWN:
        said = f"{telling.silent - SHOWN} more webhook endpoints do not answer"
        found.append(warning(CHECK, said, "gatepost webhook list --tenant NAME"))
    return [*found, _waiting(telling)] if telling.waiting or telling.dead else found


def _finding(each: act.Silent, tenant: str, now: datetime) -> Finding:
    for_ = timedelta(seconds=int((now - each.since).total_seconds()))
    said = f"endpoint {each.webhook} of {tenant} has not answered for {for_}"
    named = f"{each.webhook} --tenant {shlex.quote(tenant)}"
    test = f"gatepost webhook test {named} says why"
    if each.is_stopped:
        next_step = f"{test}; mend the receiver, then gatepost webhook start {named}"
        return warning(CHECK, f"{said}, and is told nothing any more", next_step)
    return warning(CHECK, said, f"{test}; its owner mends the receiver or removes it")


def _waiting(telling: act.Behind) -> Finding:
    said = f"{telling.waiting} events wait for webhook endpoints, and {telling.dead} were given up"
    return warning(
        "webhooks.told", said, "once they answer, for what was given up: gatepost webhook replay ENDPOINT --dead"
    )
