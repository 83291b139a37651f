"""Every route of the door, opened with another tenant's ids: 404, as if nobody owned them."""

from dataclasses import dataclass

import httpx2
import pytest
from fastapi.routing import iter_route_contexts

from doors.rest.scene import POLICY, Tenancy, calls, held, held_call, petitioned, sequence, set_policy, write
from gatepost import access
from gatepost.access import Role
from gatepost.deliver.paper import Kept
from gatepost.doors import rest
from gatepost.ids import KeyId
from gatepost.journey import House
from gatepost.upkeep.retention import Keeper
from gatepost.workbench import Bench, Proposal, put_or_propose
from gatepost.workbench.change import Wish

DOCUMENT = {"name": "A", "instructions": "Answer.", "model": "m"}
OPEN = {**POLICY, "outbound": {"recipients": {"domains": ["customer.example"], "thread": True}}}
EXPORT = {"kind": "otlp", "url": "http://127.0.0.1:9"}
BODIES: dict[str, object] = {
    "check": OPEN,
    "explain": OPEN,
    "test": {**OPEN, "tests": [{"name": "a", "mail": {"from": "a@b.test"}, "expect": {"action": "reject"}}]},
    "lint": OPEN,
    "replays": OPEN,
    "diff": {"policy": OPEN, "other": POLICY},
    "policy": OPEN,
    "webhooks": {"url": "http://127.0.0.1:9/hook"},
    "reply": {"text_body": "Wednesday suits."},
    "messages": {"to": ["ann@customer.example"], "text_body": "Hello."},
    "bounce": {"reason": "Not here."},
    "reservations": {"tokens": 1},
    "usage": {"tokens": 1, "tools": ["calendar.read"]},
    "exports": EXPORT,
    "{export_id}": EXPORT,
    "replay": {},
    "resume": {},
    "hosting": {"is_on": True},
    "agent": DOCUMENT,
    "{digest}": {"is_approved": True},
    "decision": {"decision": "deny"},
    "revocations": {"version": 1},
    "sender": {"address": "ann@customer.test", "why": "She orders."},
    "promotion": {"why": "All was approved."},
    "erasures": {"address": "nobody@example.com"},
    "legal-holds": {"reason": "Matter 1"},
    "rotate": {},
    "{webhook_id}": {},
}
QUERIES: dict[str, dict[str, str | int]] = {
    "search": {"q": "tuesday"},
    "replays": {"mailbox": 0},
    "stream": {"for_s": 0},
}
EVERYBODYS = {
    "/api/v1/notices",
    "/api/v1/notices/instructions",
    "/api/v1/notices/subprocessors/{about}/objection",
    "/api/v1/notices/terms/{about}/decision",
}
"""About what the house's public log says to everybody: tests/doors/rest/test_notices.py."""
WITHOUT_KEY = {"/health/live", "/health/ready", "/api/problems/{code}"}
WITHOUT_IDS = {
    "/api/v1/whoami",
    "/api/v1/mailboxes",
    "/api/v1/egress",
    "/api/v1/log/vkey",
    "/api/v1/exports",
    "/api/v1/hosting",
    "/api/v1/usage",
    "/api/v1/retention",
    "/api/v1/log/search",
    "/api/v1/log/export",
    "/api/v1/erasures",
    "/api/v1/legal-holds",
    "/api/v1/policy",
    "/api/v1/policy/check",
    "/api/v1/policy/explain",
    "/api/v1/policy/test",
    "/api/v1/policy/lint",
    "/api/v1/policy/diff",
    "/api/v1/policy/replays",
    "/api/v1/policy/proposals",
    "/api/v1/policy/templates",
    "/api/v1/policy/templates/{name}",
    "/api/v1/policy/versions",
    *EVERYBODYS,
    *WITHOUT_KEY,
}


