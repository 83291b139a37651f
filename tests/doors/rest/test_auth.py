import pytest

from doors.rest.scene import FakeClock, Tenancy, calls
from gatepost import access
from gatepost.access import Principal, Role
from gatepost.doors import rest
from gatepost.doors.limit import Rate
from gatepost.doors.rest.auth import within_reach
from gatepost.doors.rest.problems import Code, Problem
from gatepost.ids import AccountId, KeyId, TenantId
from gatepost.journey import House


def bound_to(account: int | None) -> Principal:
    bound = None if account is None else AccountId(account)
    return Principal(KeyId("ky_a"), TenantId("tn_a"), Role.AGENT, frozenset(), bound)


def test_a_bound_key_reaches_its_own_mailbox_only() -> None:
    assert within_reach(bound_to(7), 7) == 7
    with pytest.raises(Problem) as caught:
        within_reach(bound_to(7), 8)
    assert caught.value.code is Code.RESOURCE_MISSING


def test_an_unbound_key_reaches_whatever_its_tenant_has() -> None:
    assert within_reach(bound_to(None), 8) == 8


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (None, "key.missing"),
        ("Basic Z3A6Z3A=", "key.missing"),
        ("Bearer", "key.missing"),
        ("Bearer gp_nobody_nothing", "key.unknown"),
        ("Bearer " + "x" * 5000, "key.unknown"),
        ("Bearer gp_\xe9", "key.unknown"),
    ],
)
async def test_a_key_that_is_none_is_401_with_a_challenge(house: House, header: str | None, kind: str) -> None:
    headers = {} if header is None else {b"authorization": header.encode("latin-1")}
    async with calls(rest.build(house), None) as client:
        answer = await client.get("/api/v1/whoami", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["type"] == f"/api/problems/{kind}"
    assert answer.headers["www-authenticate"].startswith('Bearer realm="gatepost"')


async def test_a_missing_scope_is_named_in_the_challenge(house: House, ours: Tenancy) -> None:
    async with calls(rest.build(house), ours.agent) as client:
        answer = await client.get(f"/api/v1/mailboxes/{ours.account}/policy")
    assert answer.status_code == 403
    assert 'error="insufficient_scope", scope="policy:read"' in answer.headers["www-authenticate"]


async def test_a_removed_key_is_a_stranger_at_once(house: House, ours: Tenancy) -> None:
    async with calls(rest.build(house), ours.agent) as client:
        assert (await client.get("/api/v1/whoami")).is_success
        async with house.db.transaction(ours.tenant) as tx:
            assert await access.remove_key(tx, ours.key_ids[Role.AGENT])
        assert (await client.get("/api/v1/whoami")).status_code == 401


async def test_the_rate_is_per_key_and_comes_back(house: House, ours: Tenancy, clock: FakeClock) -> None:
    app = rest.build(house, rate=Rate(per_second=0.5, burst=2))
    async with calls(app, ours.owner) as owner, calls(app, ours.agent) as agent:
        assert [(await owner.get("/api/v1/whoami")).status_code for _ in range(3)] == [200, 200, 429]
        answer = await owner.get("/api/v1/whoami")
        assert answer.json()["type"] == "/api/problems/rate.exceeded"
        assert (await agent.get("/api/v1/whoami")).status_code == 200
        clock.pass_by(int(answer.headers["retry-after"]))
        assert (await owner.get("/api/v1/whoami")).status_code == 200


@pytest.mark.parametrize("role", [Role.AGENT, Role.AUDITOR, Role.APPROVER])
async def test_nobody_but_the_owner_writes_policy_or_webhooks(house: House, ours: Tenancy, role: Role) -> None:
    mailbox = f"/api/v1/mailboxes/{ours.account}"
    async with calls(rest.build(house), ours.keys[role]) as client:
        answers = [
            await client.put(f"{mailbox}/policy", json={}),
            await client.post(f"{mailbox}/webhooks", json={"url": "http://127.0.0.1/"}),
            await client.delete(f"{mailbox}/webhooks/wh_a"),
        ]
    assert {answer.status_code for answer in answers} == {403}
