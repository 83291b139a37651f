"""What a tenant is told by its house's operator, and what it says to that."""

import os
from dataclasses import replace

import httpx2
import pytest

from doors.rest.scene import Tenancy, calls, leaves
from gatepost import access
from gatepost.doors import rest
from gatepost.journey import House
from gatepost.trust import agreeing, engagement, read_operator
from gatepost.trust.registers import Supplier
from gatepost.trust.terms import Change
from trust.scene import EXAMPLE

OPERATOR = read_operator(EXAMPLE)


def fresh(text: str) -> str:
    """Return an id of its own: these tests share one public log."""
    return f"{text}-{os.urandom(4).hex()}"


@pytest.fixture
async def supplier(house: House) -> Supplier:
    one = replace(next(each for each in OPERATOR.suppliers if each.processes), id=fresh("supplier"))
    await engagement.announce(house, one)
    return one


@pytest.fixture
async def change(house: House) -> Change:
    found = agreeing.change_of(OPERATOR, "terms")
    assert found is not None
    one = replace(found, document=fresh("terms"))
    await agreeing.announce(house, one)
    return one


async def told(client: httpx2.AsyncClient, change: Change) -> dict[str, object]:
    rows = (await client.get("/api/v1/notices")).json()["texts"]
    found: dict[str, object] = next(row for row in rows if row["document"] == change.document)
    return found


async def test_a_text_is_accepted_by_its_octets_and_changed_one_s_mind_about(
    house: House, ours: Tenancy, change: Change
) -> None:
    place = f"/api/v1/notices/terms/{change.document}/decision"
    async with calls(rest.build(house), ours.owner) as us:
        assert f"{change.document} {change.version} waits" in (await us.get("/api/v1/notices")).json()["banner"]
        other = await us.post(place, json={"decision": "accept", "sha256": "0" * 64})
        assert (other.status_code, other.json()["errors"]) == (409, ["terms.changed"])
        done = await us.post(place, json={"decision": "accept", "sha256": change.sha256})
        assert (done.status_code, done.json()["standing"]) == (200, "accepted")
        assert (await told(us, change))["standing"] == "accepted"
        assert change.document not in (await us.get("/api/v1/notices")).json()["banner"]
        done = await us.post(place, json={"decision": "reject", "sha256": change.sha256})
        assert done.json()["standing"] == "rejected"
    assert [leaf["action"] for leaf in await leaves(house, ours)][-2:] == ["terms.accepted", "terms.rejected"]


async def test_one_tenant_s_word_is_not_another_s(house: House, ours: Tenancy, theirs: Tenancy, change: Change) -> None:
    async with calls(rest.build(house), ours.owner) as us, calls(rest.build(house), theirs.owner) as them:
        body = {"decision": "accept", "sha256": change.sha256}
        await us.post(f"/api/v1/notices/terms/{change.document}/decision", json=body)
        assert (await told(them, change))["standing"] == "told"


async def test_an_objection_is_made_shown_and_taken_back(house: House, ours: Tenancy, supplier: Supplier) -> None:
    place = f"/api/v1/notices/subprocessors/{supplier.id}/objection"
    async with calls(rest.build(house), ours.owner) as us:
        async with house.db.transaction(ours.tenant) as tx:
            await access.change_plan(tx, "free")
        refused = await us.post(place)
        assert (refused.status_code, refused.json()["errors"]) == (409, ["objection.plan"])
        async with house.db.transaction(ours.tenant) as tx:
            await access.change_plan(tx, "business")
        made = (await us.post(place)).json()["objection"]
        assert made == (await us.post(place)).json()["objection"]
        rows = (await us.get("/api/v1/notices")).json()["subprocessors"]
        assert next(row["objection"] for row in rows if row["supplier"] == supplier.id) == made
        assert (await us.delete(place)).status_code == 200
        assert (await us.delete(place)).status_code == 409
    told = [leaf["action"] for leaf in await leaves(house, ours)]
    assert [action for action in told if action in {"subprocessor.objected", "subprocessor.settled"}] == [
        "subprocessor.objected",
        "subprocessor.settled",
    ]


async def test_an_instruction_is_noted(house: House, ours: Tenancy) -> None:
    async with calls(rest.build(house), ours.owner) as us:
        done = await us.post("/api/v1/notices/instructions", json={"text": "Keep nothing longer than a year"})
        assert len(done.json()["sha256"]) == 64
        assert (await us.post("/api/v1/notices/instructions", json={"text": ""})).status_code == 422
    assert (await leaves(house, ours))[-1]["action"] == "instruction.given"


async def test_an_agent_s_key_says_nothing_for_its_tenant(house: House, ours: Tenancy, change: Change) -> None:
    async with calls(rest.build(house), ours.agent) as agent:
        assert (await agent.get("/api/v1/notices")).status_code == 403
        body = {"decision": "accept", "sha256": change.sha256}
        got = await agent.post(f"/api/v1/notices/terms/{change.document}/decision", json=body)
        assert got.status_code == 403


async def test_what_nobody_announced_is_answered_as_such(house: House, ours: Tenancy) -> None:
    async with calls(rest.build(house), ours.owner) as us:
        body = {"decision": "accept", "sha256": "0" * 64}
        got = await us.post("/api/v1/notices/terms/none/decision", json=body)
        assert (got.status_code, got.json()["errors"]) == (409, ["terms.none"])
