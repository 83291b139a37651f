import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key

from domains.scene import AGENT, AT, KEYRING, POSTMASTER_A, POSTMASTER_B, SEEDED, A, B, own
from gatepost.db import Database
from gatepost.domains import (
    Domain,
    DomainMissingError,
    DomainTakenError,
    add_domain,
    add_route,
    dns_records,
    list_domains,
    list_routes,
    remove_domain,
    route,
    signing_keys,
    tenant_of,
)
from gatepost.keys import Keyring, KeyringError
from gatepost.mail.address import Address, AddressError


async def test_a_domain_is_its_tenants_from_the_commit_on(db: Database) -> None:
    made = await own(db, A, "Alpha.Test.")
    assert made == Domain("alpha.test", A, POSTMASTER_A, AT)
    async with db.transaction(A) as tx:
        assert await list_domains(tx) == (made,)
    assert await tenant_of(db, "alpha.test") == A


async def test_a_domain_with_letters_beyond_ascii_is_kept_as_a_labels(db: Database) -> None:
    assert (await own(db, A, "bücher.test")).name == "xn--bcher-kva.test"


@pytest.mark.parametrize(
    "name", ["", "a b.test", "a..test", "-a.test", "x" * 64 + ".test", "a\x00.test", "[127.0.0.1]"]
)
async def test_what_is_no_domain_name_is_refused(db: Database, name: str) -> None:
    with pytest.raises(AddressError):
        await own(db, A, name)


async def test_a_domain_has_one_tenant_in_the_whole_house(db: Database) -> None:
    await own(db, A, "alpha.test")
    for tenant in (A, B):
        with pytest.raises(DomainTakenError):
            await own(db, tenant, "ALPHA.test")
    async with db.transaction(B) as tx:
        assert await list_domains(tx) == ()
        assert not await remove_domain(tx, "alpha.test")
    assert await tenant_of(db, "alpha.test") == A


async def test_a_domain_that_is_given_up_takes_routes_and_keys_along(db: Database) -> None:
    await own(db, A, "alpha.test")
    async with db.transaction(A) as tx:
        await add_route(tx, Address.parse("agent@alpha.test"), AGENT)
    async with db.transaction(A) as tx:
        assert await remove_domain(tx, "alpha.test")
        assert not await remove_domain(tx, "alpha.test")
        assert await list_routes(tx) == ()
        assert await signing_keys(tx, "alpha.test", KEYRING) == ()
    assert await route(db, Address.parse("postmaster@alpha.test")) is None
    await own(db, B, "alpha.test")
    assert await tenant_of(db, "alpha.test") == B


async def test_a_domain_signs_with_rsa_first_and_ed25519(db: Database) -> None:
    await own(db, A, "alpha.test")
    async with db.transaction(A) as tx:
        keys = await signing_keys(tx, "alpha.test", KEYRING)
    assert [(key.domain, key.selector, key.algorithm) for key in keys] == [
        ("alpha.test", "gp2026r", "rsa-sha256"),
        ("alpha.test", "gp2026e", "ed25519-sha256"),
    ]
    for key in keys:
        load_der_private_key(key.private_der, None)
        assert "private" not in repr(key)


async def test_another_tenant_signs_nothing_and_learns_no_records(db: Database) -> None:
    await own(db, A, "alpha.test")
    async with db.transaction(B) as tx:
        assert await signing_keys(tx, "alpha.test", KEYRING) == ()
        with pytest.raises(DomainMissingError):
            await dns_records(tx, "alpha.test", hostname="mail.house.test")


async def test_a_stolen_database_signs_nothing(db: Database) -> None:
    await own(db, A, "alpha.test")
    async with db.transaction(A) as tx:
        with pytest.raises(KeyringError):
            await signing_keys(tx, "alpha.test", Keyring(b"x" * 32, SEEDED))


async def test_the_records_to_publish_hold_the_public_halves_of_the_signing_keys(db: Database) -> None:
    await own(db, A, "alpha.test")
    async with db.transaction(A) as tx:
        found = {record.name: record.text for record in await dns_records(tx, "alpha.test", hostname="mail.house.test")}
    assert found["gp2026r._domainkey.alpha.test."].startswith('"v=DKIM1; k=rsa; p=MII')
    assert found["gp2026e._domainkey.alpha.test."].startswith('"v=DKIM1; k=ed25519; p=')


async def test_an_added_domain_is_forgotten_with_its_transaction(db: Database) -> None:
    async with db.transaction(B) as tx:
        await add_domain(tx, "beta.test", postmaster=POSTMASTER_B, keyring=KEYRING, at=AT, entropy=SEEDED)
        assert await tenant_of(db, "beta.test") is None
    assert await tenant_of(db, "beta.test") == B
