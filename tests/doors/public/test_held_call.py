"""The page of a held call: a link shows, a button rules."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest

from doors.rest.scene import POLICY, FakeClock, Tenancy, calls, held_call, leaves, set_policy, write
from gatepost import access
from gatepost.access import Person, Role
from gatepost.act import hosted
from gatepost.act.hosted import call_link, store
from gatepost.act.hosted.approvals import HELD_MAX
from gatepost.act.hosted.call_link import CallLink
from gatepost.act.hosted.paper import StepState
from gatepost.deliver.paper import Kept
from gatepost.doors import public
from gatepost.ids import TurnId
from gatepost.journey import House
from gatepost.mail.address import Address

Waiting = tuple[TurnId, str]


@pytest.fixture
async def officer(house: House, ours: Tenancy) -> Person:
    return await add(house, ours, "officer@example.test", Role.APPROVER)


async def add(house: House, to: Tenancy, address: str, role: Role) -> Person:
    async with house.db.transaction(to.tenant) as tx:
        return await access.add_person(tx, Address.parse(address), role, at=house.clock(), entropy=house.entropy)


@pytest.fixture
async def waiting(house: House, ours: Tenancy) -> Waiting:
    await set_policy(house, ours, POLICY)
    done = await write(house, ours)
    assert isinstance(done.outcome, Kept)
    return await held_call(house, ours, done.outcome.email, done.outcome.thread)


@pytest.fixture
async def page(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    async with calls(public.build_calls(house), None) as client:
        yield client


def path_of(house: House, ours: Tenancy, waiting: Waiting, person: Person) -> str:
    turn, digest = waiting
    wanted = CallLink(ours.tenant, turn, digest, person.id, house.clock() + HELD_MAX)
    return f"{call_link.PATH}/{call_link.sign(wanted, house.keyring)}"


async def state_of(house: House, ours: Tenancy, waiting: Waiting) -> StepState:
    async with house.db.transaction(ours.tenant) as tx:
        return (await hosted.held_call(tx, *waiting))[1].state


async def jobs_of(house: House, ours: Tenancy) -> int:
    async with house.db.transaction(ours.tenant) as tx:
        return len(await tx.all("select 1 from job where tenant = %(tenant)s and kind = 'act.turn'"))


async def test_opening_the_link_shows_the_call_and_changes_nothing(
    house: House, ours: Tenancy, waiting: Waiting, officer: Person, page: httpx2.AsyncClient
) -> None:
    path = path_of(house, ours, waiting, officer)
    shown = [await page.get(path) for _ in range(3)][-1]
    assert (shown.status_code, (await page.request("HEAD", path)).status_code) == (200, 200)
    for word in ("reply", "Yes.", waiting[1]):
        assert word in shown.text
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert await state_of(house, ours, waiting) is StepState.HELD


async def test_what_a_model_wrote_is_text_and_hides_nothing(
    house: House, ours: Tenancy, waiting: Waiting, officer: Person, page: httpx2.AsyncClient
) -> None:
    async with house.db.transaction(ours.tenant) as tx:
        turn, step = await hosted.held_call(tx, *waiting)
        step.content["arguments"]["text"] = "<script>alert(1)</script> \u202eü"  # type: ignore[index,call-overload]  # of a model
        await store.put_step(tx, turn, step)
    shown = await page.get(path_of(house, ours, (turn.id, hosted.digest_of(step)), officer))
    assert "<script" not in shown.text
    assert "&lt;script&gt;" in shown.text
    assert "\\u202e" in shown.text
    assert "\u202e" not in shown.text
    assert "ü" in shown.text
    assert (await page.get(path_of(house, ours, waiting, officer))).status_code == 404  # it is another call now


@pytest.mark.parametrize(
    ("decision", "says", "state"), [("approve", "let go", "approved"), ("deny", "denied", "denied")]
)
async def test_a_button_rules_once_and_the_turn_goes_on(
    house: House,
    ours: Tenancy,
    waiting: Waiting,
    officer: Person,
    page: httpx2.AsyncClient,
    decision: str,
    says: str,
    state: str,
) -> None:
    path, before = path_of(house, ours, waiting, officer), await jobs_of(house, ours)
    done = await page.post(path, data={"decision": decision, "digest": waiting[1]})
    other = "deny" if decision == "approve" else "approve"
    again = await page.post(path, data={"decision": other, "digest": waiting[1]})
    for answer in (done, again):
        assert (answer.status_code, f"It was {says}" in answer.text, "<form" in answer.text) == (200, True, False)
    assert await state_of(house, ours, waiting) == state
    assert await jobs_of(house, ours) == before + 1
    ruled = [leaf["actor_ref"] for leaf in await leaves(house, ours) if leaf["action"] == f"tool.{state}"]
    assert ruled == [officer.id]
    assert f"tool.{state}" in {"tool.approved", "tool.denied"}


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
    waiting: Waiting,
    officer: Person,
    page: httpx2.AsyncClient,
    form: dict[str, str],
    status: int,
) -> None:
    assert (await page.post(path_of(house, ours, waiting, officer), data=form)).status_code == status
    assert await state_of(house, ours, waiting) is StepState.HELD


async def test_a_link_of_nobody_or_of_somebody_who_may_not_rule_leads_nowhere(
    house: House, ours: Tenancy, theirs: Tenancy, waiting: Waiting, officer: Person, page: httpx2.AsyncClient,
    clock: FakeClock,
) -> None:  # fmt: skip
    auditor = await add(house, ours, "auditor@ours.test", Role.AUDITOR)
    author = await add(house, ours, "boss@example.org", Role.OWNER)
    mine = path_of(house, ours, waiting, officer)
    word = {"decision": "approve", "digest": waiting[1]}
    paths = [
        "/approve-call/x.y",
        mine[:-2] + "AA",
        *(path_of(house, ours, waiting, each) for each in (auditor, author)),
    ]
    foreign = path_of(house, theirs, waiting, await add(house, theirs, "owner@theirs.test", Role.OWNER))
    assert {(await page.post(path, data=word)).status_code for path in [*paths, foreign]} == {404}
    clock.pass_by((HELD_MAX + timedelta(seconds=1)).total_seconds())
    assert (await page.post(mine, data=word)).status_code == 404
    assert await state_of(house, ours, waiting) is StepState.HELD


async def test_what_is_too_long_to_be_seen_whole_is_not_approved_here(
    house: House, ours: Tenancy, waiting: Waiting, officer: Person, page: httpx2.AsyncClient
) -> None:
    async with house.db.transaction(ours.tenant) as tx:
        turn, step = await hosted.held_call(tx, *waiting)
        step.content["arguments"]["text"] = "x" * 30_000  # type: ignore[index,call-overload]  # of a model
        await store.put_step(tx, turn, step)
    long = (turn.id, hosted.digest_of(step))
    path = path_of(house, ours, long, officer)
    assert "Let it run" not in (await page.get(path)).text
    assert (await page.post(path, data={"decision": "approve", "digest": long[1]})).status_code == 409
    assert "It was denied" in (await page.post(path, data={"decision": "deny", "digest": long[1]})).text