@dataclass(frozen=True)
class Operation:
    verb: str
    path: str
    scopes: frozenset[str]

    async def call(self, client: httpx2.AsyncClient, ids: dict[str, object]) -> httpx2.Response:
        noun = self.path.rsplit("/", 1)[-1]
        body = BODIES.get(noun) if self.verb in {"PUT", "POST", "PATCH"} else None
        query = None if (self.verb, noun) == ("GET", "replays") else QUERIES.get(noun)
        return await client.request(self.verb, self.path.format_map(ids), json=body, params=query)


def operations() -> list[Operation]:
    """Every operation there is; what reads comes before what removes."""
    app = rest.assemble()
    described = app.openapi()["paths"]
    found = []
    for route in iter_route_contexts(app.routes):
        path = (route.path or "").replace(":path}", "}")
        if path == "/api/openapi.json":
            continue
        for verb in set(route.methods or ()) - {"HEAD"}:  # GET without the body
            told = described[path][verb.lower()]  # a route that is not described fails here
            scopes = frozenset(told["security"][0]["ApiKey"]) if "security" in told else frozenset()
            found.append(Operation(verb, path, scopes))
    return sorted(found, key=lambda operation: (operation.verb == "DELETE", operation.path, operation.verb))


@pytest.fixture
async def their_ids(house: House, keeper: Keeper, theirs: Tenancy) -> dict[str, object]:
    """Ids of real things of the other tenant: each call below succeeds for them."""
    await set_policy(house, theirs, OPEN)
    done = await write(house, theirs)
    assert isinstance(done.outcome, Kept)
    async with calls(rest.build(house, keeper=keeper), theirs.owner) as client:
        hook = await client.post(f"/api/v1/mailboxes/{theirs.account}/webhooks", json=BODIES["webhooks"])
        await client.put("/api/v1/policy", json=POLICY)
        export = await client.post("/api/v1/exports", json=EXPORT)
        await client.put(f"/api/v1/mailboxes/{theirs.account}/agent", json=DOCUMENT)
        legal = {"reason": "Matter 1", "address": "else@example.com"}
        hold = await client.post("/api/v1/legal-holds", json=legal)
        replay = await client.post(f"/api/v1/policy/replays?mailbox={theirs.account}", json=POLICY)
    async with house.db.transaction(theirs.tenant) as tx:
        await access.set_second_person(tx, is_needed=True)
    wider = {**OPEN, "defaultAction": "drop", "senders": [{"match": {"anyone": True, "assurance": "none"}}]}
    wish = Wish(account=theirs.account, document=wider, actor=KeyId("ky_else"))
    proposal = await put_or_propose(house, theirs.tenant, wish, Bench())
    assert isinstance(proposal, Proposal)
    turn, digest = await held_call(house, theirs, done.outcome.email, done.outcome.thread)
    waiting = await held(house, theirs, done.outcome.email)
    asked = await petitioned(house, theirs)
    await sequence(house, theirs)
    async with calls(rest.build(house, keeper=keeper), theirs.owner) as client:
        entries = await client.get("/api/v1/log/search")
    return {
        "proposal_id": proposal.id,
        "replay_id": replay.json()["id"],
        "name": "support",
        "version": 1,
        "entry_id": entries.json()["items"][0]["entry"],
        "hold_id": waiting,
        "waiting_id": await held(house, theirs, done.outcome.email, "Another word."),
        "petition_id": asked,
        "turn_id": turn,
        "digest": digest,
        "export_id": export.json()["id"],
        "legal_hold_id": hold.json()["id"],
        "mailbox_id": theirs.account,
        "message_id": done.outcome.email,
        "thread_id": done.outcome.thread,
        "webhook_id": hook.json()["id"],
        "part": 0,
        "about": "somebody",
        "leaf_index": 0,
        "tenant": theirs.tenant,
        "path": "0/000.p/2",
    }


def test_the_list_of_routes_is_not_empty() -> None:
    assert len(operations()) >= 20


async def test_another_tenants_ids_are_404_everywhere(
    house: House, keeper: Keeper, ours: Tenancy, their_ids: dict[str, object]
) -> None:
    async with calls(rest.build(house, keeper=keeper), ours.owner) as client:
        for operation in operations():
            if operation.path in WITHOUT_IDS:
                continue
            answer = await operation.call(client, their_ids)
            assert answer.status_code == 404, (operation, answer.text)
            assert answer.json()["type"] == "/api/problems/resource.missing"


