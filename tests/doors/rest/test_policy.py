import json

import pytest

from doors.rest.scene import POLICY, Tenancy, calls, leaves
from gatepost import access
from gatepost.app import administer
from gatepost.decide import store
from gatepost.doors import rest
from gatepost.doors.rest.edge import BODY_MAX_OCTETS
from gatepost.journey import House


async def test_a_policy_is_kept_as_it_was_sent_with_a_version(house: House, ours: Tenancy) -> None:
    path = f"/api/v1/mailboxes/{ours.account}/policy"
    async with calls(rest.build(house), ours.owner) as client:
        assert (await client.get(path)).status_code == 404
        first = (await client.put(path, json=POLICY)).json()
        assert first["mailboxId"] == ours.account
        assert first["policy"] == POLICY
        second = (await client.put(path, json={**POLICY, "defaultAction": "drop"})).json()
        assert second["version"] == first["version"] + 1
        assert (await client.get(path)).json() == second


@pytest.mark.parametrize("is_careful", [False, True], ids=["at once", "with a second person"])
async def test_nobody_overwrites_a_version_he_has_not_seen(house: House, ours: Tenancy, is_careful: bool) -> None:  # noqa: FBT001  # pytest's
    path = f"/api/v1/mailboxes/{ours.account}/policy"
    stricter = {**POLICY, "senders": []}
    async with calls(rest.build(house), ours.owner) as client:
        assert (await client.put(path, json=POLICY, headers={"If-Match": '"7"'})).status_code == 412
        made = await client.put(path, json=POLICY, headers={"If-Match": '"0"'})  # there was none
        seen = (await client.get(path)).headers["etag"]
        assert seen == made.headers["etag"]
        await administer.set_second_person(house, ours.tenant, is_needed=is_careful)
        first = await client.put(path, json=stricter, headers={"If-Match": seen})
        assert first.status_code == 200
        late = await client.put(path, json={**POLICY, "defaultAction": "drop"}, headers={"If-Match": seen})
        assert (late.status_code, late.json()["type"]) == (412, "/api/problems/policy.overtaken")
        assert (await client.put(path, json=POLICY, headers={"If-Match": "W/x"})).status_code == 422
        for name, value in (
            ("If-Match", f"W/{late.request.headers['If-Match']}"),
            ("If-Match", '"x"'),
            ("If-None-Match", "*"),
            ("If-None-Match", f'"9", W/{first.headers["etag"]}'),
        ):
            answer = await client.put(path, json=POLICY, headers={name: value})
            assert (answer.status_code, answer.json()["type"]) == (412, "/api/problems/policy.overtaken"), value
            assert "a weak tag (W/) matches none" in answer.json()["detail"]
        now = (await client.get(path)).headers["etag"]
        assert now == first.headers["etag"], "nothing was done"
        same = await client.get(path, headers={"If-None-Match": f'"0", W/{now}'})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", now)
        assert (await client.get(path, headers={"If-None-Match": '"0"'})).status_code == 200
        assert (await client.get(path, headers={"If-Match": '"0"'})).status_code == 412
        still = await client.get(path)
        assert (still.json()["policy"], still.headers["etag"]) == (stricter, first.headers["etag"])
        assert (await client.put(path, json=stricter, headers={"If-Match": "*"})).status_code == 200


async def test_a_refused_policy_changes_nothing_and_records_nothing(house: House, ours: Tenancy) -> None:
    path = f"/api/v1/mailboxes/{ours.account}/policy"
    async with calls(rest.build(house), ours.owner) as client:
        stands = (await client.put(path, json=POLICY)).json()
        answer = await client.put(path, json={**POLICY, "auditLog": {"retentionDays": 0}})
        assert answer.status_code == 422
        assert answer.json()["type"] == "/api/problems/policy.invalid"
        assert answer.json()["errors"] == ["auditLog.retentionDays must be >= 1"]
        assert (await client.get(path)).json() == stands
    assert await acts(house, ours) == ["policy.set"]


async def test_setting_a_policy_is_an_act_in_the_record(house: House, ours: Tenancy) -> None:
    async with calls(rest.build(house), ours.owner) as client:
        stored = (await client.put(f"/api/v1/mailboxes/{ours.account}/policy", json=POLICY)).json()
    (leaf,) = await leaves(house, ours)
    assert leaf["action"] == "policy.set"
    assert str(stored["version"]) in json.dumps(leaf)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"null", 422),
        (b"[]", 422),
        (b"7", 422),
        (b'{"defaultAction": NaN}', 422),
        (b'{"a": "\\u0000"}', 422),
        (b'{"\\ud800": 1}', 422),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, 400),
        (b"{" + b" " * BODY_MAX_OCTETS + b"}", 413),
    ],
)
async def test_what_is_no_document_is_refused_in_words(house: House, ours: Tenancy, body: bytes, status: int) -> None:
    headers = {"content-type": "application/json"}
    async with calls(rest.build(house), ours.owner) as client:
        answer = await client.put(f"/api/v1/mailboxes/{ours.account}/policy", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def acts(house: House, of: Tenancy) -> list[object]:
    return [leaf["action"] for leaf in await leaves(house, of)]


async def test_a_tenant_has_a_policy_above_its_mailboxes(house: House, ours: Tenancy, theirs: Tenancy) -> None:
    async with calls(rest.build(house), ours.owner) as client:
        assert (await client.get("/api/v1/policy")).status_code == 404
        answer = await client.put("/api/v1/policy", json={**POLICY, "defaultAction": "drop"})
        assert answer.json() == {"version": 1, "policy": {**POLICY, "defaultAction": "drop"}, "warnings": []}
        assert (await client.get("/api/v1/policy")).json() == answer.json()
    async with calls(rest.build(house), theirs.owner) as client:
        assert (await client.get("/api/v1/policy")).status_code == 404
    (leaf,) = await leaves(house, ours)
    assert (leaf["action"], leaf["account"], leaf["object_ref"]) == ("policy.set", None, ours.tenant)


async def test_a_key_bound_to_one_mailbox_neither_sees_nor_sets_the_tenants_policy(house: House, ours: Tenancy) -> None:
    async with house.db.transaction(ours.tenant) as tx:
        _, made = await access.add_key(
            tx, access.Role.OWNER, label="one", at=house.clock(), entropy=house.entropy, account=ours.account
        )
    async with calls(rest.build(house), made) as client:
        assert (await client.get("/api/v1/policy")).status_code == 404
        assert (await client.put("/api/v1/policy", json=POLICY)).status_code == 404


async def test_a_policy_that_this_release_cannot_read_is_a_problem_that_says_what_to_do(
    house: House, ours: Tenancy
) -> None:
    async with house.db.transaction(ours.tenant) as tx:
        await store.add_version(
            tx,
            ours.account,
            document={"defaultAction": "later"},
            digest="0" * 64,
            warnings=[],
            at=house.clock(),
            actor=ours.key_ids[access.Role.OWNER],
        )
    async with calls(rest.build(house), ours.agent) as client:
        answer = await client.post(
            f"/api/v1/mailboxes/{ours.account}/messages", json={"to": ["ann@customer.example"], "text_body": "Hello."}
        )
    assert (answer.status_code, answer.json()["type"]) == (409, "/api/problems/policy.unreadable")
    assert "roll back" in answer.json()["detail"]
