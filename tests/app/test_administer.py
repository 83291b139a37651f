import json
from typing import Any

import psycopg
import pytest

from gatepost import access, domains
from gatepost.access.paper import AccessError, Role, Scope, TakenError, Tenant
from gatepost.app import administer
from gatepost.decide import PolicyError
from gatepost.ids import AccountId, KeyId, PersonId, TenantId
from gatepost.journey import House
from gatepost.keys import KeyringError
from gatepost.mail.address import Address

HELP = Address("help", "acme.test")
POLICY = {"defaultAction": "bounce", "senders": [], "auditLog": {"retentionDays": 30}}


@pytest.fixture
async def tenant(house: House) -> Tenant:
    return await administer.add_tenant(house, name="Acme & Sons", plan="team")


async def leaves(house: House, tenant: TenantId) -> list[dict[str, Any]]:
    async with house.db.transaction(tenant) as tx:
        rows = await tx.all("select leaf from entry where tenant = %(tenant)s order by id")
    return [json.loads(row.leaf) for row in rows]


async def test_each_act_is_recorded_with_ids_and_no_name(house: House, tenant: Tenant) -> None:
    await administer.add_domain(house, tenant.id, "acme.test")
    box = await administer.add_mailbox(house, tenant.id, HELP)
    person = await administer.add_person(house, tenant.id, Address("jane", "acme.example"), Role.OWNER)
    key, text = await administer.add_key(house, tenant.id, Role.AUDITOR, label="our siem")
    await administer.set_policy(house, tenant.id, box.id, POLICY)
    assert await administer.remove_key(house, tenant.id, key.id)
    assert await administer.remove_person(house, tenant.id, person.id)
    assert await administer.remove_mailbox(house, tenant.id, box.id)
    assert await administer.remove_domain(house, tenant.id, "acme.test")
    await administer.remove_tenant(house, tenant.id)
    written = await leaves(house, tenant.id)
    assert [leaf["action"] for leaf in written] == [
        "tenant.add",
        "domain.add",
        "mailbox.add",
        "person.add",
        "key.add",
        "policy.set",
        "key.remove",
        "person.remove",
        "mailbox.remove",
        "domain.remove",
        "tenant.remove",
    ]
    assert {leaf["actor_ref"] for leaf in written} == {"operator"}
    for secret in ("Acme", "jane", "help@", "siem", text):
        assert secret not in json.dumps(written)


@pytest.mark.parametrize("local", ["help", "help+yes", "HELP", "postmaster"])
async def test_nobody_whose_mail_ends_in_a_mailbox_of_ours_is_let_in(house: House, tenant: Tenant, local: str) -> None:
    """An agent reads it, and would rule on what waits with the links it is mailed."""
    await administer.add_domain(house, tenant.id, "acme.test")
    await administer.add_mailbox(house, tenant.id, HELP)
    with pytest.raises(access.AccessError, match="mailbox of this house"):
        await administer.add_person(house, tenant.id, Address(local, "acme.test"), Role.APPROVER)
    assert "person.add" not in [leaf["action"] for leaf in await leaves(house, tenant.id)]
    await administer.remove_domain(house, tenant.id, "acme.test")


async def test_no_master_key_comes_into_force_that_no_entry_names(house: House, tenant: Tenant, owner_dsn: str) -> None:
    before = house.db.keys.rotations
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute("revoke insert on entry from gatepost_app")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await administer.rotate_keys(house)
        assert house.db.keys.rotations == before
        owner.execute("grant insert on entry to gatepost_app")
    assert await administer.rotate_keys(house)
    last = (await leaves(house, tenant.id))[-1]
    assert (last["action"], last["object_ref"]) == ("keys.rotate", f"rotation/{house.db.keys.rotations}")
    assert house.db.keys.rotations == before + 1


async def test_an_older_key_store_is_accepted_once_and_the_record_says_so(
    house: House, tenant: Tenant, owner_dsn: str
) -> None:
    await house.db.check_keys()
    assert await administer.accept_keys(house) == 0
    assert "keys.accept" not in [leaf["action"] for leaf in await leaves(house, tenant.id)]
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("update keys_made set made = made + 1000")
    with pytest.raises(KeyringError, match="older than the database"):
        await house.db.check_keys()
    lost = await administer.accept_keys(house)
    assert 900 < lost <= 1000
    last = (await leaves(house, tenant.id))[-1]
    assert (last["action"], last["object_ref"]) == ("keys.accept", f"store/{house.db.keys.id}")
    await house.db.check_keys()
    assert await administer.accept_keys(house) == 0


