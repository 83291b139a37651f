"""Exercises: something happens to canaries, whom it concerns is computed as it would be in earnest, and that is told.

The truth is planted first: letters of an author who writes this once. What the record says of that author must be
exactly these. Then a notice is mailed to those concerned, through the door where all mail comes in; it counts once the
record of who gets it says that it was delivered. Awareness and notice are stated as an exercise in the public trust
log. How notices leave for other houses is no part of it: nobody outside is bothered with exercises.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatepost.clock import Clock
from gatepost.ids import TenantId, token
from gatepost.journey import House
from gatepost.record.paper import Json
from gatepost.record.search import Sought
from gatepost.record.trust_log import Fact
from gatepost.trust import clocks, incidents, status
from gatepost.trust.affected import rows_of
from gatepost.trust.checks.mail import Canary, Postbox, door, postbox_of, taken
from gatepost.trust.incidents import Impact, Incident, State
from gatepost.trust.paper import CannotVerifyError, Finding, failed, passed
from gatepost.trust.probe.client import ProbeError, Prober
from gatepost.trust.probe.mail import FRIEND, Letter, hand_in
from gatepost.trust.world import World

LETTERS = 2
WAIT_S, POLL_S = 20.0, 0.25
NOTICE = "gdpr.controller_notice"
WITHIN = timedelta(hours=24)
_MARGIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Exercise:
    """What was planted, what the record says was concerned, since when that is known, and where notice of it goes.

    ``box``: of those concerned, with the notice as its one canary. ``mark`` states that they were told, and when.
    """

    planted: frozenset[str]
    affected: frozenset[str]
    aware_at: datetime
    box: Postbox
    mark: Callable[[], Awaitable[datetime]]
    clock: Clock


async def exercise(world: World, _arguments: Mapping[str, str]) -> Exercise:
    """Play one through with the canaries, up to the notice."""
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
    extent = f"An exercise with canaries: {len(found)} messages of one author."
    aware = await _aware(house, extent)
    words = f"Notice of {aware.object_ref}. {extent}"
    box = await postbox_of(world, world.canary.address, {"notice": Canary(FRIEND, words=words)})

    async def mark() -> datetime:
        fact = incidents.marked(await _incident(house, aware.object_ref), NOTICE, at=house.clock())
        await _say(house, fact)
        return fact.at

    return Exercise(planted, found, aware.at, box, mark, house.clock)


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


async def _aware(house: House, extent: str) -> Fact:
    """State that it is known, as an exercise that is over as soon as it is; return what was stated."""
    identifier = status.new_id(house.entropy)
    opened = incidents.opened(
        identifier,
        name="Exercise",
        state=State.RESOLVED,
        impact=Impact.NONE,
        body=extent,
        at=house.clock(),
        kind=clocks.Kind.BREACH,
        is_exercise=True,
    )
    await _say(house, opened)
    aware = incidents.marked(await _incident(house, identifier), clocks.AWARE, at=house.clock())
    await _say(house, aware)
    return aware


async def _say(house: House, fact: Fact) -> None:
    await status.say(house.db, fact, entropy=house.entropy)


async def _incident(house: House, identifier: str) -> Incident:
    found = await status.read_incident(house, identifier)
    if found is None:
        raise CannotVerifyError("incident.missing")
    return found


async def exercised(target: Exercise) -> Finding:
    """See that the affected set is the planted one, no letter more or less, and that notice comes to them in time."""
    if target.affected != target.planted:
        missing, strange = len(target.planted - target.affected), len(target.affected - target.planted)
        return failed("affected.differs", {"missing": missing, "strange": strange, "planted": len(target.planted)})
    if target.clock() - target.aware_at > WITHIN:
        return failed("notice.late")
    if await taken(target.box, next(iter(target.box.kinds))) is None:
        return failed("notice.undelivered")
    took = await target.mark() - target.aware_at
    value: dict[str, Json] = {
        "planted": len(target.planted),
        "found": len(target.affected),
        "seconds_to_notice": round(took.total_seconds(), 1),
    }
    return passed(value) if took <= WITHIN else failed("notice.late", value)
