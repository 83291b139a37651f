"""An outage that the probes see opens an incident by itself; its end closes it, unless a person has taken it over.

What is opened so is a draft in words and no draft on the page: it is stated, shown and told, and whoever is on call is
called about it as about any other. From a person's first word on the incident is that person's to close.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from gatepost.db import Transaction
from gatepost.journey import House
from gatepost.record.trust_log import Fact
from gatepost.trust import incidents, stating, status_store
from gatepost.trust.incidents import ACTIVE, Impact, Incident, State
from gatepost.trust.uptime import DAY, DAYS, NAMES, Component, Sample

UP_AGAIN = 3
"""How many round trips in a row have to come back through a part until its outage counts as over."""
_NOW = timedelta(seconds=1)


async def attend(tx: Transaction, house: House, seen: Sequence[Sample]) -> None:
    """State what a round calls for, in the transaction of ``TRUST`` that keeps its samples."""
    now = house.clock()
    said = incidents.incidents_of(await stating.facts_in(tx, incidents.SUBJECT, now - DAYS * DAY))
    own = [each for each in said if each.is_automatic and not each.is_over]
    lately = await status_store.samples(tx, min(each.opened_at for each in own), now + _NOW) if own else []
    facts = [over(each, now) for each in own if is_over(each, lately)]
    if down := out(seen, said):
        facts.append(opened(incidents.new_id(house.entropy), down, now))
    for fact in facts:
        await stating.state_in(tx, incidents.SUBJECT, fact, entropy=house.entropy)


def out(seen: Iterable[Sample], said: Iterable[Incident]) -> dict[Component, str]:
    """Return the parts that were seen out, each with why, of which no incident or maintenance under way speaks."""
    known = {
        part
        for each in said
        if not each.is_exercise and (each.state in ACTIVE or not (each.is_maintenance or each.is_over))
        for part in each.components
    }
    return {each.component: each.reason for each in seen if not each.is_up and each.component not in known}


def opened(identifier: str, down: dict[Component, str], at: datetime) -> Fact:
    """Return the first word on an outage of these parts."""
    parts = sorted(down, key=list(Component).index)
    why = "; ".join(f"{NAMES[each][0]}: {down[each]}" for each in parts)
    return incidents.opened(
        identifier,
        name=f"{', '.join(NAMES[each][0] for each in parts)}: outage",
        state=State.INVESTIGATING,
        impact=Impact.CRITICAL,
        body=f"Opened by the probes: round trips failed twice in a row ({why}). Nobody has spoken to it yet.",
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
        body=f"Closed by the probes: the last {UP_AGAIN} round trips through each of these parts came back.",
        at=at,
        is_automatic=True,
    )
