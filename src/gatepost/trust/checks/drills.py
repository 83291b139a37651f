"""Exercises: something happens to canaries, and whom it concerns is computed as it would be in earnest.

The truth is planted first: letters of an author who writes this once. What the record says of that author must be
exactly these, and the way from awareness to the notice is stated as an exercise in the public trust log.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatepost.ids import TenantId, token
from gatepost.journey import House
from gatepost.record.search import Sought
from gatepost.record.trust_log import Fact
from gatepost.trust import clocks, incidents, status
from gatepost.trust.affected import rows_of
from gatepost.trust.checks.mail import door
from gatepost.trust.incidents import Impact, Incident, State
from gatepost.trust.paper import CannotVerifyError, Finding, failed, passed
from gatepost.trust.probe.client import ProbeError, Prober
from gatepost.trust.probe.mail import Letter, hand_in
from gatepost.trust.world import World

LETTERS = 2
WAIT_S, POLL_S = 20.0, 0.25
NOTICE = "gdpr.controller_notice"
WITHIN = timedelta(hours=24)
_MARGIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Exercise:
    """What was planted, what the record says was concerned, and when who was to know knew."""

    planted: frozenset[str]
    affected: frozenset[str]
    aware_at: datetime
    noticed_at: datetime | None


async def exercise(world: World, _arguments: Mapping[str, str]) -> Exercise:
    """Play one through with the canaries."""
    if world.canary is None:
        raise CannotVerifyError("canary.missing")
    house, smtp = world.house, door(world)
    author = f"exercise-{token('ex', house.entropy(10))}@canary.invalid"
    prober, began = Prober(house.egress, house.entropy), house.clock()
    planted = frozenset(f"{token('cy', house.entropy(20))}@canary.invalid" for _ in range(LETTERS))
    for name in planted:
        letter = Letter(mail_from=author, author=author, to=world.canary.address, message_id=name)
        try:
            await hand_in(prober, smtp.host, smtp.port, letter, tls=smtp.tls == "starttls")
        except ProbeError as error:
            raise CannotVerifyError("door.unreachable") from error
    found = await _affected(house, world.canary.tenant, author, began)
    aware_at, noticed_at = await _told(house, len(found))
    return Exercise(planted, found, aware_at, noticed_at)


async def _affected(house: House, tenant: TenantId, author: str, began: datetime) -> frozenset[str]:
    """Return the letters the record says were an author's, once it says of as many, or in the end of fewer."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WAIT_S
    while True:
        sought = Sought(since=began - _MARGIN, until=house.clock() + _MARGIN, sender=author)
        rows, _ = await rows_of(house.db, tenant, sought)
        found = frozenset(str(row.found.opened.get("message_id", "")).strip("<>") for row in rows) - {""}
        if len(found) >= LETTERS or loop.time() > deadline:
            return found
        await asyncio.sleep(POLL_S)


async def _told(house: House, count: int) -> tuple[datetime, datetime]:
    """State awareness and the notice, as of an exercise that is over as soon as it is known."""
    identifier = status.new_id(house.entropy)
    opened = incidents.opened(
        identifier,
        name="Exercise",
        state=State.RESOLVED,
        impact=Impact.NONE,
        body=f"An exercise with canaries: {count} messages of one author.",
        at=house.clock(),
        kind=clocks.Kind.BREACH,
        is_exercise=True,
    )
    await status.say(house.db, opened, entropy=house.entropy)
    aware = incidents.marked(await _incident(house, identifier), clocks.AWARE, at=house.clock())
    await _say(house, aware)
    noticed = incidents.marked(await _incident(house, identifier), NOTICE, at=house.clock())
    await _say(house, noticed)
    return aware.at, noticed.at


async def _say(house: House, fact: Fact) -> None:
    await status.say(house.db, fact, entropy=house.entropy)


async def _incident(house: House, identifier: str) -> Incident:
    found = await status.read_incident(house.db, identifier)
    if found is None:
        raise CannotVerifyError("incident.missing")
    return found


async def exercised(target: Exercise) -> Finding:
    """See that the affected set is the planted one, no letter more or less, and that notice followed in time."""
    if target.affected != target.planted:
        missing, strange = len(target.planted - target.affected), len(target.affected - target.planted)
        return failed("affected.differs", {"missing": missing, "strange": strange, "planted": len(target.planted)})
    if target.noticed_at is None or target.noticed_at - target.aware_at > WITHIN:
        return failed("notice.late")
    # How long that took says nothing: in an exercise both marks are the house's own, one right after the other.
    return passed({"planted": len(target.planted), "found": len(target.affected)})
