"""Hosted agents: one turn for each kept message, every call of a tool judged outside the model (docs/adr/0036)."""

from dataclasses import replace
from datetime import datetime

from gatepost import record
from gatepost.act.hosted import store
from gatepost.act.hosted.agent import Agent, AgentError, Document, parse
from gatepost.act.hosted.approvals import NotHeldError, held_call, held_calls, lapses_at, settle_held
from gatepost.act.hosted.asking import ASK, CallAsker, may_rule_on
from gatepost.act.hosted.calendar_tools import calendar_tools
from gatepost.act.hosted.calendars import Calendar, CalendarError, read_calendars
from gatepost.act.hosted.client import ask, call_tool, reach_calendar
from gatepost.act.hosted.forward import forward_tool
from gatepost.act.hosted.gate import judge
from gatepost.act.hosted.http_tools import HttpTool, http_tools
from gatepost.act.hosted.kit import kit
from gatepost.act.hosted.mcp_tools import McpServer, McpTool, mcp_tools
from gatepost.act.hosted.meter_store import By, tokens_of, tools_by, usage_by
from gatepost.act.hosted.paper import Step, Turn
from gatepost.act.hosted.steps import digest_of, result_digest_of
from gatepost.act.hosted.store import (
    accounts,
    agents,
    hosting_tenants,
    is_hosting,
    listed_steps,
    turn_row,
    turns,
    versions,
)
from gatepost.act.hosted.tool_file import ToolFile, ToolFileError, read_tools
from gatepost.act.hosted.tools import Tool, Toolbox, toolbox
from gatepost.act.hosted.turn import Desk
from gatepost.act.hosted.worker import handlers, in_force, promise, turns_for
from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.ids import AccountId, AgentId, token
from gatepost.record.paper import Consequence, Kind

__all__ = [
    "ASK",
    "Agent",
    "AgentError",
    "By",
    "Calendar",
    "CalendarError",
    "CallAsker",
    "Desk",
    "Document",
    "HttpTool",
    "McpServer",
    "McpTool",
    "NotHeldError",
    "OvertakenError",
    "Step",
    "Tool",
    "ToolFile",
    "ToolFileError",
    "Toolbox",
    "Turn",
    "accounts",
    "agents",
    "ask",
    "calendar_tools",
    "call_tool",
    "digest_of",
    "forward_tool",
    "handlers",
    "held_call",
    "held_calls",
    "hosting_tenants",
    "http_tools",
    "in_force",
    "is_hosting",
    "judge",
    "kit",
    "lapses_at",
    "listed_steps",
    "may_rule_on",
    "mcp_tools",
    "parse",
    "promise",
    "put_agent",
    "reach_calendar",
    "read_calendars",
    "read_tools",
    "remove_agent",
    "result_digest_of",
    "settle_held",
    "switch",
    "tokens_of",
    "toolbox",
    "tools_by",
    "turn_row",
    "turns",
    "turns_for",
    "usage_by",
    "versions",
]


class OvertakenError(Exception):
    """Somebody else set the agent at the same moment."""


async def switch(tx: Transaction, *, is_on: bool, at: datetime, actor: str, entropy: Entropy) -> bool:
    """Switch a tenant's hosted agents on or off, and record it; False where they were so already.

    Off takes effect before the next call of a model.
    """
    if not await store.switch(tx, is_on=is_on, at=at):
        return False
    await _note(tx, "hosting.on" if is_on else "hosting.off", actor=actor, at=at, entropy=entropy)
    return True


async def put_agent(
    tx: Transaction, account: AccountId, document: Document, *, at: datetime, actor: str, entropy: Entropy
) -> Agent:
    """Store a new version, one above the last, and put it in force for turns that begin from now on.

    Raises:
        OvertakenError: somebody else did so at the same moment; nothing was stored.
    """
    newest = await versions(tx, account, limit=1)
    agent = Agent(
        id=newest[0].id if newest else AgentId(token("ag", entropy(10))),
        account=account,
        version=newest[0].version + 1 if newest else 1,
        is_on=True,
        document=document,
        at=at,
        actor=actor,
    )
    return await _stored(tx, agent, "agent.set", entropy)


async def remove_agent(
    tx: Transaction, account: AccountId, *, at: datetime, actor: str, entropy: Entropy
) -> Agent | None:
    """Take an agent away, by a version that says so; None where there is none. Turns under way are finished."""
    agent = await in_force(tx, account)
    if agent is None:
        return None
    gone = replace(agent, version=agent.version + 1, is_on=False, at=at, actor=actor)
    return await _stored(tx, gone, "agent.remove", entropy)


async def _stored(tx: Transaction, agent: Agent, action: str, entropy: Entropy) -> Agent:
    if not await store.add_version(tx, agent):
        raise OvertakenError
    await _note(tx, action, actor=agent.actor, at=agent.at, entropy=entropy, agent=agent)
    return agent


async def _note(
    tx: Transaction, action: str, *, actor: str, at: datetime, entropy: Entropy, agent: Agent | None = None
) -> None:
    """Record what was done; of a document its digest is committed to, for its words are nobody else's."""
    done = Consequence(
        kind=Kind.ACT,
        action=action,
        actor=actor,
        at=at,
        account=agent.account if agent else None,
        object_ref=agent.id if agent else tx.tenant,
        public={"version": agent.version} if agent else {},
        private={"document_sha256": agent.document.digest} if agent else {},
    )
    await record.note(tx, done, entropy=entropy)