async def test_what_was_not_done_is_not_recorded(house: House, tenant: Tenant) -> None:
    assert not await administer.remove_key(house, tenant.id, KeyId("ky_none"))
    assert not await administer.remove_person(house, tenant.id, PersonId("pe_none"))
    assert not await administer.remove_mailbox(house, tenant.id, AccountId(999))
    assert not await administer.remove_domain(house, tenant.id, "acme.test")
    with pytest.raises(domains.DomainError):
        await administer.add_mailbox(house, tenant.id, HELP)
    assert [leaf["action"] for leaf in await leaves(house, tenant.id)] == ["tenant.add"]


async def test_a_mailbox_that_failed_to_get_its_address_is_not_left_behind(house: House, tenant: Tenant) -> None:
    with pytest.raises(domains.DomainMissingError):
        await administer.add_mailbox(house, tenant.id, HELP)
    async with house.db.transaction(tenant.id) as tx:
        assert not await access.list_accounts(tx)


async def test_a_domain_brings_its_postmaster_and_keys(house: House, tenant: Tenant) -> None:
    await administer.add_domain(house, tenant.id, "acme.test")
    found = await domains.route(house.db, Address("postmaster", "acme.test"))
    assert found is not None
    assert found.is_postmaster
    async with house.db.transaction(tenant.id) as tx:
        assert len(await domains.signing_keys(tx, "acme.test", keyring=house.keyring)) == 2


async def test_a_domain_that_comes_back_has_its_old_postmaster(house: House, tenant: Tenant) -> None:
    await administer.add_domain(house, tenant.id, "acme.test")
    await administer.remove_domain(house, tenant.id, "acme.test")
    await administer.add_domain(house, tenant.id, "acme.test")
    async with house.db.transaction(tenant.id) as tx:
        assert [account.is_postmaster for account in await access.list_accounts(tx)] == [True]


async def test_a_tenant_that_answers_for_a_domain_stays(house: House, tenant: Tenant) -> None:
    await administer.add_domain(house, tenant.id, "acme.test")
    with pytest.raises(AccessError, match="domains"):
        await administer.remove_tenant(house, tenant.id)
    assert await administer.find_tenant(house, None) == tenant


async def test_a_key_holds_the_scopes_it_was_given(house: House, tenant: Tenant) -> None:
    _, text = await administer.add_key(
        house, tenant.id, Role.AUDITOR, label="siem", scopes=frozenset({Scope.AUDIT_READ})
    )
    found = await access.authenticate(house.db, text)
    assert found is not None
    assert found.scopes == {Scope.AUDIT_READ}


async def test_a_policy_is_for_a_mailbox_that_exists(house: House, tenant: Tenant) -> None:
    with pytest.raises(AccessError, match="mailbox list"):
        await administer.set_policy(house, tenant.id, AccountId(999), POLICY)
    await administer.add_domain(house, tenant.id, "acme.test")
    box = await administer.add_mailbox(house, tenant.id, HELP)
    with pytest.raises(PolicyError):
        await administer.set_policy(house, tenant.id, box.id, {"defaultAction": "shred"})


async def test_a_tenant_is_found_by_name_by_id_or_by_being_the_only_one(house: House) -> None:
    with pytest.raises(AccessError, match="tenant add"):
        await administer.find_tenant(house, None)
    one = await administer.add_tenant(house, name="one", plan="free")
    assert await administer.find_tenant(house, None) == one
    two = await administer.add_tenant(house, name="two", plan="free")
    assert await administer.find_tenant(house, "two") == await administer.find_tenant(house, two.id) == two
    with pytest.raises(AccessError, match="--tenant"):
        await administer.find_tenant(house, None)
    with pytest.raises(AccessError, match="no tenant has that name"):
        await administer.find_tenant(house, "three")


async def test_a_removed_tenant_is_found_by_whoever_asks_for_its_record(house: House, tenant: Tenant) -> None:
    await administer.remove_tenant(house, tenant.id)
    for wanted in (tenant.id, tenant.name):
        assert await administer.find_tenant(house, wanted, may_be_former=True) == tenant
        with pytest.raises(AccessError, match="no tenant"):
            await administer.find_tenant(house, wanted)
    with pytest.raises(AccessError, match="no tenant"):
        await administer.find_tenant(house, None, may_be_former=True)


async def test_no_two_tenants_have_one_name(house: House) -> None:
    await administer.add_tenant(house, name="one", plan="free")
    for name in ("one", " one ", "trust"):
        with pytest.raises(TakenError):
            await administer.add_tenant(house, name=name, plan="free")


async def test_of_tenants_that_were_named_alike_the_id_finds_one(house: House) -> None:
    first = await administer.add_tenant(house, name="one", plan="free", identifier=TenantId("tn_first"))
    await administer.add_tenant(house, name="one", plan="free", identifier=TenantId("tn_second"))
    await administer.add_tenant(house, name="two", plan="free")
    with pytest.raises(AccessError, match=r"alike: one \(tn_first\), one \(tn_second\)$"):
        await administer.find_tenant(house, "one")
    assert await administer.find_tenant(house, "tn_first") == first
