import pytest

from act.hosted.stage import Stage
from gatepost import decide
from gatepost.act.hosted.forward import forward_tool
from gatepost.act.hosted.paper import Step, StepState
from gatepost.app.agent_worker import forward
from journeys.scene import KEY
from model_api import ModelApi, use
from outbound import NOW, TENANT, Sink


async def write_to(stage: Stage, *domains: str) -> None:
    """Let the boss's mail be forwarded, and the outbound policy name these domains."""
    policy = {
        "defaultAction": "bounce",
        "senders": [{"match": {"address": "boss@example.org"}, "capabilities": ["forward", "send_external"]}],
        "outbound": {"recipients": {"domains": list(domains)}},
        "auditLog": {"retentionDays": 30},
    }
    async with stage.scene.house.db.transaction(TENANT) as tx:
        await decide.put_policy(tx, stage.scene.account, policy, at=NOW, actor=KEY)


@pytest.fixture
async def hosting(stage: Stage) -> Stage:
    """A boss whose mail may be forwarded inside the office."""
    house = stage.scene.house
    stage.tools = [forward_tool(house.db, lambda passed: forward(passed, house))]
    await write_to(stage, "example.org")
    await stage.host(tools=["forward"], limits={"recipients": ["*@example.org"]})
    return stage


async def forwards(stage: Stage, api: ModelApi, *to: str) -> list[Step]:
    api.script = [[use("forward", to=list(to), note="For you.")]]
    email = await stage.scene.boss_asks(text="Please see to this.")
    await stage.work()
    await stage.send()
    return [step for step in await stage.steps(email) if step.place]


async def test_a_message_is_passed_on_within_the_limits(hosting: Stage, api: ModelApi, sink: Sink) -> None:
    [step] = await forwards(hosting, api, "anna@example.org")
    assert (step.state, step.reason) == (StepState.DONE, "tool.granted"), step.content
    [mail] = sink.mails
    assert mail.rcpt_tos == ["anna@example.org"]
    assert b"For you." in mail.content
    assert b"Please see to this." in mail.content


@pytest.mark.parametrize("to", ["eve@evil.example", "anna@example.org.evil.example", "nobody"])
async def test_nobody_else_gets_it(hosting: Stage, api: ModelApi, sink: Sink, to: str) -> None:
    [step] = await forwards(hosting, api, "anna@example.org", to)
    assert (step.state, step.reason) == (StepState.REFUSED, "arguments.outside_limits")
    assert sink.mails == []


async def test_without_the_capability_it_is_refused(hosting: Stage, api: ModelApi) -> None:
    await hosting.allow()
    [step] = await forwards(hosting, api, "anna@example.org")
    assert (step.state, step.reason) == (StepState.REFUSED, "tool.not_granted")


async def test_whom_the_outbound_policy_does_not_name_gets_nothing_whatever_the_limits(
    hosting: Stage, api: ModelApi, sink: Sink
) -> None:
    await write_to(hosting, "other.example")
    [step] = await forwards(hosting, api, "anna@example.org")
    assert (step.state, step.content["result"]) == (StepState.FAILED, {"reason": "reply.unknown_parent"})
    assert sink.mails == []
