"""Values the tests of hosted agents start from."""

from dataclasses import replace
from typing import Any

from gatepost.act.hosted.agent import Document, parse
from gatepost.act.hosted.labels import Label
from gatepost.act.hosted.paper import Call, Result, Step, StepState, Turn, TurnState
from gatepost.act.hosted.tools import Tool
from gatepost.decide.grants import LASTS, Grant
from gatepost.decide.paper import TokenBudget
from gatepost.ids import AgentId, TurnId
from outbound import ACCOUNT, BOSS, KEPT, NOW, TENANT

GRANT = Grant(
    tenant=TENANT,
    account=ACCOUNT,
    message=KEPT.id,
    thread=KEPT.thread,
    sender=BOSS.key,
    rule=0,
    policy_version=1,
    capabilities=("search_mail",),
    limits=TokenBudget(),
    issued_at=NOW,
    expires_at=NOW + LASTS,
)
DOCUMENT: dict[str, Any] = {
    "name": "Scheduler",
    "instructions": "Answer questions about meetings.",
    "model": "claude-sonnet-4-5",
    "tools": ["reply", "handover", "search_mail", "read_attachment"],
}

TURN = Turn(
    id=TurnId("tu_aaaaaaaaaaaaaaaa"),
    tenant=TENANT,
    account=ACCOUNT,
    agent=AgentId("ag_aaaaaaaaaaaaaaaa"),
    version=1,
    email=KEPT.id,
    thread=KEPT.thread,
    sender="token",
    subject=BOSS.key,
    state=TurnState.RUNNING,
    reason="",
    label=Label.SENDER,
    capabilities=frozenset({"search_mail"}),
    audience=frozenset({"boss@example.org"}),
    failures=0,
    began_at=NOW,
)


def document(**changes: Any) -> Document:
    return parse({**DOCUMENT, **changes})


def step(number: int, place: int, state: StepState, **changes: Any) -> Step:
    plain = Step(
        step=number,
        place=place,
        tool="reply" if place else "",
        state=state,
        reason="",
        label=Label.SENDER,
        content={"id": f"toolu_{place}", "arguments": {"text": "Yes."}} if place else {"blocks": [], "unreadable": []},
        actor="",
        at=NOW,
    )
    return replace(plain, **changes)


async def nothing(_call: Call) -> Result:
    return Result(value=None)


def tool(name: str = "pay", **changes: Any) -> Tool:
    plain = Tool(
        name=name,
        description="Pays.",
        schema={"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]},
        capability=f"http:{name}",
        accepts=Label.SENDER,
        run=nothing,
        bounds={"amount": "amount_max"},
        is_repeatable=False,
    )
    return replace(plain, **changes)
