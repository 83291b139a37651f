"""Reports by mail, through the journey and a policy, and by the form."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from gatepost import domains
from gatepost.db import Database
from gatepost.record import trust_log
from gatepost.record.trust_log import TRUST
from gatepost.trust import intake, store
from gatepost.trust.cases import CaseError, Ending, Sort, Way
from gatepost.trust.registers import Contact
from journeys.scene import Scene, open_scene
from outbound import AGENT, TENANT

CONTACTS = (
    Contact(role="security", address=str(AGENT), purpose="Reports", owner="security lead"),
    Contact(role="sales", address="sales@gatepost.test", purpose="Prices", owner="managing director"),
    Contact(role="abuse", address="abuse@elsewhere.test", purpose="Abuse", owner="security lead"),
)


@pytest.fixture
async def scene(db: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    async with open_scene(db, tmp_path) as found:
        async with db.transaction(TENANT) as tx:
            await domains.add_route(tx, AGENT, found.account)
        yield found


async def test_a_mail_the_policy_keeps_at_a_published_contact_is_a_case_once(scene: Scene) -> None:
    email = await scene.boss_asks(text="Your door takes a bare LF.")
    (identifier,) = await intake.take_mail(scene.house, CONTACTS)
    assert await intake.take_mail(scene.house, CONTACTS) == []
    (case,) = await intake.read_cases(scene.house)
    assert (case.id, case.sort, case.way) == (identifier, Sort.SECURITY, Way.MAIL)
    assert case.state(scene.clock.now, timedelta(hours=24)) == "waiting"
    report = await intake.read_report(scene.house, identifier)
    assert report is not None
    assert report.place is not None
    assert report.place.email == email
    with pytest.raises(CaseError, match="acknowledge it first"):
        await intake.close(scene.house, identifier, ending=Ending.FIXED, by="member 4")


async def test_a_conversation_is_one_case_and_no_word_of_it_is_public(scene: Scene) -> None:
    await scene.boss_asks(text="It is called Rosebud.")
    (first,) = await intake.take_mail(scene.house, CONTACTS)
    await scene.boss_asks(header="References: <1@example.org>\r\nIn-Reply-To: <1@example.org>\r\n")
    assert await intake.take_mail(scene.house, CONTACTS) == []
    await scene.boss_asks()
    (second,) = await intake.take_mail(scene.house, CONTACTS)
    assert first != second
    async with scene.house.db.transaction(TRUST) as tx:
        entries = [entry for name, entry in (await store.newest(tx)).items() if name.startswith("@case/")]
        said = str(await trust_log.stated(tx, entries))
    assert "Rosebud" not in said
    assert "example.org" not in said


async def test_its_clock_runs_from_when_it_arrived_however_late_we_looked(scene: Scene) -> None:
    await scene.boss_asks()
    scene.clock.move(timedelta(hours=30))
    await intake.take_mail(scene.house, CONTACTS)
    (case,) = await intake.read_cases(scene.house)
    assert case.state(scene.clock.now, timedelta(hours=24)) == "overdue"


async def test_an_hour_has_room_for_so_many_and_the_rest_waits_where_it_lies(scene: Scene) -> None:
    await scene.boss_asks()
    await scene.boss_asks()
    assert len(await intake.take_mail(scene.house, CONTACTS, per_hour=1)) == 1
    assert await intake.take_mail(scene.house, CONTACTS, per_hour=1) == []
    scene.clock.move(timedelta(hours=2))
    assert len(await intake.take_mail(scene.house, CONTACTS, per_hour=1)) == 1


async def test_the_form_is_sealed_read_acknowledged_and_forgotten_when_closed(scene: Scene) -> None:
    identifier = await intake.take_form(scene.house, Sort.ABUSE, " You send spam. \ud800", "me@example.org")
    written = await intake.read_written(scene.house, identifier)
    assert written is not None
    assert (written.text, written.reply_to) == ("You send spam. ?", "me@example.org")
    await intake.acknowledge(scene.house, identifier, by="member 4")
    with pytest.raises(CaseError, match="stays as it was"):
        await intake.acknowledge(scene.house, identifier, by="member 4")
    await intake.close(scene.house, identifier, ending=Ending.ANSWERED, by="member 4")
    assert await intake.read_written(scene.house, identifier) is None
    (case,) = await intake.read_cases(scene.house)
    assert (case.state(scene.clock.now, timedelta(hours=24)), case.by) == ("closed", "member 4")


@pytest.mark.parametrize(
    ("text", "reply_to"), [("  ", ""), ("x" * 20_001, ""), ("x", "not an address"), ("x", "a@" + "b" * 400)]
)
async def test_what_is_no_report_is_refused(scene: Scene, text: str, reply_to: str) -> None:
    with pytest.raises(intake.ReportError):
        await intake.take_form(scene.house, Sort.SECURITY, text, reply_to)
    assert await intake.read_cases(scene.house) == []


async def test_the_form_too_is_full_at_last(scene: Scene) -> None:
    for _ in range(intake.WRITTEN_PER_HOUR):
        await intake.take_form(scene.house, Sort.SECURITY, "one more", "")
    with pytest.raises(intake.FullError):
        await intake.take_form(scene.house, Sort.SECURITY, "one more", "")
    scene.clock.move(timedelta(hours=1, seconds=1))
    await intake.take_form(scene.house, Sort.SECURITY, "one more", "")


@pytest.mark.parametrize("by", ["", "x" * 33, "me@example.org", "a\nb"])
async def test_a_person_is_a_reference_and_no_address(scene: Scene, by: str) -> None:
    identifier = await intake.take_form(scene.house, Sort.SECURITY, "one", "")
    with pytest.raises(CaseError):
        await intake.acknowledge(scene.house, identifier, by=by)
    with pytest.raises(CaseError, match="no such case"):
        await intake.acknowledge(scene.house, "cs_none", by="member 4")
