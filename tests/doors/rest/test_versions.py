"""Versions over REST: who, why, whether it is genuine, and the way back."""

import base64
import hashlib
import json
from datetime import datetime

import psycopg
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from doors.rest.scene import POLICY, Tenancy, calls, leaves
from gatepost.access import Role
from gatepost.doors import rest
from gatepost.journey import House

DROP = {**POLICY, "defaultAction": "drop"}


async def test_each_version_says_who_made_it_and_why(house: House, ours: Tenancy, owner_dsn: str) -> None:
    path = f"/api/v1/mailboxes/{ours.account}/policy"
    async with calls(rest.build(house), ours.owner) as client:
        await client.put(path, json=POLICY, params={"why": "to begin"})
        await client.put(path, json=DROP)
        page = (await client.get(f"{path}/versions")).json()
        assert [(each["version"], each["why"], each["signature"]) for each in page["items"]] == [
            (2, "", "genuine"),
            (1, "to begin", "genuine"),
        ]
        assert {each["by"] for each in page["items"]} == {ours.key_ids[Role.OWNER]}
        first = (await client.get(f"{path}/versions", params={"limit": 1})).json()
        assert (len(first["items"]), first["nextCursor"]) == (1, 2)
        rest_of = (await client.get(f"{path}/versions", params={"cursor": 2})).json()
        assert ([each["version"] for each in rest_of["items"]], rest_of["nextCursor"]) == ([1], None)
        one = (await client.get(f"{path}/versions/1")).json()
        assert one == {**page["items"][1], "policy": POLICY}
        with psycopg.connect(owner_dsn) as owner:
            owner.execute("update policy set actor = 'ky_other' where tenant = %s and version = 1", [ours.tenant])
        assert (await client.get(f"{path}/versions/1")).json()["signature"] == "forged"
        assert (await client.get(f"{path}/versions/3")).status_code == 404


async def test_anybody_can_check_a_signature_with_what_rest_gives_alone(house: House, ours: Tenancy) -> None:
    """REST said "genuine", which is the word of the house about itself."""
    path = f"/api/v1/mailboxes/{ours.account}/policy"
    async with calls(rest.build(house), ours.owner) as client:
        await client.put(path, json=POLICY, params={"why": "to begin"})
        await client.put(path, json=DROP)
        one, two = [(await client.get(f"{path}/versions/{number}")).json() for number in (1, 2)]
    for shown in (one, two):
        key, signature = (base64.b64decode(shown["signed"][name]) for name in ("publicKey", "signature"))
        statement = shown["signed"]["statement"]
        Ed25519PublicKey.from_public_bytes(key).verify(signature, statement.encode())
        why = hashlib.sha256(shown["why"].encode()).hexdigest()
        said = [ours.tenant, ours.account, shown["version"], shown["digest"], shown["by"], why]
        _, tenant, account, version, digest, at, by, why = json.loads(statement)
        assert [tenant, account, version, digest, by, why] == said
        assert datetime.fromisoformat(at) == datetime.fromisoformat(shown["at"])
        with pytest.raises(InvalidSignature):
            Ed25519PublicKey.from_public_bytes(key).verify(signature, statement.replace(digest, "0" * 64).encode())
    assert one["signed"]["publicKey"] == two["signed"]["publicKey"]


async def test_a_rollback_is_a_new_version_with_an_entry(house: House, ours: Tenancy) -> None:
    path = f"/api/v1/mailboxes/{ours.account}/policy"
    async with calls(rest.build(house), ours.owner) as client:
        await client.put(path, json=POLICY)
        await client.put(path, json=DROP)
        back = (await client.post(f"{path}/versions/1/rollback")).json()
        assert (back["version"], back["policy"]) == (3, POLICY)
        assert (await client.get(f"{path}/versions/3")).json()["why"] == "back to version 1"
        assert (await client.post(f"{path}/versions/9/rollback")).status_code == 404
    assert [leaf["action"] for leaf in await leaves(house, ours)] == ["policy.set"] * 3
    async with calls(rest.build(house), ours.keys[Role.AUDITOR]) as client:
        assert (await client.post(f"{path}/versions/1/rollback")).status_code == 403


async def test_the_tenants_policy_has_its_own_versions(house: House, ours: Tenancy) -> None:
    async with calls(rest.build(house), ours.owner) as client:
        await client.put("/api/v1/policy", json=POLICY)
        await client.put("/api/v1/policy", json=DROP)
        assert (await client.post("/api/v1/policy/versions/1/rollback")).json()["version"] == 3
        assert [each["version"] for each in (await client.get("/api/v1/policy/versions")).json()["items"]] == [3, 2, 1]
        assert (await client.get("/api/v1/policy/versions/2")).json()["policy"] == DROP
        mailbox = await client.get(f"/api/v1/mailboxes/{ours.account}/policy/versions")
        assert mailbox.json()["items"] == []
