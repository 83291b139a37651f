from typing import Any

import pytest

from doors.rest.scene import Tenancy, calls, leaves
from gatepost.doors import rest
from gatepost.doors.rest.agent_shapes import AgentShown
from gatepost.journey import House

DOCUMENT: dict[str, Any] = {"name": "A", "instructions": "Answer.", "model": "claude-x", "tools": ["reply"]}


async def test_hosting_is_off_until_an_owner_switches_it_on(house: House, ours: Tenancy) -> None:
    async with calls(rest.build(house), ours.owner) as owner:
        assert (await owner.get("/api/v1/hosting")).json() == {"is_on": False}
        assert (await owner.put("/api/v1/hosting", json={"is_on": True})).json() == {"is_on": True}
        assert (await owner.put("/api/v1/hosting", json={"is_on": True})).is_success
        assert (await owner.get("/api/v1/hosting")).json() == {"is_on": True}
    assert [leaf["action"] for leaf in await leaves(house, ours)] == ["hosting.on"]


async def test_every_version_of_an_agent_stays_and_its_digest_is_committed_to(house: House, ours: Tenancy) -> None:
    path = f"/api/v1/mailboxes/{ours.account}/agent"
    async with calls(rest.build(house), ours.owner) as owner:
        assert (await owner.get(path)).status_code == 404
        first = (await owner.put(path, json=DOCUMENT)).json()
        second = (await owner.put(path, json={**DOCUMENT, "tools": [], "approval": {"reply": 3}})).json()
        assert (first["version"], second["version"]) == (1, 2)
        assert first["agent_id"] == second["agent_id"]
        assert (await owner.get(path)).json() == second
        assert AgentShown.model_validate(second).document.approval == {"reply": 3}
        assert (await owner.delete(path)).status_code == 204
        assert (await owner.delete(path)).status_code == 404
        assert (await owner.get(path)).status_code == 404
        versions = (await owner.get(f"{path}/versions")).json()["items"]
        assert [(one["version"], one["is_on"]) for one in versions] == [(3, False), (2, True), (1, True)]
        assert versions[-1] == first
    entries = await leaves(house, ours)
    assert [leaf["action"] for leaf in entries] == ["agent.set", "agent.set", "agent.remove"]
    assert all("document_sha256" in leaf["c"] for leaf in entries if isinstance(leaf["c"], dict))
    assert "Answer." not in str(entries)
    async with house.db.transaction(ours.tenant) as tx:
        rows = await tx.all("select to_jsonb(hosted_agent)::text as said from hosted_agent where tenant = %(tenant)s")
    assert first["digest"] not in str(rows), "whoever guesses the document would know it again"


@pytest.mark.parametrize("changes", [{"name": ""}, {"budget": {"tokens_per_day": 0}}, {"x": 1}, {"model": "a b"}])
async def test_what_is_no_agent_is_422(house: House, ours: Tenancy, changes: dict[str, Any]) -> None:
    async with calls(rest.build(house), ours.owner) as owner:
        answer = await owner.put(f"/api/v1/mailboxes/{ours.account}/agent", json={**DOCUMENT, **changes})
    assert (answer.status_code, answer.json()["type"]) == (422, "/api/problems/request.invalid")


async def test_an_agents_own_key_neither_reads_nor_sets_agents(house: House, ours: Tenancy) -> None:
    async with calls(rest.build(house), ours.agent) as agent:
        for answer in (
            await agent.get("/api/v1/hosting"),
            await agent.put("/api/v1/hosting", json={"is_on": True}),
            await agent.put(f"/api/v1/mailboxes/{ours.account}/agent", json=DOCUMENT),
        ):
            assert answer.status_code == 403
