"""An outage that the probes see opens an incident by itself; its end closes it, unless a person has taken it over.

A stretch in which nobody probed, such as the whole house being off, is one as well: it is told as soon as it is over.
So is a process of ours that hung or died and was replaced, though the round trips went through the others. Maintenance
that was planned and never begun ends with its window.

What is opened so is a draft in words and no draft on the page: it is stated, shown and told, and whoever is on call is
called about it as about any other. From a person's first word on the incident is that person's to close.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from gatepost.db import Transaction
from gatepost.journey import House
from gatepost.record.trust_log import Fact
from gatepost.trust import fault_store, incidents, stating, status_store
from gatepost.trust.fault import Fault
from gatepost.trust.incidents import ACTIVE, Impact, Incident, State
from gatepost.trust.leaf import instant
from gatepost.trust.uptime import DAY, DAYS, NAMES, REASONS, Component, Pace, Sample

UP_AGAIN = 3
"""How many round trips in a row have to come back through a part until its outage counts as over."""
_NOW = timedelta(seconds=1)
_GAPS_TOLD = 5
LOST: Mapping[str, Component | None] = {
    "smtp.worker_hangs": Component.SMTP,
    "smtp.worker_died": Component.SMTP,
    "agents.process_hangs": None,
    "agents.process_died": None,
}
"""Errors nobody expected that say that a process is gone, by their event: of which part it was.

