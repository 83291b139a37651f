"""Who is mailed about a held call, and what that mail says."""

import re
from dataclasses import replace

import pytest

from act.hosted import pieces
from act.hosted.stage import Stage
from gatepost import access, journey
from gatepost.access import Person, Role
from gatepost.act import hosted
from gatepost.act.hosted import call_link, may_rule_on
from gatepost.act.hosted.approvals import HELD_MAX
from gatepost.act.hosted.call_link import CallLink
from gatepost.act.hosted.worker import turn_of
from gatepost.ids import PersonId
from gatepost.jobs import Promise, TryAgainError
from gatepost.mail.address import Address
from journeys.scene import KEY
from model_api import ModelApi, text, use
from outbound import BOSS, TENANT, Sink, consequences, entropy, job

SECRET = "the nightingale sings"


@pytest.mark.parametrize(
    ("role", "address", "may"),
    [
        (Role.OWNER, "a@example.org", True),
        (Role.APPROVER, "a@example.org", True),
        (Role.AUDITOR, "a@example.org", False),
        (Role.OWNER, str(BOSS).upper(), False),
        (Role.OWNER, f"{BOSS.local}+me@{BOSS.domain}", False),
    ],
)
def test_owners_and_approvers_rule_but_not_on_what_they_wrote(role: Role, address: str, *, may: bool) -> None:
    person = Person(PersonId("pe_a"), TENANT, Address.parse(address), role)
    assert may_rule_on(person, pieces.TURN) is may


async def add(stage: Stage, address: str, role: Role) -> Person:
    house = stage.scene.house
    async with house.db.transaction(TENANT) as tx:
        return await access.add_person(tx, Address.parse(address), role, at=house.clock(), entropy=entropy)


async def asked(stage: Stage) -> None:
    """Keep the promises to ask, without taking them off the list."""
    for row in await stage.jobs([hosted.ASK]):
        await journey.outgoing(stage.scene.house)[row.kind](job(Promise(row.kind, row.key, row.body)))


async def test_each_approver_is_mailed_a_link_of_their_own_which_quotes_nothing(
    stage: Stage, api: ModelApi, sink: Sink
) -> None:
    officer = await add(stage, "officer@example.org", Role.APPROVER)
    await add(stage, "auditor@example.org", Role.AUDITOR)
    await add(stage, str(BOSS), Role.OWNER)
    await stage.host(approval={"reply": "always"})
    api.script = [[use("reply", text=SECRET)], [text("Done.")]]
    email = await stage.scene.boss_asks()
    await stage.work()
    await asked(stage)
    assert sink.mails == []  # without a public URL nobody is asked
    house = stage.scene.house = replace(stage.scene.house, public_url="https://mail.gatepost.test/")
    sink.rcpt_reply = "451 later"
    with pytest.raises(TryAgainError):
        await asked(stage)
    sink.rcpt_reply = ""
    await asked(stage)
    [mail] = sink.mails
    assert mail.rcpt_tos == ["officer@example.org"]
    assert SECRET.encode() not in mail.content
    assert b"boss" not in mail.content
    [token] = re.findall(rb"https://mail.gatepost.test/approve-call/(\S+)", mail.content)
    call = next(step for step in await stage.steps(email) if step.place)
    digest = hosted.digest_of(call)
    wanted = CallLink(TENANT, turn_of(email), digest, officer.id, hosted.lapses_at(call))
    assert call_link.read(token.decode(), house.keyring, now=house.clock()) == wanted
    assert "call.ask" in [action for _, action in await consequences(house.db)]
    async with house.db.transaction(TENANT) as tx:
        await hosted.settle_held(
            tx, stage.scene.account, turn_of(email), digest=digest, is_approved=True, actor=KEY,
            at=house.clock(), entropy=entropy,
        )  # fmt: skip
    await asked(stage)
    assert len(sink.mails) == 1  # nobody is asked about what is over


async def test_nobody_is_asked_once_the_time_is_over_or_they_are_gone(stage: Stage, api: ModelApi, sink: Sink) -> None:
    officer = await add(stage, "officer@example.org", Role.APPROVER)
    await stage.host(approval={"reply": "always"})
    api.script = [[use("reply", text=SECRET)]]
    await stage.scene.boss_asks()
    await stage.work()
    stage.scene.house = replace(stage.scene.house, public_url="https://mail.gatepost.test")
    stage.scene.clock.move(HELD_MAX)
    await asked(stage)
    stage.scene.clock.move(-HELD_MAX)
    async with stage.scene.house.db.transaction(TENANT) as tx:
        await access.remove_person(tx, officer.id)
    await asked(stage)
    assert sink.mails == []
