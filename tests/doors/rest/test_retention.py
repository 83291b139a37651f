from doors.rest.scene import POLICY, FakeClock, Tenancy, calls, leaves, sequence, set_policy, write
from gatepost.deliver.paper import Kept
from gatepost.doors import rest
from gatepost.doors.rest import retention_shapes
from gatepost.journey import House
from gatepost.upkeep.retention import Keeper

WHO = {"address": "boss@boss.test"}


async def test_whoever_is_erased_is_gone_from_every_page(house: House, keeper: Keeper, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    done = await write(house, ours)
    assert isinstance(done.outcome, Kept)
    await sequence(house, ours)
    async with calls(rest.build(house, keeper=keeper), ours.owner) as client:
        box = f"/api/v1/mailboxes/{ours.account}"
        assert (await client.get(f"{box}/messages")).json()["items"]
        would = (await client.post("/api/v1/erasures", json={**WHO, "dry_run": True})).json()
        assert would["request"] == ""
        assert would["openings"] == 1
        erased = (await client.post("/api/v1/erasures", json={**WHO, "reason": "asked by letter"})).json()
        assert (erased["messages"], erased["openings"], erased["keys"], erased["waiting"]) == (1, 1, 1, 0)
        assert set(erased) == set(retention_shapes.ErasureDone.model_fields)
        assert (await client.get(f"{box}/messages")).json()["items"] == []
        assert (await client.get(f"{box}/messages/{done.outcome.email}")).status_code == 404
        rows = (await client.get(f"{box}/audit-logs")).json()["items"]
        assert [row["sender_address"] for row in rows] == [None]
        assert "person.erased" in [leaf["action"] for leaf in await leaves(house, ours)]


async def test_a_hold_names_its_reason_and_forbids(house: House, keeper: Keeper, ours: Tenancy) -> None:
    async with calls(rest.build(house, keeper=keeper), ours.owner) as client:
        made = await client.post("/api/v1/legal-holds", json={**WHO, "reason": "Matter 5"})
        assert made.status_code == 201
        hold = made.json()
        refused = await client.post("/api/v1/erasures", json=WHO)
        assert refused.status_code == 409
        assert refused.json()["type"].endswith("erasure.held")
        assert "Matter 5" in refused.json()["errors"][0]
        assert (await client.get("/api/v1/retention")).json()["holds"] == 1
        assert (await client.delete(f"/api/v1/legal-holds/{hold['id']}")).status_code == 204
        assert (await client.delete(f"/api/v1/legal-holds/{hold['id']}")).status_code == 404
        (listed,) = (await client.get("/api/v1/legal-holds")).json()["items"]
        assert listed["address"] == WHO["address"]
        assert listed["placed_by"] == ours.key_ids[next(role for role in ours.keys if role.value == "owner")]
        assert listed["released_at"]
        told = [str(leaf["action"]) for leaf in await leaves(house, ours)]
        assert [action for action in told if action.startswith("hold.")] == ["hold.place", "hold.release"]
        assert (await client.post("/api/v1/erasures", json=WHO)).status_code == 200


async def test_a_hold_is_of_one_thing_that_is_there(house: House, keeper: Keeper, ours: Tenancy) -> None:
    async with calls(rest.build(house, keeper=keeper), ours.owner) as client:
        for wrong in (
            {"reason": "x", "mailbox_id": ours.account, "address": "a@b.example"},
            {"reason": "x", "mailbox_id": 999_999},
            {"reason": " "},
        ):
            answer = await client.post("/api/v1/legal-holds", json=wrong)
            assert (answer.status_code, answer.json()["type"]) == (422, "/api/problems/hold.invalid"), wrong


async def test_what_holds_now_is_shown(house: House, keeper: Keeper, ours: Tenancy, clock: FakeClock) -> None:
    short = {**POLICY, "auditLog": {"retentionDays": 3}}
    await set_policy(house, ours, short)
    await write(house, ours)
    async with calls(rest.build(house, keeper=keeper), ours.owner) as client:
        shown = (await client.get("/api/v1/retention")).json()
    assert shown == {
        "plan": "free",
        "days": 7,
        "mailboxes": [{"mailbox_id": ours.account, "days": 3}],
        "holds": 0,
        "months": [f"{clock.now:%Y-%m}"],
    }


async def test_no_address_and_no_keeper_are_said(house: House, keeper: Keeper, ours: Tenancy) -> None:
    async with calls(rest.build(house, keeper=keeper), ours.owner) as client:
        assert (await client.post("/api/v1/erasures", json={"address": "no address"})).status_code == 422
    async with calls(rest.build(house), ours.owner) as client:
        assert (await client.post("/api/v1/erasures", json=WHO)).json()["errors"] == ["keeper"]
