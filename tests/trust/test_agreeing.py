"""A text put to customers on real PostgreSQL and a real log: told, mailed, accepted or rejected, in force."""

from datetime import timedelta

import pytest

from gatepost import access
from gatepost.access.paper import Role
from gatepost.app import administer
from gatepost.mail.address import Address
from gatepost.record.trust_log import TRUST
from gatepost.trust import agreeing, banner, engagement, read_operator, telling, terms, wording
from gatepost.trust.courier import Courier
from gatepost.trust.engagement import NotYetError
from gatepost.trust.terms import Change, Standing
from trust.posting import OWN, Posting
from trust.scene import Scene
from trust.ticking import hours_pass

OWNER, AUDITOR = Address("owner", "example.org"), Address("auditor", "example.org")


def change(post: Scene, document: str = "terms") -> Change:
    found = agreeing.change_of(read_operator(post.folder), document)
    assert found is not None
    return found


def revise(post: Scene) -> None:
    """Let the folder hold a material version 3 with a text of its own."""
    text = post.folder / "terms" / "terms.md"
    text.write_text(text.read_text() + "\nOne more.\n")
    rows = post.folder / "terms.toml"
    rows.write_text(
        rows.read_text()
        + '\n[[terms]]\nversion = "3"\nnoticed_on = 2026-11-20\neffective_on = 2026-12-25\nmaterial = true\n'
        'rule = "Changes what a customer pays or may do"\nreason = "Prices"\ndecided_by = "managing director"\n'
    )


async def actions(post: Scene) -> list[tuple[str, str]]:
    async with post.house.db.transaction(OWN) as tx:
        query = """
            select convert_from(leaf, 'UTF8')::json as leaf from entry where tenant = %(tenant)s order by id
        """
        rows = await tx.all(query)
    wanted = ("terms", "notice", "instru")
    leaves = [row.leaf for row in rows if row.leaf["action"].startswith(wanted)]
    return [(leaf["action"], leaf["actor_ref"]) for leaf in leaves]


async def test_a_material_version_waits_thirty_days_of_the_log(post: Posting) -> None:
    revise(post)
    await agreeing.announce(post.house, change(post))
    await post.publish()
    for days, why in ((0, "notice.running"), (29, "notice.running")):
        await tick(post, days)
        with pytest.raises(NotYetError, match=why):
            await agreeing.enforce(post.house, "terms")
    honest = post.clock.now
    post.clock.now += timedelta(days=6)
    with pytest.raises(NotYetError, match="running"):  # the wall's clock alone moves nothing
        await agreeing.enforce(post.house, "terms")
    await agreeing.announce(post.house, change(post, "agreement"))
    await post.engine().round(everything=True)
    await post.publish()
    with pytest.raises(NotYetError, match="running"):  # nor does whatever else is stated under it
        await agreeing.enforce(post.house, "terms")
    post.clock.now = honest
    await tick(post, 6)
    assert (await agreeing.enforce(post.house, "terms")).in_force == change(post).sha256
    assert (await agreeing.enforce(post.house, "terms")).in_force == change(post).sha256


async def tick(post: Posting, days: int) -> None:
    """Let days pass as a house at work spends them, and sign: that is how the log's clock moves."""
    if days:
        post.clock.now = await hours_pass(post.house.db, post.clock.now, days * 24)
    await post.publish()


async def test_each_owner_is_mailed_and_the_record_says_what_became_of_it(post: Posting) -> None:
    for address, role in ((OWNER, Role.OWNER), (AUDITOR, Role.AUDITOR)):
        await administer.add_person(post.house, OWN, address, role)
    post.handlers = Courier(post.house, post.folder).handlers()
    await agreeing.announce(post.house, change(post))
    await agreeing.announce(post.house, change(post))
    post.sink.replies = ["451 4.3.0 later"]
    assert await post.keep(OWN) == ["remote.deferred"]
    assert await post.keep(OWN) == []
    assert post.recipients() == [[str(OWNER)]]
    (mail,) = post.mails()
    assert mail["subject"] == "Lanternpost: Terms of service, version 2.1"
    assert change(post).sha256 in mail.get_content()
    assert [action for action, _ in await actions(post)] == ["terms.announced", "notice.mailed"]


async def test_who_is_no_owner_any_more_is_not_mailed(post: Posting) -> None:
    person = await administer.add_person(post.house, OWN, OWNER, Role.OWNER)
    post.handlers = Courier(post.house, post.folder).handlers()
    await agreeing.announce(post.house, change(post))
    async with post.house.db.transaction(OWN) as tx:
        await access.remove_person(tx, person.id)
    assert await post.keep(OWN) == []
    assert post.sink.mails == []


