"""What has to be seen to, turn by turn, on a clock moved by hand; people are called over real SMTP and HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gatepost import domains
from gatepost.db import Database
from gatepost.record import trust_log
from gatepost.record.trust_log import TRUST
from gatepost.trust import clocks, duty, incidents, intake, oncall, posts, probes, read_operator, status, store
from gatepost.trust.alerts import Kind
from gatepost.trust.cases import CaseError, Sort
from gatepost.trust.duty import Duty
from gatepost.trust.folder import Folder
from gatepost.trust.incidents import Impact, State
from gatepost.trust.uptime import Component, Pace, Sample
from journeys import scene as journeys
from outbound import AGENT, TENANT, Receiver, Sink, http_receiver, smtp_sink
from trust.scene import copied

ROTA = """
[[responders]]
ref = "first"
address = "first@oncall.test"

[[responders]]
ref = "second"
address = "second@oncall.test"

[[responders]]
ref = "lead"
address = "lead@oncall.test"
webhook = "{url}"

[[rota]]
level = 1
responders = ["first", "second"]
since = 2026-11-16
turn_days = 7
after_minutes = 0

[[rota]]
level = 2
responders = ["lead"]
since = 2026-11-16
turn_days = 7
after_minutes = 10

[[connectors]]
id = "blog"
kind = "blog"
webhook = "{url}"
owner = "security lead"
"""


@dataclass
class Watch:
    """A house on watch."""

    scene: journeys.Scene
    duty: Duty
    sink: Sink
    receiver: Receiver
    folder: Path

    async def turn(self, minutes: float = 0) -> None:
        self.scene.clock.move(timedelta(minutes=minutes))
        await self.duty.once()

    def called(self) -> list[str]:
        """Whom mails went to, oldest first."""
        return [to.partition("@")[0] for mail in self.sink.mails for to in mail.rcpt_tos]

    async def open_incident(self, *, is_exercise: bool = False, kind: clocks.Kind = clocks.Kind.INCIDENT) -> str:
        house = self.scene.house
        identifier = incidents.new_id(house.entropy)
        fact = incidents.opened(
            identifier,
            name="Mail is late",
            state=State.INVESTIGATING,
            impact=Impact.MAJOR,
            body="We are looking.",
            at=house.clock(),
            kind=kind,
            is_exercise=is_exercise,
        )
        await status.say(house.db, fact, entropy=house.entropy)
        return identifier

    async def stated(self) -> str:
        """Return the newest leaf about each subject, as one text."""
        async with self.scene.house.db.transaction(TRUST) as tx:
            entries = [*(await store.newest(tx)).values()]
            return str(await trust_log.stated(tx, entries))


@pytest.fixture
async def watch(db: Database, tmp_path: Path) -> AsyncIterator[Watch]:
    folder = copied(tmp_path)
    contacts = folder / "contacts.toml"
    contacts.write_text(contacts.read_text().replace("security@lanternpost.example", str(AGENT)))
    async with (
        smtp_sink() as sink,
        http_receiver() as receiver,
        journeys.open_scene(db, tmp_path, sink_port=sink.port) as scene,
    ):
        (folder / "oncall.toml").write_text(ROTA.format(url=receiver.url))
        async with db.transaction(TENANT) as tx:
            await domains.add_route(tx, AGENT, scene.account)
        yield Watch(scene, Duty(house=scene.house, folder=Folder(folder), author=AGENT), sink, receiver, folder)


async def test_whoever_is_on_call_is_called_about_an_outage_that_the_probes_saw(watch: Watch) -> None:
    house = watch.scene.house
    out = Sample(component=Component.SMTP, at=house.clock(), is_up=False, latency_ms=20_000, reason="answer.late")
    await probes.keep(house, [out], Pace())
    await watch.turn()
    (alert,) = [each for each in await oncall.read_alerts(house) if each.cause.kind is Kind.INCIDENT]
    (one,) = await status.read_incidents(house, house.clock() - status.WINDOW)
    assert (alert.cause.about, one.is_automatic) == (one.id, True)
    assert watch.called() == ["first"]


async def test_a_report_by_mail_is_taken_in_and_calls_somebody_when_half_its_time_is_over(watch: Watch) -> None:
    await watch.scene.boss_asks()
    await watch.turn()
    (case,) = await intake.read_cases(watch.scene.house)
    assert watch.called() == []
    await watch.turn(12 * 60)
    assert watch.called() == ["first"]
    await intake.acknowledge(watch.scene.house, case.id, by="lead")


async def test_silence_goes_further_up_and_a_word_ends_it(watch: Watch) -> None:
    incident = await watch.open_incident()
    await watch.turn()
    await watch.turn(9)
    assert (watch.called(), watch.receiver.requests) == (["first"], [])
    await watch.turn(1)
    assert watch.called() == ["first", "lead"]
    ((headers, body),) = watch.receiver.requests
    assert json.loads(body)["about"] == incident
    assert headers["webhook-signature"].startswith("v1,")
    await watch.turn(60)
    assert len(watch.called()) == 2  # who was reached is not called again
    (alert,) = await oncall.read_alerts(watch.scene.house)
    assert alert.state(watch.scene.clock.now) == "overdue"
    assert await oncall.acknowledge(watch.scene.house, incident, by="lead") == [alert.id]
    with pytest.raises(CaseError):
        await oncall.acknowledge(watch.scene.house, incident, by="lead")
    (alert,) = await oncall.read_alerts(watch.scene.house)
    assert (alert.state(watch.scene.clock.now), alert.by) == ("acknowledged late", "lead")
    assert "alert.acknowledged" in await watch.stated()


async def test_who_is_away_is_tried_again_and_not_for_ever(watch: Watch) -> None:
    watch.sink.replies = ["451 4.3.0 later"] * 2
    await watch.open_incident()
    await watch.turn()
    await watch.turn(0.5)
    await watch.turn(1)
    assert watch.called() == []
    await watch.turn(1)
    assert watch.called() == ["first"]


async def test_clocks_of_an_incident_remind_one_after_the_other(watch: Watch) -> None:
    incident = await watch.open_incident(kind=clocks.Kind.EXPLOITED)
    found = await status.read_incident(watch.scene.house, incident)
    assert found is not None
    fact = incidents.marked(found, clocks.AWARE, at=watch.scene.clock.now)
    await status.say(watch.scene.house.db, fact, entropy=watch.scene.house.entropy)
    await watch.turn()
    kinds = [each.cause.kind for each in await oncall.read_alerts(watch.scene.house)]
    assert kinds == [Kind.INCIDENT]
    await watch.turn(12 * 60 + 1)
    about = [each.cause.about for each in await oncall.read_alerts(watch.scene.house)][1:]
    assert about
    assert all(each.startswith(incident) and each.endswith("/1") for each in about)
    await watch.turn(6 * 60)
    later = [each.cause.about for each in await oncall.read_alerts(watch.scene.house)][1:]
    assert set(about) < set(later)
    assert any(each.endswith("/2") for each in later)


async def test_the_turn_passes_and_a_drill_comes_once_a_week(watch: Watch) -> None:
    watch.scene.clock.now = datetime.fromisoformat("2026-11-24T09:00:00Z")  # a Tuesday of the second turn
    await watch.turn()
    await watch.turn(30)
    (alert,) = await oncall.read_alerts(watch.scene.house)
    assert (alert.cause.kind, alert.cause.about) == (Kind.DRILL, "2026-W48")
    assert watch.called()[0] == "second"


async def test_no_address_and_no_word_of_a_report_stands_in_a_leaf(watch: Watch) -> None:
    await intake.take_form(watch.scene.house, Sort.SECURITY, "It is called Rosebud.", "finder@example.org")
    await watch.turn(13 * 60)
    said = await watch.stated()
    assert "alert.sent" in said
    assert "oncall.test" not in said
    assert "Rosebud" not in said
    assert "finder" not in said
    assert b"Rosebud" not in b"".join(mail.original_content for mail in watch.sink.mails)


async def test_a_notice_goes_elsewhere_once_a_person_let_it_go(watch: Watch) -> None:
    await watch.open_incident(is_exercise=True)
    incident = await watch.open_incident()
    connectors = read_operator(watch.folder).connectors
    (draft,) = await posts.drafts(watch.scene.house, connectors)
    await watch.turn()
    assert watch.receiver.requests == []
    with pytest.raises(CaseError):
        await posts.approve(watch.scene.house, connectors, "0-blog", by="lead")
    await posts.approve(watch.scene.house, connectors, draft.id, by="lead")
    assert await posts.drafts(watch.scene.house, connectors) == []
    assert "post.approved" in await watch.stated()
    await watch.turn()
    await watch.turn()
    ((_, body),) = watch.receiver.requests
    said = json.loads(body)
    assert (said["incident"], said["text"]) == (incident, "Mail is late (investigating): We are looking.")


async def test_what_nobody_expected_in_a_turn_ends_neither_the_watch_nor_the_house(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, turns = asyncio.Event(), 0

    async def breaks(*_: object) -> None:
        nonlocal turns
        turns += 1
        if turns == 1:
            raise OverflowError
        stop.set()

    monkeypatch.setattr(posts, "send", breaks)
    monkeypatch.setattr(duty, "POLL_S", 0.01)
    await asyncio.wait_for(watch.duty.run(stop), 30)
    assert turns == 2
