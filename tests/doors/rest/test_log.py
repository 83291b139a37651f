import base64
import hashlib
import json
import re

import pytest

from doors.rest.scene import POLICY, Tenancy, calls, leaves, sequence, set_policy, write
from gatepost import access
from gatepost.access import Role, Scope
from gatepost.doors import rest
from gatepost.journey import House
from gatepost.keys import Kind
from gatepost.record.commitment import commit


@pytest.fixture
async def logged(house: House, ours: Tenancy) -> Tenancy:
    """Our tenant, with three entries in its log."""
    await set_policy(house, ours, POLICY)
    await write(house, ours)
    await write(house, ours, "stranger@unknown.test")
    await write(house, ours)
    await sequence(house, ours)
    return ours


async def test_the_audit_row_leads_to_its_entry_and_the_entry_to_the_checkpoint(house: House, logged: Tenancy) -> None:
    async with calls(rest.build(house), logged.owner) as client:
        rows = (await client.get(f"/api/v1/mailboxes/{logged.account}/audit-logs")).json()["items"]
        assert [row["leaf_index"] for row in rows] == [2, 1, 0]
        entry = await client.get("/api/v1/log/entries/1")
        proof = await client.get("/api/v1/log/proofs/1")
        checkpoint = await client.get(f"/log/t/{logged.tenant}/checkpoint")
        hashes = await client.get(f"/log/t/{logged.tenant}/tile/0/000.p/3")
        bundle = await client.get(f"/log/t/{logged.tenant}/tile/entries/000.p/3")
    assert json.loads(entry.content)["decision"]["reason"] == "sender.unmatched"
    assert hashlib.sha256(b"\x00" + entry.content).digest() == hashes.content[32:64]
    assert entry.content in bundle.content
    assert checkpoint.text.splitlines()[:2] == [f"mail.house.test/log/t/{logged.tenant}", "3"]
    assert proof.text.startswith("c2sp.org/tlog-proof@v1\nindex 1\n")
    assert proof.text.endswith(checkpoint.text)


async def test_types_and_caching_are_those_of_c2sp(house: House, logged: Tenancy) -> None:
    base = f"/log/t/{logged.tenant}"
    async with calls(rest.build(house), logged.owner) as client:
        checkpoint, tile = await client.get(f"{base}/checkpoint"), await client.get(f"{base}/tile/0/000.p/3")
    assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"
    assert checkpoint.headers["cache-control"] == "private, max-age=1"
    assert tile.headers["content-type"] == "application/octet-stream"
    assert "immutable" in tile.headers["cache-control"]


async def test_the_verifier_key_names_the_log(house: House, logged: Tenancy) -> None:
    async with calls(rest.build(house), logged.owner) as client:
        vkey = (await client.get("/api/v1/log/vkey")).text
    assert re.fullmatch(rf"mail\.house\.test/log/t/{logged.tenant}\+[0-9a-f]{{8}}\+[A-Za-z0-9+/=]+\n", vkey)


async def test_an_auditor_is_told_whether_somebody_was_erased_or_a_key_was_lost(house: House, logged: Tenancy) -> None:
    keys = house.db.keys
    [key] = keys.ids(logged.tenant, Kind.SUBJECT, keys.subject_name(logged.tenant, "stranger@unknown.test"))
    keys.destroy_ids(logged.tenant, [key])
    async with calls(rest.build(house), logged.owner) as client:
        said = await client.get("/api/v1/log/entries/1/opening")
        assert (said.status_code, said.json()["type"]) == (410, "/api/problems/resource.erased")
        with keys._writer() as rows:  # as in an older copy, which knows of no destruction either
            rows._connection.execute("delete from destroyed where id = ?", (key,))
        said = await client.get("/api/v1/log/entries/1/opening")
        assert (said.status_code, said.json()["type"]) == (410, "/api/problems/resource.lost")


async def test_an_opening_fits_the_commitments_of_its_leaf(house: House, logged: Tenancy) -> None:
    async with calls(rest.build(house), logged.owner) as client:
        told = (await client.get("/api/v1/log/entries/0/opening")).json()
    leaf = (await leaves(house, logged))[0]
    commitments = leaf["c"]
    assert isinstance(commitments, dict)
    assert "boss@boss.test" in json.dumps(told)
    assert "boss@boss.test" not in json.dumps(leaf)
    assert commitments == {
        name: base64.b64encode(commit(name, base64.b64decode(field["salt"]), field["value"])).decode()
        for name, field in told["fields"].items()
    }


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/000.p/4",
        "tile/0/001",
        "tile/00/000.p/3",
        "tile/0/0.p/3",
        "tile/0/000.p/03",
        "tile/64/000",
        "tile/..%2fcheckpoint",
        "tile/%2e%2e/checkpoint",
        "tile/0/x000/000.p/3",
        "tile/entries/..%2f..%2f..%2fetc/passwd",
        "tile//etc/passwd",
        "tile/0/%00",
        "checkpoint/",
    ],
)
async def test_what_is_no_tile_is_404(house: House, logged: Tenancy, path: str) -> None:
    async with calls(rest.build(house), logged.owner) as client:
        assert (await client.get(f"/log/t/{logged.tenant}/{path}")).status_code == 404


async def test_a_log_without_entries_is_404_not_a_fault(house: House, ours: Tenancy) -> None:
    async with calls(rest.build(house), ours.owner) as client:
        for path in (
            f"/log/t/{ours.tenant}/checkpoint",
            f"/log/t/{ours.tenant}/tile/0/000",
            "/api/v1/log/vkey",
            "/api/v1/log/proofs/0",
            "/api/v1/log/entries/0",
            "/api/v1/log/entries/0/opening",
        ):
            assert (await client.get(path)).status_code == 404, path


async def test_a_witnesss_key_reads_the_log_but_opens_nothing(house: House, logged: Tenancy) -> None:
    async with house.db.transaction(logged.tenant) as tx:
        _, witness = await access.add_key(
            tx, Role.AUDITOR, scopes={Scope.LOG_READ}, label="witness", at=house.clock(), entropy=house.entropy
        )
    async with calls(rest.build(house), witness) as client:
        assert (await client.get(f"/log/t/{logged.tenant}/checkpoint")).is_success
        assert (await client.get("/api/v1/log/entries/0")).is_success
        assert (await client.get("/api/v1/log/entries/0/opening")).status_code == 403


async def test_our_log_is_not_served_under_another_tenants_name(house: House, logged: Tenancy, theirs: Tenancy) -> None:
    async with calls(rest.build(house), logged.owner) as client:
        for path in ("checkpoint", "tile/0/000.p/3", "tile/entries/000.p/3"):
            assert (await client.get(f"/log/t/{logged.tenant}/{path}")).is_success
            assert (await client.get(f"/log/t/{theirs.tenant}/{path}")).status_code == 404
