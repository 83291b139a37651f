"""Exercises: something happens to canaries, whom it concerns is computed as it would be in earnest, and that is told.

The truth is planted first: letters of an author who writes this once. What the record says of that author must be
exactly these. Then a notice is mailed to those concerned as any notice is: in the operator's name, signed with its key,
by the road that takes all our mail out, to a mail server that the exercise brings. It counts once that server has it.
Awareness and notice are stated as an exercise in the public trust log. The one thing that is not as in earnest is where
the road leads: not to the recipient's own server, since nobody outside is bothered with exercises.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from ipaddress import ip_network

import structlog

from gatepost import domains
from gatepost.clock import Clock
from gatepost.egress import Destination, Egress, NextHop, Purpose, Register
from gatepost.ids import TenantId, token
from gatepost.journey import House
from gatepost.mail.address import Address
from gatepost.record.paper import Json
from gatepost.record.search import Sought
from gatepost.record.trust_log import Fact
from gatepost.trust import clocks, incidents, postbox, status
from gatepost.trust.affected import rows_of
from gatepost.trust.checks.mail import door
from gatepost.trust.incidents import Impact, Incident, State
from gatepost.trust.paper import CannotVerifyError, Finding, failed, passed
from gatepost.trust.postbox import Words
from gatepost.trust.probe.client import ProbeError, Prober
from gatepost.trust.probe.mail import Letter, hand_in
from gatepost.trust.probe.receiver import Handed, receiving
from gatepost.trust.probe.server import HOST
from gatepost.trust.world import World

LETTERS = 2
WAIT_S, POLL_S = 20.0, 0.25
WITHIN = timedelta(hours=24)
_MARGIN = timedelta(minutes=1)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Exercise:
    """What was planted, what the record says was concerned, since when that is known, and how notice of it is given.

    Attributes:
        to: who is told.
        ref: the incident that the notice must name.
        tell: gives notice; returns what the server has that those concerned get their mail from.
        mark: states that they were told, and when.
    """

    planted: frozenset[str]
    affected: frozenset[str]
    aware_at: datetime
    to: str
    ref: str
    tell: Callable[[], Awaitable[Sequence[Handed]]]
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
    words = Words(
        name=f"exercise-{aware.object_ref}", subject="Exercise: a notice", text=f"{aware.object_ref}: {extent}\n"
    )
    to = world.canary.address

    async def mark() -> datetime:
        fact = incidents.marked(await _incident(house, aware.object_ref), clocks.NOTICE, at=house.clock())
        await _say(house, fact)
        return fact.at

    tell = partial(mailed, house, postbox.author_of(world.operator), Address.parse(to), words)
    return Exercise(planted, found, aware.at, to, aware.object_ref, tell, mark, house.clock)


async def mailed(house: House, author: Address, to: Address, words: Words) -> Sequence[Handed]:
    """Mail by the house's road out, which leads to a server of ours for this once; return what that has.

    Raises:
        CannotVerifyError: this house answers for no domain that the operator writes from.
    """
    if await domains.tenant_of(house.db, author.domain) is None:
        raise CannotVerifyError("contact.elsewhere")
    async with receiving() as receiver:
        port, here = receiver.port, (ip_network(HOST),)
        row = Destination(purpose=Purpose.RELAY, host=HOST, port=port, networks=here, is_clear=True)
        egress = Egress(Register([row]), _nowhere, house.clock)
        tried = await postbox.post(replace(house, egress=egress, next_hop=NextHop(HOST, port)), author, to, words)
        log.info("exercise.mailed", ref=words.name, result=tried.result.value, reason=tried.reason)
        return tuple(receiver.taken)


async def _nowhere(_host: str) -> list[str]:
    return []


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
    identifier = incidents.new_id(house.entropy)
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
    came = [each for each in await target.tell() if each.rcpt_to == target.to and target.ref.encode() in each.octets]
    if not came:
        return failed("notice.undelivered")
    if not came[0].octets.startswith(b"DKIM-Signature:"):
        return failed("notice.unsigned")
    took = await target.mark() - target.aware_at
    value: dict[str, Json] = {
        "planted": len(target.planted),
        "found": len(target.affected),
        "seconds_to_notice": round(took.total_seconds(), 1),
    }
    return passed(value) if took <= WITHIN else failed("notice.late", value)
