"""Words of one author told to another: held for a person, counted where mail arrives."""

from typing import Any

import pytest

from act.hosted.stage import Stage
from gatepost import decide
from gatepost.act.hosted.audience import audience_of
from gatepost.act.hosted.paper import Step, StepState, TurnState
from gatepost.blobs import address_of
from gatepost.ids import EmailId
from journeys.scene import KEY
from model_api import use
from outbound import NOW, TENANT, Sink, consequences

SECRET = "The merger closes on Friday."


@pytest.fixture
async def hosting(stage: Stage) -> Stage:
    """A mailbox with two correspondents, both of whom may let it be searched."""
    senders = [
        {"match": {"address": f"{name}@example.org"}, "capabilities": ["search_mail"]} for name in ("boss", "anna")
    ]
    policy = {"defaultAction": "bounce", "senders": senders, "auditLog": {"retentionDays": 30}}
    async with stage.scene.house.db.transaction(TENANT) as tx:
        await decide.put_policy(tx, stage.scene.account, policy, at=NOW, actor=KEY)
    return stage


async def anna_writes(stage: Stage, header: str = "") -> EmailId:
    """Let Anna's mail be kept before anything is asked."""
    raw = (
        f"From: anna@example.org\r\nTo: agent@gatepost.test\r\n{header}Subject: Merger\r\n"
        f"Message-ID: <anna@example.org>\r\n\r\n{SECRET}\r\n"
    ).encode()
    email = await stage.scene.boss_asks(raw=raw, blob=address_of(raw))
    stage.api.script = [[]]
    await stage.work()
    return email


async def boss_asks(stage: Stage, *calls: dict[str, Any]) -> tuple[EmailId, list[Step]]:
    stage.api.script = [[one] for one in calls]
    email = await stage.scene.boss_asks(text="When is it?")
    await stage.work()
    await stage.send()
    return email, [step for step in await stage.steps(email) if step.place]


SEARCH, TELL = use("search_mail", query="merger"), use("reply", text=SECRET)


async def test_words_of_one_author_wait_for_a_person_before_another_hears_them(hosting: Stage, sink: Sink) -> None:
    await hosting.host()
    await anna_writes(hosting)
    email, (found, told) = await boss_asks(hosting, SEARCH, TELL)
    assert SECRET in str(found.content["result"])
    assert (told.state, told.reason) == (StepState.HELD, "audience.outside")
    assert (await hosting.turn(email)).state is TurnState.HELD
    assert sink.mails == []
    assert (email, "tool.held") in await consequences(hosting.scene.house.db)


@pytest.mark.parametrize(
    ("limits", "state", "mails"),
    [
        ({"strangers": "refuse"}, StepState.REFUSED, 0),
        ({"strangers": "allow"}, StepState.DONE, 1),
        ({"recipients": ["boss@example.org"]}, StepState.DONE, 1),
        ({"recipients": ["*@example.org"]}, StepState.DONE, 1),
        ({"recipients": ["anna@example.org"]}, StepState.HELD, 0),
    ],
)
async def test_the_operator_says_who_may_hear_all(
    hosting: Stage, sink: Sink, limits: dict[str, Any], state: StepState, mails: int
) -> None:
    await hosting.host(limits=limits)
    await anna_writes(hosting)
    _, (_, told) = await boss_asks(hosting, SEARCH, TELL)
    assert (told.state, len(sink.mails)) == (state, mails)


async def test_who_was_sent_the_words_hears_them_at_once(hosting: Stage, sink: Sink) -> None:
    await hosting.host()
    await anna_writes(hosting, header='Cc: "The boss" <Boss@example.org>\r\n')
    _, (_, told) = await boss_asks(hosting, SEARCH, TELL)
    assert (told.state, len(sink.mails)) == (StepState.DONE, 1)


async def test_the_people_are_those_of_every_text_that_was_read(hosting: Stage, sink: Sink) -> None:
    """The second search finds the boss's own words alone, and takes nothing back."""
    await hosting.host()
    await anna_writes(hosting)
    _, steps = await boss_asks(hosting, SEARCH, use("search_mail", query="from:boss"), TELL)
    assert [step.state for step in steps] == [StepState.DONE, StepState.DONE, StepState.HELD]
    assert sink.mails == []


async def test_the_people_of_a_message_are_its_author_and_whom_it_names(stage: Stage) -> None:
    email = await stage.scene.boss_asks(header="Cc: team: Bob <bob@EXAMPLE.org>, carl@example.org;\r\n")
    kept = await stage.scene.kept(email)
    assert audience_of(kept) == {"boss@example.org", "agent@gatepost.test", "bob@example.org", "carl@example.org"}
    broken = await stage.scene.boss_asks(header="Cc: <<<\r\n")
    assert audience_of(await stage.scene.kept(broken)) == {"boss@example.org", "agent@gatepost.test"}