async def test_acceptance_is_bound_to_the_octets_and_names_who_gave_it(post: Posting) -> None:
    sha256 = change(post).sha256
    with pytest.raises(NotYetError, match=r"terms\.none"):
        await agreeing.say(post.house, OWN, "terms", Standing.ACCEPTED, sha256=sha256, actor="ky_owner")
    await agreeing.announce(post.house, change(post))
    assert [each.change.version for each in await banner.unanswered(post.house.db, OWN)] == ["2.1"]
    with pytest.raises(NotYetError, match=r"terms\.changed"):
        await agreeing.say(post.house, OWN, "terms", Standing.ACCEPTED, sha256="00" * 32, actor="ky_owner")
    for _ in range(2):
        put = await agreeing.say(post.house, OWN, "terms", Standing.ACCEPTED, sha256=sha256, actor="ky_owner")
        assert put.standing is Standing.ACCEPTED
    assert await banner.unanswered(post.house.db, OWN) == []
    assert (await actions(post))[-1] == ("terms.accepted", "ky_owner")
    assert len(await actions(post)) == 2
    revise(post)
    await agreeing.announce(post.house, change(post))  # another text: the word on the first is none on this
    assert [each.change.version for each in await banner.unanswered(post.house.db, OWN)] == ["3"]


async def test_no_step_of_leaving_is_skipped(post: Posting) -> None:
    sha256 = change(post).sha256
    await agreeing.announce(post.house, change(post))
    for step in (Standing.EXPORTED, Standing.CLOSED):
        with pytest.raises(NotYetError, match="told"):
            await agreeing.say(post.house, OWN, "terms", step, sha256="", actor="operator")
    await agreeing.say(post.house, OWN, "terms", Standing.REJECTED, sha256=sha256, actor="operator")
    with pytest.raises(NotYetError, match="rejected"):
        await agreeing.say(post.house, OWN, "terms", Standing.CLOSED, sha256="", actor="operator")
    await agreeing.say(post.house, OWN, "terms", Standing.ACCEPTED, sha256=sha256, actor="operator")


async def test_an_instruction_stands_in_the_customer_s_record_and_not_in_clear(post: Posting) -> None:
    sha256 = await agreeing.instruct(post.house, OWN, "Delete what is older than a year", actor="ky_owner")
    async with post.house.db.transaction(OWN) as tx:
        rows = await tx.all("select leaf from entry where tenant = %(tenant)s")
    leaves = b"".join(bytes(row.leaf) for row in rows)
    assert b"Delete what" not in leaves
    assert sha256[:16].encode() not in leaves, "whoever guesses the text would know it again"
    assert (await actions(post))[-1] == ("instruction.given", "ky_owner")


async def test_a_sub_processor_to_come_is_shown_until_it_is_engaged_or_withdrawn(post: Posting) -> None:
    supplier = next(each for each in read_operator(post.folder).suppliers if each.id == "model")
    await engagement.announce(post.house, supplier)
    (coming,) = await banner.coming(post.house.db, OWN)
    assert (coming.supplier, coming.may_object, coming.ends_at) == ("model", True, None)
    await post.publish()
    (coming,) = await banner.coming(post.house.db, OWN)
    assert coming.runs_from is not None
    assert coming.ends_at == coming.runs_from + timedelta(days=30)
    await engagement.withdraw(post.house, "model")
    assert await banner.coming(post.house.db, OWN) == []


async def test_the_house_s_own_tenants_are_nobody_s_customers(post: Posting) -> None:
    await administer.add_tenant(post.house, name="canary", plan="house")
    assert [each.id for each in await telling.customers(post.house.db)] == [OWN]
    assert await telling.is_customer(post.house.db, OWN)
    assert not await telling.is_customer(post.house.db, TRUST)


@pytest.mark.parametrize("action", ["subprocessor.announced", "subprocessor.withdrawn", terms.ANNOUNCED, "other.word"])
def test_every_notice_has_words(scene: Scene, action: str) -> None:
    detail = {**change(scene).public, "purpose": "Translations", "region": "NL"}
    subject, text, path = wording.said(action, "model", detail, read_operator(scene.folder))
    assert subject.startswith("Lanternpost: ")
    assert text.endswith("\n")
    assert path.startswith("/trust/")


async def test_a_notice_names_the_text_by_its_title_and_leads_to_it(scene: Scene) -> None:
    detail = {**change(scene).public, "purpose": "Translations", "region": "NL"}
    subject, text, path = wording.said(terms.ANNOUNCED, "terms", detail, read_operator(scene.folder))
    title = next(each.title for each in read_operator(scene.folder).documents if each.id == "terms")
    assert (title in subject, title in text, path) == (True, True, "/trust/documents/terms")
    _, text, path = wording.said("subprocessor.announced", "model", detail, read_operator(scene.folder))
    assert ("\nWhich data: " in text, path) == (True, "/trust/subprocessors")
