"""The page of one petition: its address shows, a person's key and a button rule."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest

from doors.rest.scene import POLICY, Tenancy, calls, leaves, set_policy
from gatepost import access, decide
from gatepost.access.paper import Role
from gatepost.act import petition
from gatepost.act.petition import Kind, Petition, State, link
from gatepost.act.petition.link import PersonLink
from gatepost.deliver.hold import Approver
from gatepost.doors import public
from gatepost.ids import PersonId
from gatepost.journey import House
from gatepost.mail.address import Address
from gatepost.workbench import Bench

STRANGE = '<script>alert(1)</script> & "quotes"'


@pytest.fixture
async def waiting(house: House, ours: Tenancy) -> Petition:
    await set_policy(house, ours, POLICY)
    async with house.db.transaction(ours.tenant) as tx:
        return await petition.make(
            tx,
            ours.account,
            Kind.SENDER,
            sender=Address.parse("ann@customer.test"),
            why=STRANGE,
            proposer=ours.key_ids[Role.AGENT],
            email=None,
            at=house.clock(),
            entropy=house.entropy,
        )


@pytest.fixture
async def page(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    async with calls(public.build_petitions(house, Bench()), None) as client:
        yield client


def path_of(house: House, ours: Tenancy, waiting: Petition) -> str:
    return f"/petition/{link.sign(ours.tenant, waiting.id, house.keyring)}"


async def state_of(house: House, ours: Tenancy, waiting: Petition) -> State:
    async with house.db.transaction(ours.tenant) as tx:
        return (await petition.get(tx, waiting.id)).state


def form(waiting: Petition, key: str, decision: str = "approve") -> dict[str, str]:
    return {"digest": waiting.digest, "key": key, "decision": decision}


async def test_opening_it_shows_what_is_asked_and_changes_nothing(
    house: House, ours: Tenancy, waiting: Petition, page: httpx2.AsyncClient
) -> None:
    path = path_of(house, ours, waiting)
    shown = [await page.get(path) for _ in range(3)][-1]
    assert (shown.status_code, (await page.request("HEAD", path)).status_code) == (200, 200)
    assert "ann@customer.test" in shown.text
    assert "<script>" not in shown.text
    assert "&lt;script&gt;" in shown.text
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert await state_of(house, ours, waiting) is State.WAITING


async def test_an_approvers_key_rules_once(
    house: House, ours: Tenancy, waiting: Petition, page: httpx2.AsyncClient
) -> None:
    path = path_of(house, ours, waiting)
    done = await page.post(path, data=form(waiting, ours.keys[Role.APPROVER]))
    again = await page.post(path, data=form(waiting, ours.keys[Role.APPROVER], "deny"))
    for answer in (done, again):
        assert "version 2 of the policy" in answer.text
        assert "<form" not in answer.text
    assert await state_of(house, ours, waiting) is State.APPROVED
    assert [each["action"] for each in await leaves(house, ours)][-2:] == ["petition.approve", "policy.set"]


async def test_no_other_key_rules_and_none_is_told_from_another(
    house: House, ours: Tenancy, theirs: Tenancy, waiting: Petition, page: httpx2.AsyncClient
) -> None:
    path = path_of(house, ours, waiting)
    keys = ["", "gp_wrong", "é", "x" * 300, ours.agent, ours.keys[Role.AUDITOR], theirs.owner]
    answers = [await page.post(path, data=form(waiting, key)) for key in keys]
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.text for answer in answers}) == 1
    assert await state_of(house, ours, waiting) is State.WAITING


async def test_whoever_asked_does_not_answer(
    house: House, ours: Tenancy, waiting: Petition, page: httpx2.AsyncClient
) -> None:
    async with house.db.transaction(ours.tenant) as tx:
        await tx.run("update petition set proposer = %(key)s where tenant = %(tenant)s", key=ours.key_ids[Role.OWNER])
    answer = await page.post(path_of(house, ours, waiting), data=form(waiting, ours.owner))
    assert (answer.status_code, "Not yours" in answer.text) == (403, True)


async def test_for_a_mailbox_that_was_removed_nothing_is_done(
    house: House, ours: Tenancy, waiting: Petition, page: httpx2.AsyncClient
) -> None:
    """Its policy had another version, and the record said so."""
    async with house.db.transaction(ours.tenant) as tx:
        assert await access.remove_account(tx, ours.account)
    before = await leaves(house, ours)
    answer = await page.post(path_of(house, ours, waiting), data=form(waiting, ours.owner))
    assert (answer.status_code, "The mailbox was removed." in answer.text) == (409, True)
    assert await leaves(house, ours) == before
    assert await state_of(house, ours, waiting) is State.WAITING


@pytest.mark.parametrize(
    ("changes", "status"), [({"digest": "0" * 64}, 409), ({"decision": "maybe"}, 400), ({"key": "y" * 5_000}, 413)]
)
async def test_a_form_that_is_not_the_pages_does_nothing(
    house: House, ours: Tenancy, waiting: Petition, page: httpx2.AsyncClient, changes: dict[str, str], status: int
) -> None:
    answer = await page.post(path_of(house, ours, waiting), data={**form(waiting, ours.owner), **changes})
    assert answer.status_code == status
    assert await state_of(house, ours, waiting) is State.WAITING


async def test_what_cannot_be_done_any_more_is_said(
    house: House, ours: Tenancy, waiting: Petition, page: httpx2.AsyncClient
) -> None:
    rules = {"senders": [{"match": {"address": "ann@customer.test"}, "action": "reject"}]}
    await set_policy(house, ours, {**POLICY, **rules})
    answer = await page.post(path_of(house, ours, waiting), data=form(waiting, ours.owner))
    assert (answer.status_code, "speaks for this author already" in answer.text) == (409, True)
    assert await state_of(house, ours, waiting) is State.WAITING


@pytest.mark.parametrize("path", ["/petition/x.y", "/petition/", "/petition/%00", "/petition/a/b"])
async def test_an_address_of_nobodys_leads_nowhere(page: httpx2.AsyncClient, path: str) -> None:
    answer = await page.get(path)
    assert (answer.status_code, "leads nowhere" in answer.text) == (404, True)


@pytest.fixture
async def own(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    async with calls(public.build_own_petitions(house, Bench()), None) as client:
        yield client


async def add(house: House, ours: Tenancy, address: str, role: Role = Role.APPROVER) -> PersonId:
    async with house.db.transaction(ours.tenant) as tx:
        person = await access.add_person(tx, Address.parse(address), role, at=house.clock(), entropy=house.entropy)
    return person.id


def mailed(house: House, ours: Tenancy, waiting: Petition, person: PersonId) -> str:
    own_link = PersonLink(ours.tenant, waiting.id, person, waiting.expires_at)
    return f"/approve-petition/{link.sign_for(own_link, house.keyring)}"


async def test_a_mailed_link_shows_and_its_button_rules_once_without_a_key(
    house: House, ours: Tenancy, waiting: Petition, own: httpx2.AsyncClient
) -> None:
    officer = await add(house, ours, "officer@ours.test")
    path = mailed(house, ours, waiting, officer)
    shown = [await own.get(path) for _ in range(3)][-1]
    assert (shown.status_code, "ann@customer.test" in shown.text, 'name="key"' in shown.text) == (200, True, False)
    assert await state_of(house, ours, waiting) is State.WAITING
    said = {"digest": waiting.digest, "decision": "approve"}
    assert (await own.post(path, data={**said, "digest": "0" * 64})).status_code == 409
    done = await own.post(path, data=said)
    again = await own.post(path, data={**said, "decision": "deny"})
    for answer in (done, again):
        assert (answer.status_code, "version 2 of the policy" in answer.text, officer in answer.text) == (
            200,
            True,
            True,
        )
    assert await state_of(house, ours, waiting) is State.APPROVED
    ruled = [leaf["actor_ref"] for leaf in await leaves(house, ours) if leaf["action"] == "petition.approve"]
    assert ruled == [officer]


async def test_a_mailed_link_is_good_for_its_person_while_they_may_rule_and_for_nobody_else(
    house: House, ours: Tenancy, theirs: Tenancy, waiting: Petition, own: httpx2.AsyncClient, page: httpx2.AsyncClient
) -> None:
    gone = await add(house, ours, "gone@ours.test")
    people = [
        gone,
        await add(house, ours, "auditor@ours.test", Role.AUDITOR),
        await add(house, ours, waiting.sender, Role.OWNER),
        await add(house, theirs, "officer@theirs.test"),
    ]
    async with house.db.transaction(ours.tenant) as tx:
        await access.remove_person(tx, gone)
    said = {"digest": waiting.digest, "decision": "approve"}
    for person in people:
        path = mailed(house, ours, waiting, person)
        assert (await own.post(path, data=said)).status_code == 404
        assert (await page.post(path.replace("/approve-petition", "/petition"), data=said)).status_code == 404
    officer = await add(house, ours, "officer@ours.test")
    late = PersonLink(ours.tenant, waiting.id, officer, house.clock() - timedelta(seconds=1))
    assert (await own.post(f"/approve-petition/{link.sign_for(late, house.keyring)}", data=said)).status_code == 404
    assert await state_of(house, ours, waiting) is State.WAITING


async def test_what_a_persons_key_asked_is_not_answered_by_a_link_for_it_may_be_theirs(
    house: House, ours: Tenancy, waiting: Petition, own: httpx2.AsyncClient
) -> None:
    officer = await add(house, ours, "officer@ours.test")
    async with house.db.transaction(ours.tenant) as tx:
        await tx.run("update petition set proposer = %(key)s where tenant = %(tenant)s", key=ours.key_ids[Role.OWNER])
    form = {"digest": waiting.digest, "decision": "approve"}
    assert (await own.post(mailed(house, ours, waiting, officer), data=form)).status_code == 403
    assert await state_of(house, ours, waiting) is State.WAITING


async def test_where_two_people_must_say_yes_two_mailed_links_do(
    house: House, ours: Tenancy, waiting: Petition, own: httpx2.AsyncClient
) -> None:
    first, second = [mailed(house, ours, waiting, await add(house, ours, f"{who}@ours.test")) for who in ("ann", "bob")]
    async with house.db.transaction(ours.tenant) as tx:
        await access.set_second_person(tx, is_needed=True)
    said = {"digest": waiting.digest, "decision": "approve"}
    answers = [await own.post(first, data=said) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 403]
    assert "somebody else must say yes" in answers[0].text
    assert await state_of(house, ours, waiting) is State.WAITING
    assert (await own.post(second, data=said)).status_code == 200
    assert await state_of(house, ours, waiting) is State.APPROVED
    async with house.db.transaction(ours.tenant) as tx:
        found = await petition.get(tx, waiting.id)
        current = await decide.get_policy(tx, ours.account)
    assert found.policy_version is not None
    assert current is not None
    assert current.version == found.policy_version


async def test_one_of_two_may_still_say_no_by_a_mailed_link(
    house: House, ours: Tenancy, waiting: Petition, own: httpx2.AsyncClient
) -> None:
    first, second = [mailed(house, ours, waiting, await add(house, ours, f"{who}@ours.test")) for who in ("ann", "bob")]
    async with house.db.transaction(ours.tenant) as tx:
        await access.set_second_person(tx, is_needed=True)
    await own.post(first, data={"digest": waiting.digest, "decision": "approve"})
    await own.post(second, data={"digest": waiting.digest, "decision": "deny"})
    assert await state_of(house, ours, waiting) is State.DENIED


async def test_a_key_and_a_mailed_link_are_not_taken_for_two_people(
    house: House, ours: Tenancy, waiting: Petition, own: httpx2.AsyncClient
) -> None:
    path = mailed(house, ours, waiting, await add(house, ours, "ann@ours.test"))
    async with house.db.transaction(ours.tenant) as tx:
        await access.set_second_person(tx, is_needed=True)
    await own.post(path, data={"digest": waiting.digest, "decision": "approve"})
    async with house.db.transaction(ours.tenant) as tx:
        with pytest.raises(petition.PetitionInvalidError, match=r"approver\.link_needed"):
            await petition.rule(
                tx,
                waiting.id,
                Approver(id=ours.key_ids[Role.APPROVER]),
                is_approved=True,
                digest=waiting.digest,
                at=house.clock(),
                entropy=house.entropy,
            )
    assert await state_of(house, ours, waiting) is State.WAITING
