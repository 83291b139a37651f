"""Hosted agents: whether they are on, and what the agent of a mailbox is."""

from fastapi import APIRouter, status

from gatepost.act import hosted
from gatepost.act.hosted import Agent, Document
from gatepost.doors.rest.agent_shapes import AgentShown, AgentVersions, HostingShown, NewHosting
from gatepost.doors.rest.auth import AgentsReader, AgentsWriter, HouseDep, mailbox_of
from gatepost.doors.rest.parameters import MailboxId
from gatepost.doors.rest.problems import missing

router = APIRouter(prefix="/v1", tags=["agents"])


def _shown(agent: Agent) -> AgentShown:
    return AgentShown(
        agent_id=agent.id,
        mailbox_id=agent.account,
        version=agent.version,
        is_on=agent.is_on,
        digest=agent.document.digest,
        set_at=agent.at,
        set_by=agent.actor,
        document=agent.document,
    )


@router.get("/hosting", summary="Tell whether hosted agents are on")
async def hosting(house: HouseDep, principal: AgentsReader) -> HostingShown:
    """They are off until somebody switches them on; while off, no text leaves for a model."""
    async with house.db.transaction(principal.tenant) as tx:
        return HostingShown(is_on=await hosted.is_hosting(tx))


@router.put("/hosting", summary="Switch hosted agents on or off")
async def switch(body: NewHosting, house: HouseDep, principal: AgentsWriter) -> HostingShown:
    """Off takes effect before the next call of a model. A switch stands in the log."""
    async with house.db.transaction(principal.tenant) as tx:
        await hosted.switch(tx, is_on=body.is_on, at=house.clock(), actor=principal.key, entropy=house.entropy)
    return HostingShown(is_on=body.is_on)


@router.get("/mailboxes/{mailbox_id}/agent", summary="Read a mailbox's agent")
async def read(mailbox_id: MailboxId, house: HouseDep, principal: AgentsReader) -> AgentShown:
    """Return the version in force."""
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        agent = await hosted.in_force(tx, account)
    if agent is None:
        raise missing("agent")
    return _shown(agent)


@router.put("/mailboxes/{mailbox_id}/agent", summary="Set a mailbox's agent")
async def replace(mailbox_id: MailboxId, body: Document, house: HouseDep, principal: AgentsWriter) -> AgentShown:
    """Store a new version and put it in force for turns that begin from now on."""
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        agent = await hosted.put_agent(tx, account, body, at=house.clock(), actor=principal.key, entropy=house.entropy)
    return _shown(agent)


@router.delete(
    "/mailboxes/{mailbox_id}/agent", summary="Take a mailbox's agent away", status_code=status.HTTP_204_NO_CONTENT
)
async def remove(mailbox_id: MailboxId, house: HouseDep, principal: AgentsWriter) -> None:
    """No turn begins from now on; those under way are finished. Its versions stay."""
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        gone = await hosted.remove_agent(tx, account, at=house.clock(), actor=principal.key, entropy=house.entropy)
    if gone is None:
        raise missing("agent")


@router.get("/mailboxes/{mailbox_id}/agent/versions", summary="List an agent's versions")
async def versions(mailbox_id: MailboxId, house: HouseDep, principal: AgentsReader) -> AgentVersions:
    """Return its latest hundred versions, newest first."""
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        found = await hosted.versions(tx, account)
    return AgentVersions(items=[_shown(agent) for agent in found])
