"""Every route an agent's key reaches: implied by delivery, or refused without its capability."""

import re

import pytest

from doors.rest.scene import POLICY, Tenancy, calls, held, set_policy, write
from doors.rest.test_isolation import BODIES, QUERIES, operations
from gatepost.access.paper import ROLE_SCOPES, Role
from gatepost.decide import capabilities
from gatepost.deliver.paper import Kept
from gatepost.doors import rest
from gatepost.doors.rest.granted import ACTS
from gatepost.journey import House

TEXT = "--b\r\n\r\nHello.\r\n--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment\r\n\r\nx\r\n--b--"
HEAD = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n'
ALL = sorted(set(capabilities.SENTENCES) - capabilities.IMPLIED)
OUTBOUND = {"recipients": {"domains": ["customer.example"], "thread": True}}


def granting(*names: str) -> dict[str, object]:
    rule = {"match": {"address": "boss@boss.test"}, "capabilities": list(names)}
    return {**POLICY, "senders": [rule], "outbound": OUTBOUND}


def reachable() -> dict[str, tuple[str, str]]:
    """The operations that an agent's scopes open, by name: verb and path."""
    described = rest.assemble().openapi()["paths"]
    scopes = {scope.value for scope in ROLE_SCOPES[Role.AGENT]}
    return {
        described[each.path][each.verb.lower()]["operationId"]: (each.verb, each.path)
        for each in operations()
        if each.scopes <= scopes
    }


def test_every_route_an_agent_reaches_is_in_the_one_list_and_no_other_is() -> None:
    keyless = {name for name, (_, path) in reachable().items() if path in {"/health/live", "/health/ready"}}
    keyless |= {name for name, (_, path) in reachable().items() if path.startswith("/api/problems/")}
    assert set(reachable()) - keyless == set(ACTS)


def test_every_capability_a_route_asks_for_has_its_sentence() -> None:
    assert {name for wanted in ACTS.values() for name in wanted} <= set(capabilities.SENTENCES)


async def asked(house: House, ours: Tenancy, *names: str) -> dict[str, list[str]]:
    """Call all that an agent reaches, about a message that grants these; return how each was refused."""
    await set_policy(house, ours, granting(*names))
    done = await write(house, ours, text=TEXT, head=HEAD)
    assert isinstance(done.outcome, Kept)
    ids: dict[str, object] = {
        "mailbox_id": ours.account,
        "message_id": done.outcome.email,
        "thread_id": done.outcome.thread,
        "part": 2,
    }
    found: dict[str, list[str]] = {}
    async with calls(rest.build(house), ours.agent) as agent:
        for name, (verb, path) in sorted(reachable().items()):
            if name not in ACTS:
                continue
            if "hold_id" in path and "hold_id" not in ids:
                ids["hold_id"] = await held(house, ours, done.outcome.email, "A held word.")
            noun = path.rsplit("/", 1)[-1]
            body = BODIES.get(noun) if verb == "POST" else None
            headers = {"Gatepost-Message": done.outcome.email}
            place = re.sub(r"{(\w+)}", lambda at: str(ids[at[1]]), path)
            answer = await agent.request(verb, place, json=body, params=QUERIES.get(noun), headers=headers)
            if answer.status_code == 403:
                found[name] = answer.json()["errors"]
            else:
                assert answer.is_success, (name, answer.text)
    return found


async def test_an_act_is_implied_or_refused_without_its_capability(house: House, ours: Tenancy) -> None:
    refused = await asked(house, ours)
    implied = {name for name, wanted in ACTS.items() if set(wanted) <= capabilities.IMPLIED}
    assert set(refused) == set(ACTS) - implied
    for name, (reason, wanted, place) in refused.items():
        assert (reason, place) == ("capability.not_granted", "senders[0] of policy version 1")
        assert wanted in ACTS[name]


async def test_with_every_capability_every_act_is_let_through(house: House, ours: Tenancy) -> None:
    """Or else the test above would prove nothing."""
    assert await asked(house, ours, *ALL) == {}


@pytest.mark.parametrize("wanted", ["read_attachment", "search_mail"])
async def test_the_token_a_message_shows_opens_what_it_grants(house: House, ours: Tenancy, wanted: str) -> None:
    await set_policy(house, ours, granting(wanted))
    done = await write(house, ours, text=TEXT, head=HEAD)
    email = done.recorded.arrived.email
    base = f"/api/v1/mailboxes/{ours.account}"
    places = {"read_attachment": f"{base}/messages/{email}/attachments/2", "search_mail": f"{base}/search?q=tuesday"}
    async with calls(rest.build(house), ours.agent) as agent:
        shown = (await agent.get(f"{base}/messages/{email}/grant")).json()
        good = await agent.get(places[wanted], headers={"Gatepost-Grant": shown["token"]})
        bad = await agent.get(places[wanted], headers={"Gatepost-Grant": shown["token"][:-4] + "AAAA"})
    assert shown["capabilities"] == [wanted]
    assert (good.status_code, bad.status_code) == (200, 403)
    assert bad.json()["errors"] == ["grant.invalid", wanted]


async def test_a_compatible_client_needs_nothing_but_its_key(house: House, ours: Tenancy) -> None:
    """Reading, listing, replying, bouncing, reporting: under a policy that grants nothing, with no header of ours."""
    await set_policy(house, ours, POLICY)
    done = await write(house, ours)
    base = f"/api/v1/mailboxes/{ours.account}/messages"
    email = done.recorded.arrived.email
    async with calls(rest.build(house), ours.agent) as agent:
        answers = [
            await agent.get(base),
            await agent.get(f"{base}/{email}"),
            await agent.get(f"{base}/{email}/raw"),
            await agent.post(f"{base}/{email}/reply", json=BODIES["reply"]),
            await agent.post(f"{base}/{email}/bounce", json=BODIES["bounce"]),
            await agent.post(f"{base}/{email}/usage", json=BODIES["usage"]),
        ]
    assert [answer.status_code for answer in answers] == [200] * len(answers)


async def test_what_was_revoked_opens_nothing_on_any_route(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, granting(*ALL))
    done = await write(house, ours, text=TEXT, head=HEAD)
    base, email = f"/api/v1/mailboxes/{ours.account}", done.recorded.arrived.email
    async with calls(rest.build(house), ours.agent) as agent, calls(rest.build(house), ours.owner) as owner:
        token = (await agent.get(f"{base}/messages/{email}/grant")).json()["token"]
        revoked = await owner.post(f"{base}/policy/revocations", json={"version": 1})
        again = await owner.post(f"{base}/policy/revocations", json={"version": 1})
        never = await owner.post(f"{base}/policy/revocations", json={"version": 9})
        for headers in ({"Gatepost-Grant": token}, {"Gatepost-Message": str(email)}):
            answers = [
                await agent.get(f"{base}/messages/{email}/attachments/2", headers=headers),
                await agent.get(f"{base}/messages/{email}/raw", headers=headers),
                await agent.get(f"{base}/search?q=tuesday", headers=headers),
                await agent.post(f"{base}/messages", json=BODIES["messages"], headers=headers),
            ]
            assert {(answer.status_code, answer.json()["errors"][0]) for answer in answers} == {(403, "grant.revoked")}
        budget = await agent.post(f"{base}/messages/{email}/reservations", json={"tokens": 1})
    assert (revoked.status_code, again.json()["is_new"], never.status_code) == (200, False, 404)
    assert (budget.status_code, budget.json()["errors"]) == (403, ["grant.revoked"])
