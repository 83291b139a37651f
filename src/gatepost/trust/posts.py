"""Notices elsewhere: a draft for each connector of each public word about an incident, sent once a person approved it.

A draft is nothing but the word it repeats: what stands in the public log already, and where to read on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from gatepost.journey import House
from gatepost.record.paper import Json
from gatepost.record.trust_log import Fact, Stated
from gatepost.trust import pager, stating, status
from gatepost.trust.cases import CaseError, checked_ref
from gatepost.trust.incidents import Incident, Update
from gatepost.trust.registers import Connector

APPROVED, POSTED = "post.approved", "post.sent"
SUBJECT = "@post/"
WINDOW = timedelta(days=30)
TRIES_MAX = 6


@dataclass(frozen=True, slots=True)
class Draft:
    """One word for one connector."""

    incident: Incident
    update: Update
    connector: Connector

    @property
    def id(self) -> str:
        """Return what it is approved by."""
        return f"{self.update.entry}-{self.connector.id}"

    def said(self, url: str) -> dict[str, Json]:
        """Return what the connector is told."""
        name, state = self.incident.name, self.update.state.value.replace("_", " ")
        return {
            "type": "incident.update",
            "connector": self.connector.id,
            "kind": self.connector.kind,
            "incident": self.incident.id,
            "text": f"{name} ({state}): {self.update.body}",
            "url": f"{url}/status/incidents/{self.incident.id}" if url else "",
        }


async def drafts(house: House, connectors: Iterable[Connector]) -> list[Draft]:
    """Return what nobody has approved yet, oldest first; exercises and maintenance are not told elsewhere."""
    done = {fact.object_ref for fact in await _facts(house)}
    return [each for each in await _all(house, connectors) if each.id not in done]


async def _all(house: House, connectors: Iterable[Connector]) -> list[Draft]:
    places = tuple(connectors)
    since = house.clock() - WINDOW
    found = [each for each in await status.read_incidents(house, since) if not each.is_exercise]
    words = [(each, update) for each in found if not each.is_maintenance for update in each.updates]
    words.sort(key=lambda each: each[1].entry)
    return [Draft(each, update, place) for each, update in words if update.at >= since for place in places]


async def _facts(house: House) -> list[Stated]:
    return await stating.facts(house.db, SUBJECT, house.clock() - WINDOW)


async def approve(house: House, connectors: Iterable[Connector], draft: str, *, by: str) -> None:
    """State that a person lets a draft go; the house sends it at its next turn.

    Raises:
        CaseError: there is no such draft, or ``by`` is no reference.
    """
    found = next((each for each in await drafts(house, connectors) if each.id == draft), None)
    if found is None:
        raise CaseError("no draft of that id waits: gatepost incident drafts")
    detail: dict[str, Json] = {"by": checked_ref(by), "incident": found.incident.id, "connector": found.connector.id}
    fact = Fact(action=APPROVED, at=house.clock(), object_ref=draft, detail=detail)
    await stating.state(house.db, SUBJECT, fact, entropy=house.entropy)


async def send(house: House, connectors: Iterable[Connector]) -> int:
    """Send what was approved and not taken yet; return how many were taken."""
    facts = await _facts(house)
    approved = {fact.object_ref for fact in facts if fact.action == APPROVED}
    taken = {fact.object_ref for fact in facts if fact.action == POSTED and fact.detail["taken"]}
    if not approved - taken:  # as nearly always: then nobody looks through the incidents
        return 0
    tries = [fact.object_ref for fact in facts if fact.action == POSTED]
    count = 0
    for each in await _all(house, connectors):
        if each.id not in approved - taken or tries.count(each.id) >= TRIES_MAX:
            continue
        said = each.said(house.public_url)
        told = await pager.hook(house, each.connector.webhook, name=f"post-{each.id}", ref=each.connector.id, said=said)
        detail: dict[str, Json] = {"result": told.result, "taken": told.is_taken}
        fact = Fact(action=POSTED, at=house.clock(), object_ref=each.id, detail=detail)
        await stating.state(house.db, SUBJECT, fact, entropy=house.entropy)
        count += told.is_taken
    return count
