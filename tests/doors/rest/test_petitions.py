"""What agents ask of people, over REST."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from doors.rest.scene import POLICY, FakeClock, Tenancy, calls, leaves, set_policy, write
from gatepost import access, decide
from gatepost.access.paper import Role
from gatepost.act import petition
from gatepost.deliver.paper import Kept, Refused
from gatepost.doors import rest
from gatepost.ids import DraftReplayId
from gatepost.journey import House
from gatepost.workbench.run import go_on

ASKING: dict[str, object] = {**POLICY, "onItsOwn": ["propose_sender", "request_promotion"]}
ANN = {"address": "ann@customer.test", "why": "She wants to order."}


def base(ours: Tenancy) -> str:
    return f"/api/v1/mailboxes/{ours.account}/petitions"


async def asked(house: House, ours: Tenancy, what: str = "sender", body: Any = None) -> httpx2.Response:
    async with calls(rest.build(house), ours.agent) as agent:
        return await agent.post(f"{base(ours)}/{what}", json=ANN if body is None else body)


async def ruled(house: House, ours: Tenancy, shown: dict[str, Any], key: str, decision: str) -> httpx2.Response:
    async with calls(rest.build(house), key) as client:
        body = {"decision": decision, "digest": shown["digest"]}
        return await client.post(f"{base(ours)}/{shown['petition_id']}/decision", json=body)


@pytest.fixture
async def waiting(house: House, ours: Tenancy) -> dict[str, Any]:
    await set_policy(house, ours, ASKING)
    answer = await asked(house, ours)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_a_yes_is_a_new_version_with_where_it_came_from(
    house: House, ours: Tenancy, waiting: dict[str, Any]
) -> None:
    assert isinstance((await write(house, ours, "ann@customer.test")).outcome, Refused)
    done = await ruled(house, ours, waiting, ours.keys[Role.APPROVER], "approve")
    assert (done.status_code, done.json()["state"], done.json()["policy_version"]) == (200, "approved", 2)
    async with house.db.transaction(ours.tenant) as tx:
        newest = (await decide.policy_history(tx, ours.account))[0].version
    assert newest.actor == ours.key_ids[Role.APPROVER]
    assert newest.why == f"petition {waiting['petition_id']} of {ours.key_ids[Role.AGENT]}"
    assert isinstance((await write(house, ours, "ann@customer.test")).outcome, Kept)
    actions = [leaf.get("action") for leaf in await leaves(house, ours)]
    assert [each for each in actions if each in {"petition.make", "petition.approve", "policy.set"}] == [
        "petition.make",
        "petition.approve",
        "policy.set",
    ]
    async with calls(rest.build(house), ours.agent) as agent:
        [listed] = (await agent.get(base(ours))).json()["items"]
    assert (listed["state"], listed["settled_by"]) == ("approved", ours.key_ids[Role.APPROVER])


async def test_where_the_tenant_wants_a_second_person_a_yes_is_a_proposal(
    house: House, ours: Tenancy, waiting: dict[str, Any]
) -> None:
    async with house.db.transaction(ours.tenant) as tx:
        await access.set_second_person(tx, is_needed=True)
    done = await ruled(house, ours, waiting, ours.keys[Role.APPROVER], "approve")
    assert (done.status_code, done.json()["state"], done.json()["policy_version"]) == (200, "approved", None)
    assert isinstance((await write(house, ours, "ann@customer.test")).outcome, Refused)
    proposals = "/api/v1/policy/proposals"
    rulings = {}
    async with calls(rest.build(house), ours.owner) as owner:
        [proposed] = (await owner.get(proposals)).json()["items"]
        whole = (await owner.get(f"{proposals}/{proposed['id']}")).json()
    assert (whole["widening"]["verdict"], whole["widening"]["mail"]["from"]) == ("wider", "ann@customer.test")
    assert whole["replay"]["id"] == proposed["replayId"]
    assert whole["changes"]
    await go_on(house, ours.tenant, DraftReplayId(proposed["replayId"]))
    said = {"decision": "approve", "digest": proposed["digest"]}
    for by, key in (("who said yes", ours.keys[Role.APPROVER]), ("agent", ours.agent), ("second", ours.owner)):
        async with calls(rest.build(house), key) as client:
            rulings[by] = (await client.post(f"{proposals}/{proposed['id']}/decision", json=said)).status_code
    assert rulings == {"who said yes": 403, "agent": 403, "second": 200}
    assert proposed["why"] == f"petition {waiting['petition_id']} of {ours.key_ids[Role.AGENT]}"
    assert isinstance((await write(house, ours, "ann@customer.test")).outcome, Kept)
    actions = [leaf.get("action") for leaf in await leaves(house, ours)]
    assert [each for each in actions if str(each).startswith(("petition.", "policy."))] == [
        "petition.make",
        "petition.approve",
        "policy.propose",
        "policy.set",
        "policy.approve",
    ]


async def test_a_no_changes_nothing_and_is_told(house: House, ours: Tenancy, waiting: dict[str, Any]) -> None:
    done = await ruled(house, ours, waiting, ours.owner, "deny")
    again = await ruled(house, ours, waiting, ours.owner, "approve")
    assert (done.json()["state"], again.status_code) == ("denied", 409)
    assert again.json()["type"].endswith("petition.settled")
    assert isinstance((await write(house, ours, "ann@customer.test")).outcome, Refused)
    async with house.db.transaction(ours.tenant) as tx:
        assert len(await decide.policy_history(tx, ours.account)) == 1


async def test_neither_an_agent_nor_whoever_asks_approves(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, ASKING)
    async with calls(rest.build(house), ours.owner) as owner:
        shown = (await owner.post(f"{base(ours)}/sender", json=ANN)).json()
    by_agent = await ruled(house, ours, shown, ours.agent, "approve")
    by_proposer = await ruled(house, ours, shown, ours.owner, "approve")
    by_other = await ruled(house, ours, shown, ours.keys[Role.APPROVER], "approve")
    assert [each.status_code for each in (by_agent, by_proposer, by_other)] == [403, 403, 200]
    assert by_agent.json()["type"].endswith("scope.missing")
    assert by_proposer.json()["type"].endswith("approver.forbidden")


async def test_an_approval_is_about_what_was_shown(house: House, ours: Tenancy, waiting: dict[str, Any]) -> None:
    for digest in ("0" * 64, None):
        answer = await ruled(house, ours, {**waiting, "digest": digest}, ours.owner, "approve")
        assert (answer.status_code, answer.json()["type"]) == (409, "/api/problems/petition.changed")


async def test_a_promotion_ends_the_sandbox(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, ASKING)
    why = {"why": "Ten replies were approved unchanged."}
    early = await asked(house, ours, "promotion", why)
    assert (early.status_code, early.json()["errors"]) == (409, ["mailbox.promoted"])
    async with house.db.transaction(ours.tenant) as tx:
        await access.set_sandboxed(tx, ours.account, is_sandboxed=True)
    public = replace(house, public_url="https://mail.house.test")
    shown = (await asked(public, ours, "promotion", why)).json()
    assert shown["approval_url"].startswith("https://mail.house.test/petition/")
    assert (await asked(house, ours, "promotion", why)).json()["petition_id"] == shown["petition_id"]
    done = await ruled(house, ours, shown, ours.keys[Role.APPROVER], "approve")
    assert (done.status_code, done.json()["policy_version"]) == (200, None)
    async with house.db.transaction(ours.tenant) as tx:
        account = await access.account(tx, ours.account)
    assert account is not None
    assert not account.is_sandboxed
    assert {"petition.make", "mailbox.promote"} <= {leaf.get("action") for leaf in await leaves(house, ours)}


async def test_where_the_tenant_wants_a_second_person_two_end_a_sandbox(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, ASKING)
    async with house.db.transaction(ours.tenant) as tx:
        await access.set_sandboxed(tx, ours.account, is_sandboxed=True)
        await access.set_second_person(tx, is_needed=True)
    shown = (await asked(house, ours, "promotion", {"why": "Ten replies were approved unchanged."})).json()
    first, second = ours.keys[Role.APPROVER], ours.owner

    async def is_sandboxed() -> bool:
        async with house.db.transaction(ours.tenant) as tx:
            account = await access.account(tx, ours.account)
        return account is not None and account.is_sandboxed

    done = await ruled(house, ours, shown, first, "approve")
    assert (done.json()["state"], done.json()["first_yes_by"]) == ("waiting", ours.key_ids[Role.APPROVER])
    assert (await ruled(house, ours, shown, first, "approve")).status_code == 403
    assert (await ruled(house, ours, {**shown, "digest": "0" * 64}, second, "approve")).status_code == 409
    assert await is_sandboxed()
    answers = await asyncio.gather(*(ruled(house, ours, shown, second, "approve") for _ in range(2)))
    assert sorted(each.status_code for each in answers) == [200, 409]
    assert not await is_sandboxed()
    actions = [leaf.get("action") for leaf in await leaves(house, ours)]
    assert [actions.count(each) for each in ("petition.approve", "mailbox.promote")] == [2, 1]


async def test_one_of_two_may_still_say_no(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, ASKING)
    async with house.db.transaction(ours.tenant) as tx:
        await access.set_sandboxed(tx, ours.account, is_sandboxed=True)
        await access.set_second_person(tx, is_needed=True)
    shown = (await asked(house, ours, "promotion", {"why": "It is time."})).json()
    await ruled(house, ours, shown, ours.owner, "approve")
    assert (await ruled(house, ours, shown, ours.keys[Role.APPROVER], "deny")).json()["state"] == "denied"
    assert (await ruled(house, ours, shown, ours.owner, "approve")).status_code == 409


async def test_nobody_asks_without_the_capability(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    for what, body, wanted in (("sender", ANN, "propose_sender"), ("promotion", {"why": "x"}, "request_promotion")):
        answer = await asked(house, ours, what, body)
        assert (answer.status_code, answer.json()["errors"][1]) == (403, wanted)


async def test_time_ends_it(house: House, ours: Tenancy, waiting: dict[str, Any], clock: FakeClock) -> None:
    clock.pass_by(petition.LASTS / timedelta(seconds=1))
    late = await ruled(house, ours, waiting, ours.owner, "approve")
    assert (late.status_code, late.json()["detail"]) == (409, "It was expired.")
    async with calls(rest.build(house), ours.agent) as agent:
        assert (await agent.get(f"{base(ours)}/{waiting['petition_id']}")).json()["state"] == "expired"


async def test_an_agent_cannot_bury_its_approvers(house: House, ours: Tenancy, waiting: dict[str, Any]) -> None:
    assert (await asked(house, ours)).json()["petition_id"] == waiting["petition_id"]
    for number in range(petition.WAITING_MAX - 1):
        assert (await asked(house, ours, body={**ANN, "address": f"a{number}@customer.test"})).status_code == 201
    full = await asked(house, ours, body={**ANN, "address": "last@customer.test"})
    assert (full.status_code, full.json()["errors"]) == (409, ["petition.too_many"])


async def test_two_yeses_at_once_keep_both_senders(house: House, ours: Tenancy, waiting: dict[str, Any]) -> None:
    """And two to one question make one version."""
    other = (await asked(house, ours, body={**ANN, "address": "bob@customer.test"})).json()
    key = ours.keys[Role.APPROVER]
    answers = await asyncio.gather(
        *(ruled(house, ours, each, key, "approve") for each in (waiting, other, waiting, other))
    )
    assert sorted(each.status_code for each in answers) == [200, 200, 409, 409]
    for author in ("ann@customer.test", "bob@customer.test"):
        assert isinstance((await write(house, ours, author)).outcome, Kept)
    async with house.db.transaction(ours.tenant) as tx:
        assert len(await decide.policy_history(tx, ours.account)) == 3


async def test_who_is_known_already_or_unspeakable_is_refused(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, ASKING)
    known = await asked(house, ours, body={**ANN, "address": "boss@boss.test"})
    assert (known.status_code, known.json()["errors"]) == (409, ["sender.known"])
    for address in ("nobody", "*@customer.test"):
        assert (await asked(house, ours, body={**ANN, "address": address})).status_code == 422
    for body in ({**ANN, "why": ""}, {**ANN, "why": "x" * 501}, {"why": "x"}):
        assert (await asked(house, ours, body=body)).status_code == 422