None: of hosted agents, which no round trip goes through, for it is there only while some tenant has them on.
"""
_FAULTS_READ = 50
_NOTED = timedelta(seconds=30)
"""How long an error may take until it is written down; what is older was seen by the round before."""

Gap = tuple[datetime, datetime]


async def attend(
    tx: Transaction, house: House, seen: Sequence[Sample], before: Mapping[Component, Sample], pace: Pace
) -> None:
    """State what a round calls for, in the transaction of ``TRUST`` that keeps its samples.

    Args:
        tx: the transaction.
        house: whose parts they are.
        seen: the round's samples, and those of rounds that could not be kept when they were made.
        before: each part's newest sample before these.
        pace: of the probes.
    """
    now = house.clock()
    said = incidents.incidents_of(await stating.facts_in(tx, incidents.SUBJECT, now - DAYS * DAY))
    own = [each for each in said if each.is_automatic and not each.is_over]
    lately = await status_store.samples(tx, min(each.opened_at for each in own), now + _NOW) if own else []
    faults = await fault_store.read(tx, _FAULTS_READ)
    quiet = None not in lost(faults, now - UP_AGAIN * timedelta(seconds=pace.every_s))
    facts = [over(each, now) for each in own if (is_over(each, lately) if each.components else quiet)]
    facts += [lapsed(each, now) for each in said if is_lapsed(each, now)]
    down, silent = out(seen, said), gaps(seen, before, pace)
    if before:
        gone = lost(faults, max(each.at for each in before.values()) - _NOTED).keys() - down.keys() - spoken_for(said)
        facts += [replaced(incidents.new_id(house.entropy), each, now) for each in sorted(gone, key=str)]
    blind = {each.component for each in seen} - spoken_for(said) if silent else set()
    if down or blind:
        facts.append(opened(incidents.new_id(house.entropy), down, now, blind=blind, silent=silent))
    for fact in facts:
        await stating.state_in(tx, incidents.SUBJECT, fact, entropy=house.entropy)


def spoken_for(said: Iterable[Incident]) -> set[Component | None]:
    """Return the parts of which an open incident, or maintenance under way, speaks; None for hosted agents."""
    return {
        part
        for each in said
        if not each.is_exercise and (each.state in ACTIVE or not (each.is_maintenance or each.is_over))
        for part in each.components or ([None] if each.name == _name_of(None) else [])
    }


def out(seen: Iterable[Sample], said: Iterable[Incident]) -> dict[Component, str]:
    """Return the parts that were seen out, each with why, of which nobody speaks yet."""
    known = spoken_for(said)
    return {each.component: each.reason for each in seen if not each.is_up and each.component not in known}


def lost(faults: Iterable[Fault], since: datetime) -> dict[Component | None, datetime]:
    """Return the parts of which a process hung or died since then, and when."""
    return {LOST[each.during]: each.last_at for each in faults if each.during in LOST and each.last_at > since}


def replaced(identifier: str, part: Component | None, at: datetime) -> Fact:
    """Return the word on a part of which one process was lost, while others went on; None for hosted agents."""
    missed = (
        "agents took no turns; their mail was kept and waits"
        if part is None
        else "conversations with it were not answered"
    )
    return incidents.opened(
        identifier,
        name=_name_of(part),
        state=State.INVESTIGATING,
        impact=Impact.MINOR,
        body=f"Opened by the house: a process of this part hung or died and is replaced; until then {missed}."
        " Nobody has spoken to it yet.",
        at=at,
        components=[] if part is None else [part],
        is_automatic=True,
    )


def _name_of(part: Component | None) -> str:
    return f"{'Hosted agents' if part is None else NAMES[part][0]}: a process was lost"


def gaps(seen: Iterable[Sample], before: Mapping[Component, Sample], pace: Pace) -> list[Gap]:
    """Return when nothing at all was probed for so long that the page calls it silence; none before the first probe."""
    known = [max(each.at for each in before.values())] if before else []
    times = sorted({each.at for each in seen} | set(known))
    return [pair for pair in pairwise(times) if pair[1] - pair[0] > pace.silent_after]


def opened(
    identifier: str,
    down: Mapping[Component, str],
    at: datetime,
    *,
    blind: Iterable[Component] = (),
    silent: Sequence[Gap] = (),
) -> Fact:
    """Return the first word on an outage.

    Args:
        identifier: of the incident.
        down: the parts that were seen out, each with why.
        at: now.
        blind: the parts that nobody probed in a gap.
        silent: the gaps.
    """
    unseen = set(blind)
    parts = sorted(down.keys() | unseen, key=list(Component).index)
    names, body = ", ".join(NAMES[each][0] for each in parts), []
    if unseen:
        when = "; ".join(f"{instant(begin)} to {instant(end)}" for begin, end in silent[:_GAPS_TOLD])
        body.append(f"Nothing was probed, so the house was off or stood still, or its clock was set ahead: {when}.")
    if down:
        why = "; ".join(f"{NAMES[each][0]}: {REASONS.get(down[each], down[each])}" for each in parts if each in down)
        body.append(f"Round trips failed twice in a row ({why}).")
    return incidents.opened(
        identifier,
        name=f"{names}: {'not probed for a while' if unseen else 'outage'}",
        state=State.INVESTIGATING,
        impact=Impact.CRITICAL,
        body=" ".join(["Opened by the probes.", *body, "Nobody has spoken to it yet."]),
        at=at,
        components=parts,
        is_automatic=True,
    )


def is_over(incident: Incident, lately: Iterable[Sample]) -> bool:
    """Tell whether the newest trips through each of its parts came back, all since it was opened."""
    since = [each for each in lately if each.at >= incident.opened_at]
    trips = {part: [each.is_up for each in since if each.component is part][-UP_AGAIN:] for part in incident.components}
    return all(len(each) == UP_AGAIN and all(each) for each in trips.values())


def over(incident: Incident, at: datetime) -> Fact:
    """Return the word that ends it."""
    return incidents.updated(
        incident,
        state=State.RESOLVED,
        body=f"Closed by the probes: the last {UP_AGAIN} round trips through each of these parts came back."
        if incident.components
        else f"Closed by the house: no process was lost for the time of {UP_AGAIN} rounds of probes.",
        at=at,
        is_automatic=True,
    )


def is_lapsed(incident: Incident, now: datetime) -> bool:
    """Tell whether it is maintenance whose window went by while nobody said that it began."""
    until = incident.scheduled_until
    return incident.state is State.SCHEDULED and until is not None and until <= now


def lapsed(incident: Incident, at: datetime) -> Fact:
    """Return the word that ends such maintenance: what lies behind us is no longer planned."""
    return incidents.updated(
        incident,
        state=State.COMPLETED,
        body="Closed by the house: the planned window is over, and nobody said that the work began.",
        at=at,
        is_automatic=True,
    )
