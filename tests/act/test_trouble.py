"""Who is mailed about a silent receiver: counted where the mail arrives."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from act.scene import due, settled
from gatepost import access, act, journey
from gatepost.access import Role
from gatepost.act.paper import Answer
from gatepost.act.settle import Told
from gatepost.act.trouble import ALERT
from gatepost.db import Database
from gatepost.jobs import Promise, TryAgainError
from gatepost.mail.address import Address
from journeys.scene import Scene, open_scene
from outbound import NOW, TENANT, Sink, consequences, entropy, job, smtp_sink

REFUSED, HEARD = Answer(500, "receiver.refused"), Answer(204, "receiver.accepted")


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with smtp_sink() as running:
        yield running


@pytest.fixture
async def scene(db: Database, tmp_path: Path, sink: Sink) -> AsyncIterator[Scene]:
    """A tenant with two owners and an approver, who hears of nothing here."""
    async with open_scene(db, tmp_path, sink_port=sink.port) as opened:
        async with opened.house.db.transaction(TENANT) as tx:
            for name, role in (("ann", Role.OWNER), ("bob", Role.OWNER), ("carl", Role.APPROVER)):
                address = Address.parse(f"{name}@customer.example")
                await access.add_person(tx, address, role, at=NOW, entropy=entropy)
        yield opened


class Receiver:
    """An endpoint, and what its answers are."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    async def begin(self) -> None:
        async with self.scene.house.db.transaction(TENANT) as tx:
            made = await act.add(tx, self.scene.house, self.scene.account, "http://127.0.0.1:9/")
        self.hook = made.webhook

    async def hears(self, after: timedelta, *answers: Answer) -> None:
        """Let mail come in, and the attempts to tell of it end so, all in one commit."""
        self.scene.clock.now = NOW + after
        emails = [await self.scene.boss_asks() for _ in answers]
        waiting = {
            one.event.email: one for one in await due(self.scene.house.db, self.hook.id, NOW + timedelta(days=9))
        }
        told = [Told(waiting[email], answer, NOW + after, 0.5) for email, answer in zip(emails, answers, strict=True)]
        await settled(self.scene.house, *told)

    async def mails(self, *, is_kept: bool = True) -> int:
        """Keep the promises to alert; return how many there were."""
        house = self.scene.house
        async with house.db.transaction(TENANT) as tx:
            rows = await tx.all(
                "select id, key, body from job where tenant = %(tenant)s and kind = %(kind)s", kind=ALERT
            )
            await tx.run("delete from job where tenant = %(tenant)s and kind = %(kind)s", kind=ALERT)
        for row in rows if is_kept else []:
            await journey.outgoing(house)[ALERT](job(Promise(ALERT, row.key, row.body)))
        return len(rows)


@pytest.fixture
async def receiver(scene: Scene) -> Receiver:
    made = Receiver(scene)
    await made.begin()
    return made


HOUR = timedelta(hours=1)


async def test_each_owner_is_mailed_once_about_an_hour_of_silence(receiver: Receiver, sink: Sink) -> None:
    await receiver.hears(timedelta(), REFUSED)
    await receiver.hears(timedelta(minutes=59), REFUSED)
    assert await receiver.mails() == 0
    await receiver.hears(HOUR, REFUSED)
    await receiver.hears(HOUR + timedelta(minutes=5), REFUSED)
    assert await receiver.mails() == 2
    assert sorted(each for mail in sink.mails for each in mail.rcpt_tos) == [
        "ann@customer.example",
        "bob@customer.example",
    ]
    said = sink.mails[0].content.decode()
    for fact in (
        "Subject: A webhook's receiver is silent",
        f"Webhook:  {receiver.hook.id}",
        "4 attempts in a row",
        "Reason:   receiver.refused",
        f"Ends:     {NOW + timedelta(hours=72):%Y-%m-%d %H:%M} UTC, then the webhook is switched off",
        "Mend the receiver.",
        "Auto-Submitted: auto-generated",
        "DKIM-Signature:",
    ):
        assert fact in said
    assert "127.0.0.1" not in said.split("Subject:")[1]
    assert [action for _, action in await consequences(receiver.scene.house.db)].count("webhook.alert") == 2


async def test_what_was_mended_before_the_mail_left_is_not_told(receiver: Receiver, sink: Sink) -> None:
    await receiver.hears(timedelta(), REFUSED)
    await receiver.hears(HOUR, REFUSED)
    await receiver.hears(HOUR + timedelta(seconds=1), HEARD)
    assert (await receiver.mails(), sink.mails) == (2, [])


async def test_the_next_silence_is_another_incident(receiver: Receiver, sink: Sink) -> None:
    for begun in (timedelta(), timedelta(days=1)):
        await receiver.hears(begun, REFUSED)
        await receiver.hears(begun + HOUR, REFUSED, REFUSED)
        assert await receiver.mails() == 2
        await receiver.hears(begun + 2 * HOUR, HEARD)
    assert len(sink.mails) == 4
    assert len({mail.content.split(b"Message-ID: ")[1].split(b"\r")[0] for mail in sink.mails}) == 4


@pytest.mark.parametrize(
    ("answer", "reason"), [(REFUSED, "receiver.silent"), (Answer(410, "receiver.refused"), "receiver.gone")]
)
async def test_a_webhook_that_is_switched_off_is_told_of_as_such(
    receiver: Receiver, sink: Sink, answer: Answer, reason: str
) -> None:
    await receiver.hears(timedelta(), REFUSED)
    await receiver.hears(HOUR, REFUSED)
    await receiver.mails(is_kept=False)
    await receiver.hears(timedelta(hours=72), answer)
    assert await receiver.mails() == 2
    said = sink.mails[0].content.decode()
    assert len(sink.mails) == 2
    assert "Subject: A webhook was switched off" in said
    assert f"Reason:   {reason}" in said
    assert "gatepost webhook replay" in said


async def test_who_is_no_owner_any_more_is_not_told(receiver: Receiver, sink: Sink) -> None:
    await receiver.hears(timedelta(), REFUSED)
    await receiver.hears(HOUR, REFUSED)
    async with receiver.scene.house.db.transaction(TENANT) as tx:
        for person in await access.list_people(tx):
            if person.address.local == "ann":
                await access.remove_person(tx, person.id)
    await receiver.mails()
    assert [mail.rcpt_tos for mail in sink.mails] == [["bob@customer.example"]]


async def test_a_server_that_takes_no_mail_is_tried_again(receiver: Receiver, sink: Sink) -> None:
    await receiver.hears(timedelta(), REFUSED)
    await receiver.hears(HOUR, REFUSED)
    sink.rcpt_reply = "451 4.2.0 later"
    with pytest.raises(TryAgainError):
        await receiver.mails()
