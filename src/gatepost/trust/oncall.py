"""Alerts are raised, carried to whoever is on call, and acknowledged."""

from collections.abc import Iterable
from datetime import timedelta

from gatepost.journey import House
from gatepost.mail.address import Address
from gatepost.record.paper import Json
from gatepost.record.trust_log import TRUST
from gatepost.trust import alerts, pager, stating, store
from gatepost.trust.alerts import Alert, Cause
from gatepost.trust.cases import CaseError
from gatepost.trust.operator import Operator
from gatepost.trust.registers import Responder, Shift

WINDOW = timedelta(days=30)
AT_ONCE_MAX = 20
"""Alerts raised in one turn: a storm is told by its first ones."""


async def raise_all(house: House, causes: Iterable[Cause]) -> list[str]:
    """Raise an alert about each cause that has none yet; return their ids."""
    wanted = {cause.alert: cause for cause in causes}
    made: list[str] = []
    async with house.db.transaction(TRUST) as tx:
        await store.lock_challenges(tx)
        for identifier, cause in wanted.items():
            if len(made) >= AT_ONCE_MAX:
                break
            if await store.is_stated(tx, alerts.SUBJECT + identifier, alerts.RAISED):
                continue
            fact = alerts.raised(cause, at=house.clock())
            await stating.state_in(tx, alerts.SUBJECT, fact, entropy=house.entropy)
            made.append(identifier)
    return made


async def read_alerts(house: House) -> list[Alert]:
    """Return the alerts of the last thirty days, oldest first."""
    return alerts.alerts_of(await stating.facts(house.db, alerts.SUBJECT, house.clock() - WINDOW))


async def carry(house: House, operator: Operator, author: Address) -> None:
    """Call whoever is to be called now, and state what came of it."""
    shifts = sorted(operator.rota, key=lambda each: each.level)
    for alert in await read_alerts(house):
        for shift in alert.due_levels(shifts, house.clock()):
            responder = alerts.on_call(shift, operator.responders, house.clock())
            if responder is not None:
                await _call(house, alert, shift, responder, author)


async def _call(house: House, alert: Alert, shift: Shift, responder: Responder, author: Address) -> None:
    name = f"{alert.id}-{shift.level}-{len(alert.tries.get(shift.level, ()))}"
    kind, about = alert.cause.kind.value, alert.cause.about
    lines = (
        f"Alert {alert.id}: {kind} {about}",
        f"Raised {alert.raised_at:%Y-%m-%d %H:%M} UTC. It goes further up until somebody takes it on:",
        "",
        f"gatepost incident acknowledge {alert.id} --by '{responder.ref}'",
    )
    to = Address.parse(responder.address)
    told = await pager.mail(house, author, to, name=name, subject=f"Alert: {kind} {about}"[:78], lines=lines)
    results = [told]
    if responder.webhook:
        said: dict[str, Json] = {
            "type": "duty.alert",
            "alert": alert.id,
            "kind": kind,
            "about": about,
            "level": shift.level,
        }
        results.append(await pager.hook(house, responder.webhook, name=name, ref=alert.id, said=said))
    fact = alerts.sent(
        alert,
        level=shift.level,
        to=responder.ref,
        result=" ".join(each.result for each in results),
        is_taken=any(each.is_taken for each in results),
        at=house.clock(),
    )
    await stating.state(house.db, alerts.SUBJECT, fact, entropy=house.entropy)


async def acknowledge(house: House, about: str, *, by: str) -> list[str]:
    """State that somebody takes on an alert, or every open one about an incident; return their ids.

    Raises:
        CaseError: there is none that is open, or ``by`` is no reference.
    """
    open_ = [each for each in await read_alerts(house) if each.acknowledged_at is None]
    meant = [each for each in open_ if about in {each.id, each.cause.about, each.cause.about.partition("/")[0]}]
    if not meant:
        raise CaseError("no open alert has this id or is about it: gatepost incident alerts")
    for each in meant:
        fact = alerts.acknowledged(each, by=by, at=house.clock())
        await stating.state(house.db, alerts.SUBJECT, fact, entropy=house.entropy)
    return [each.id for each in meant]
