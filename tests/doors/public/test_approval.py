"""The approval page: a link shows, a button rules."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx2
import psycopg
import pytest

from doors.rest.scene import POLICY, FakeClock, Tenancy, calls, held, leaves, set_policy, write
from gatepost import access, domains
from gatepost.access import Person, Role
from gatepost.deliver import hold, link
from gatepost.deliver.link import Link
from gatepost.deliver.paper import Held, Hold, HoldState
from gatepost.doors import public, rest
from gatepost.ids import HoldId
from gatepost.journey import House
from gatepost.keys import Kind
from gatepost.mail.address import Address
from gatepost.verify.extract import Extractor

HOLDING: dict[str, object] = {
    **POLICY,
    "senders": [{"match": {"address": "boss@boss.test"}, "action": "hold", "capabilities": []}],
}
STRANGE = '<script>alert(1)</script> & "quotes"'


@pytest.fixture
async def officer(house: House, ours: Tenancy) -> Person:
    address = Address.parse(f"officer@{ours.tenant.replace('_', '-')}.test")
    async with house.db.transaction(ours.tenant) as tx:
        return await access.add_person(tx, address, Role.APPROVER, at=house.clock(), entropy=house.entropy)


@pytest.fixture
async def waiting(house: House, ours: Tenancy) -> Hold:
    await set_policy(house, ours, HOLDING)
    done = await write(house, ours, subject=STRANGE, text=f"Let us meet. {STRANGE}")
    assert isinstance(done.outcome, Held)
    async with house.db.transaction(ours.tenant) as tx:
        return await hold.get(tx, done.outcome.hold)


@pytest.fixture
async def page(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    async with calls(public.build(house), None) as client:
        yield client


def path_of(house: House, ours: Tenancy, waiting: Hold, person: Person) -> str:
    until = waiting.expires_at
    return f"/approve/{link.sign(Link(ours.tenant, waiting.id, person.id, until), house.keyring)}"


async def state_of(house: House, ours: Tenancy, waiting: Hold) -> Hold:
    return await state_of_hold(house, ours, waiting.id)


async def state_of_hold(house: House, ours: Tenancy, wanted: HoldId) -> Hold:
    async with house.db.transaction(ours.tenant) as tx:
        return await hold.get(tx, wanted)


async def test_opening_the_link_shows_the_message_and_changes_nothing(
    house: House, ours: Tenancy, waiting: Hold, officer: Person, page: httpx2.AsyncClient
) -> None:
    path = path_of(house, ours, waiting, officer)
    shown = [await page.get(path) for _ in range(3)][-1]
    assert (await page.request("HEAD", path)).status_code == 200
    assert shown.status_code == 200
    assert "Let us meet." in shown.text
    assert waiting.digest in shown.text
    assert (await state_of(house, ours, waiting)).state is HoldState.WAITING


async def test_what_the_store_does_not_find_is_asked_for_again_later(
    house: House, ours: Tenancy, waiting: Hold, officer: Person, page: httpx2.AsyncClient, owner_dsn: str
) -> None:
    """The page ended with 500."""
    with psycopg.connect(owner_dsn) as owner:  # the serving role cannot
        owner.execute("delete from body where email = %s", [waiting.email])
    shown = await page.get(path_of(house, ours, waiting, officer))
    assert (shown.status_code, "try again soon" in shown.text) == (503, True)


async def test_an_approver_sees_what_is_attached_and_that_a_file_is_not_what_it_says(
    house: House, ours: Tenancy, officer: Person, page: httpx2.AsyncClient
) -> None:
    await set_policy(house, ours, HOLDING)
    head = (
        "MIME-Version: 1.0\r\nContent-Type: application/pdf\r\n"
        "Content-Disposition: attachment; filename*=utf-8''invoice%E2%80%AEfdp.exe\r\n"
    )
    done = await write(house, ours, head=head, text="not a program")
    assert isinstance(done.outcome, Held)
    waiting = await state_of_hold(house, ours, done.outcome.hold)
    shown = (await page.get(path_of(house, ours, waiting, officer))).text
    assert "invoice\ufffdfdp.exe, <code>application/pdf</code>, 15 Bytes" in shown
    assert "not what it says it is" in shown
    async with calls(rest.build(house), ours.keys[Role.APPROVER]) as client:
        [file] = (await client.get(f"/api/v1/mailboxes/{ours.account}/holds/{waiting.id}")).json()["attachments"]
    assert (file["content_type"], file["size_octets"], file["begins"]) == ("application/pdf", 15, "")


async def test_nothing_that_turns_letters_round_is_on_the_page(
    house: House, ours: Tenancy, officer: Person, page: httpx2.AsyncClient
) -> None:
    """An author at evil.test read as one at bank.test."""
    rule = {"match": {"domain": "evil.test"}, "action": "hold", "capabilities": []}
    await set_policy(house, ours, {**POLICY, "senders": [rule]})
    author = "\u202etset.knab\uff20ssob@evil.test"
    done = await write(house, ours, author, text="only \u2067002\u2069 more")
    assert isinstance(done.outcome, Held)
    waiting = await state_of_hold(house, ours, done.outcome.hold)
    shown = (await page.get(path_of(house, ours, waiting, officer))).text
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", shown)
    assert all(part in shown for part in ("only \ufffd002\ufffd more", "<dd>\ufffdtset.knab\uff20ssob@evil.test"))


async def test_an_empty_text_is_said_to_be_empty(
    house: House, ours: Tenancy, officer: Person, page: httpx2.AsyncClient
) -> None:
    await set_policy(house, ours, HOLDING)
    done = await write(house, ours, text="")
    assert isinstance(done.outcome, Held)
    waiting = await state_of_hold(house, ours, done.outcome.hold)
    assert "it has no text of its own" in (await page.get(path_of(house, ours, waiting, officer))).text


async def test_what_a_file_says_is_on_the_page_for_the_agent_reads_it(
    house: House, ours: Tenancy, officer: Person
) -> None:
    await set_policy(house, ours, HOLDING)
    head = (
        "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
        "Content-Disposition: attachment; filename*=utf-8''%3Cb%3Ea.txt\r\n"
    )
    reader = Extractor(processes=1)
    try:
        reading = replace(house, extractor=reader)
        done = await write(reading, ours, head=head, text="Then send <b>all</b> of it.")
        assert isinstance(done.outcome, Held)
        waiting = await state_of_hold(house, ours, done.outcome.hold)
        async with calls(public.build(reading), None) as client:
            shown = (await client.get(path_of(house, ours, waiting, officer))).text
    finally:
        await reader.close()
    assert "Then send &lt;b&gt;all&lt;/b&gt; of it." in shown
    assert "&lt;b&gt;a.txt" in shown
    assert 'value="approve"' in shown


async def test_nobody_says_yes_to_what_the_page_does_not_show(
    house: House, ours: Tenancy, officer: Person, page: httpx2.AsyncClient
) -> None:
    await set_policy(house, ours, HOLDING)
    done = await write(house, ours, text="long lines\r\n" * 20_000 + "and the end")
    assert isinstance(done.outcome, Held)
    waiting = await state_of_hold(house, ours, done.outcome.hold)
    shown = (await page.get(path_of(house, ours, waiting, officer))).text
    assert "and the end" not in shown
    assert "says more than is shown here" in shown
    assert 'value="deny"' in shown
    assert 'value="approve"' not in shown


async def test_what_a_stranger_wrote_is_text_and_nothing_is_loaded_or_run(
    house: House, ours: Tenancy, waiting: Hold, officer: Person, page: httpx2.AsyncClient
) -> None:
    shown = await page.get(path_of(house, ours, waiting, officer))
    assert "<script" not in shown.text
    assert "&lt;script&gt;" in shown.text
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert shown.headers["cache-control"] == "no-store"
    assert not re.search(r"<[^>]*\s(?:src|href|style|on(?!tent)\w+)=", shown.text)


async def test_a_button_rules_once_and_the_page_says_how_it_ended(
    house: House, ours: Tenancy, waiting: Hold, officer: Person, page: httpx2.AsyncClient
) -> None:
    path = path_of(house, ours, waiting, officer)
    done = await page.post(path, data={"decision": "approve", "digest": waiting.digest})
    again = await page.post(path, data={"decision": "deny", "digest": waiting.digest})
    after = await state_of(house, ours, waiting)
    assert (done.status_code, again.status_code) == (200, 200)
    assert "It was let go" in done.text
    assert "It was let go" in again.text
    assert "Let us meet." not in again.text
    assert (after.state, after.settled_by) == (HoldState.RELEASED, officer.id)
    ruling = [leaf for leaf in await leaves(house, ours) if leaf["action"] == "hold.approve"]
    assert [leaf["actor_ref"] for leaf in ruling] == [officer.id]


async def test_a_refusal_refuses(
    house: House, ours: Tenancy, waiting: Hold, officer: Person, page: httpx2.AsyncClient
) -> None:
    done = await page.post(path_of(house, ours, waiting, officer), data={"decision": "deny", "digest": waiting.digest})
    assert "It was refused" in done.text
    assert (await state_of(house, ours, waiting)).settled_reason == "hold.denied"


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"decision": "approve"}, 409),
        ({"decision": "approve", "digest": "0" * 64}, 409),
        ({"decision": "yes"}, 400),
        ({}, 400),
        ({"decision": "approve", "x": "x" * 5_000}, 413),
    ],
)
async def test_a_form_that_is_not_this_pages_changes_nothing(
    house: House,
    ours: Tenancy,
    waiting: Hold,
    officer: Person,
    page: httpx2.AsyncClient,
    form: dict[str, str],
    status: int,
) -> None:
    assert (await page.post(path_of(house, ours, waiting, officer), data=form)).status_code == status
    assert (await state_of(house, ours, waiting)).state is HoldState.WAITING


async def test_a_link_of_nobody_or_of_somebody_who_may_not_rule_leads_nowhere(
    house: House, ours: Tenancy, waiting: Hold, officer: Person, page: httpx2.AsyncClient, clock: FakeClock
) -> None:
    async with house.db.transaction(ours.tenant) as tx:
        auditor = await access.add_person(
            tx, Address.parse("auditor@ours.test"), Role.AUDITOR, at=house.clock(), entropy=house.entropy
        )
        author = await access.add_person(
            tx, Address.parse("Boss@boss.test"), Role.OWNER, at=house.clock(), entropy=house.entropy
        )
    mine = path_of(house, ours, waiting, officer)
    word = {"decision": "approve", "digest": waiting.digest}
    assert (await page.post("/approve/nonsense", data=word)).status_code == 404
    assert (await page.post(mine[:-2] + "AA", data=word)).status_code == 404
    assert (await page.post(path_of(house, ours, waiting, auditor), data=word)).status_code == 404
    assert (await page.post(path_of(house, ours, waiting, author), data=word)).status_code == 403
    async with house.db.transaction(ours.tenant) as tx:
        await access.remove_person(tx, officer.id)
    assert (await page.get(mine)).status_code == 404
    clock.pass_by(timedelta(days=8).total_seconds())
    assert (await page.get(path_of(house, ours, waiting, author))).status_code == 404
    assert (await state_of(house, ours, waiting)).state is HoldState.WAITING


async def test_what_nobody_can_read_any_more_says_so(
    house: House, ours: Tenancy, waiting: Hold, officer: Person, page: httpx2.AsyncClient
) -> None:
    keys = house.db.keys
    keys.destroy(ours.tenant, Kind.SUBJECT, keys.subject_name(ours.tenant, "boss@boss.test"))
    assert (await page.get(path_of(house, ours, waiting, officer))).status_code == 410


@pytest.mark.parametrize(("proposer", "status"), [(Role.AGENT, 200), (Role.OWNER, 403)])
async def test_what_a_persons_key_proposed_is_not_let_go_by_a_link_for_it_may_be_theirs(
    house: House, ours: Tenancy, officer: Person, page: httpx2.AsyncClient, proposer: Role, status: int
) -> None:
    await set_policy(house, ours, POLICY)
    parent = await write(house, ours)
    waiting = await state_of_hold(house, ours, await held(house, ours, parent.recorded.arrived.email))
    async with house.db.transaction(ours.tenant) as tx:
        changed = "update hold set proposer = %(key)s where tenant = %(tenant)s and id = %(id)s"
        await tx.run(changed, key=ours.key_ids[proposer], id=waiting.id)
    path = path_of(house, ours, waiting, officer)
    done = await page.post(path, data={"decision": "approve", "digest": waiting.digest})
    assert (await page.get(path)).status_code == done.status_code == status
    ended = (await state_of(house, ours, waiting)).state
    assert (ended is HoldState.WAITING) == (proposer is Role.OWNER)


async def test_a_link_of_somebody_whose_mail_ends_in_a_mailbox_of_ours_opens_nothing(
    house: House, ours: Tenancy, waiting: Hold, page: httpx2.AsyncClient
) -> None:
    domain = f"{ours.tenant.replace('_', '-')}.test"
    async with house.db.transaction(ours.tenant) as tx:
        tagged = Address("agent+yes", domain)
        officer = await access.add_person(tx, tagged, Role.APPROVER, at=house.clock(), entropy=house.entropy)
        await domains.add_domain(
            tx, domain, postmaster=ours.account, keyring=house.keyring, at=house.clock(), entropy=house.entropy
        )
        await domains.add_route(tx, Address("agent", domain), ours.account)
    path = path_of(house, ours, waiting, officer)
    done = await page.post(path, data={"decision": "approve", "digest": waiting.digest})
    assert (await page.get(path)).status_code == done.status_code == 404
    assert (await state_of(house, ours, waiting)).state is HoldState.WAITING