async def test_the_same_calls_succeed_for_their_owner(
    house: House, keeper: Keeper, theirs: Tenancy, their_ids: dict[str, object]
) -> None:
    """Or else the test above would prove nothing."""
    async with calls(rest.build(house, keeper=keeper), theirs.owner) as client:
        for operation in operations():
            if operation.path in {"/api/problems/{code}", *EVERYBODYS} or "attachments" in operation.path:
                continue
            answer = await operation.call(client, their_ids)
            assert answer.is_success, (operation, answer.text)


async def test_an_id_of_somebody_else_reads_exactly_like_one_of_nobody(
    house: House, keeper: Keeper, ours: Tenancy, their_ids: dict[str, object]
) -> None:
    nobodys = {
        **their_ids,
        "mailbox_id": 999_999,
        "message_id": "em_none",
        "export_id": "ex_none",
        "entry_id": 2**40,
        "hold_id": "lh_none",
        "thread_id": "th_none",
        "tenant": "tn_none",
    }
    async with calls(rest.build(house, keeper=keeper), ours.owner) as client:
        for operation in operations():
            if operation.path in WITHOUT_IDS:
                continue
            foreign, missing = await operation.call(client, their_ids), await operation.call(client, nobodys)
            assert (foreign.status_code, foreign.content) == (missing.status_code, missing.content), operation


async def test_without_a_key_everything_but_health_is_401(
    house: House, keeper: Keeper, their_ids: dict[str, object]
) -> None:
    for key in (None, "gp_wrong", "", "\xe9"):
        async with calls(rest.build(house, keeper=keeper), key) as client:
            for operation in operations():
                if operation.path not in WITHOUT_KEY:
                    answer = await operation.call(client, their_ids)
                    assert answer.status_code == 401, (operation, answer.text)
                    assert answer.headers["www-authenticate"].startswith("Bearer ")


async def test_an_agent_key_is_403_by_scope_whoever_owns_the_ids(
    house: House, keeper: Keeper, ours: Tenancy, theirs: Tenancy, their_ids: dict[str, object]
) -> None:
    app = rest.build(house, keeper=keeper)
    async with calls(app, ours.agent) as stranger, calls(app, theirs.agent) as insider:
        for operation in operations():
            if not operation.scopes or all(
                scope.startswith(("mail:", "usage:", "petitions:")) for scope in operation.scopes
            ):
                continue
            for client in (stranger, insider):
                answer = await operation.call(client, their_ids)
                assert answer.status_code == 403, (operation, answer.text)


async def test_an_agent_key_does_not_see_a_neighbours_mailbox(
    house: House, keeper: Keeper, theirs: Tenancy, neighbour: Tenancy, their_ids: dict[str, object]
) -> None:
    """Same tenant, another account: the key is bound to its own."""
    assert neighbour.tenant == theirs.tenant
    async with calls(rest.build(house, keeper=keeper), neighbour.agent) as client:
        for operation in operations():
            if operation.scopes and all(
                scope.startswith(("mail:", "usage:", "petitions:")) for scope in operation.scopes
            ):
                answer = await operation.call(client, their_ids)
                assert answer.status_code == 404, (operation, answer.text)
        listed = (await client.get("/api/v1/mailboxes")).json()["items"]
        assert [item["id"] for item in listed] == [neighbour.account]


async def test_what_needs_no_id_tells_nothing_of_others(
    house: House, keeper: Keeper, ours: Tenancy, theirs: Tenancy
) -> None:
    async with calls(rest.build(house, keeper=keeper), ours.owner) as client:
        whoami, mailboxes = await client.get("/api/v1/whoami"), await client.get("/api/v1/mailboxes")
    assert whoami.json()["tenant_id"] == ours.tenant
    assert whoami.json()["role"] == Role.OWNER
    assert [item["id"] for item in mailboxes.json()["items"]] == [ours.account]
    assert theirs.tenant not in whoami.text + mailboxes.text
