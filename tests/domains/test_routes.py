import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.scene import AGENT, OTHER, POSTMASTER_A, POSTMASTER_B, A, B, own
from gatepost.db import Database
from gatepost.domains import (
    Destination,
    DomainError,
    DomainMissingError,
    Route,
    RouteTakenError,
    add_route,
    list_routes,
    remove_domain,
    remove_route,
    remove_routes_to,
    route,
    tenant_of,
)
from gatepost.domains.routes import lookup_keys
from gatepost.mail.address import Address, AddressError


@pytest.fixture
async def house(db: Database) -> Database:
    await own(db, A, "alpha.test")
    async with db.transaction(A) as tx:
        await add_route(tx, Address.parse("Agent@alpha.test"), AGENT)
    return db


@pytest.mark.parametrize(
    "address",
    ["agent@alpha.test", "AGENT@Alpha.TEST", '"agent"@alpha.test', '"a\\gent"@alpha.test', "agent+tag@alpha.test"],
)
async def test_every_spelling_of_an_address_leads_to_its_account(house: Database, address: str) -> None:
    assert await route(house, Address.parse(address)) == Destination(A, AGENT)


@pytest.mark.parametrize(
    "address",
    ["agents@alpha.test", "agent@sub.alpha.test", "agent@beta.test", "+tag@alpha.test", "agent@[127.0.0.1]",
     '"agent+tag "@alpha.test', "agent%alpha.test@alpha.test", "beta.test!agent@alpha.test"],
)  # fmt: skip
async def test_what_has_no_route_leads_nowhere(house: Database, address: str) -> None:
    assert await route(house, Address.parse(address)) is None


async def test_a_route_of_its_own_goes_before_the_address_without_its_tag(house: Database) -> None:
    async with house.transaction(A) as tx:
        await add_route(tx, Address.parse("agent+sales@alpha.test"), OTHER)
    assert await route(house, Address.parse("agent+SALES@alpha.test")) == Destination(A, OTHER)
    assert await route(house, Address.parse("agent+else@alpha.test")) == Destination(A, AGENT)


@pytest.mark.parametrize("address", ["postmaster@alpha.test", "PostMaster@ALPHA.test", '"postmaster"@alpha.test'])
async def test_a_domain_always_has_a_postmaster(house: Database, address: str) -> None:
    assert await route(house, Address.parse(address)) == Destination(A, POSTMASTER_A, is_postmaster=True)


async def test_a_tag_does_not_make_mail_the_postmasters(house: Database) -> None:
    assert await route(house, Address.parse("postmaster+x@alpha.test")) is None


async def test_a_domain_that_is_not_ours_has_no_postmaster_here(house: Database) -> None:
    assert await route(house, Address.parse("postmaster@elsewhere.test")) is None


async def test_the_bare_postmaster_is_that_of_the_houses_first_domain(db: Database) -> None:
    assert await route(db, None) is None
    await own(db, B, "zeta.test")
    await own(db, A, "alpha.test")
    assert await route(db, None) == Destination(B, POSTMASTER_B, is_postmaster=True)
    async with db.transaction(B) as tx:
        await remove_domain(tx, "zeta.test")
    assert await route(db, None) == Destination(A, POSTMASTER_A, is_postmaster=True)


async def test_the_postmasters_mail_cannot_be_led_away(house: Database) -> None:
    async with house.transaction(A) as tx:
        with pytest.raises(RouteTakenError):
            await add_route(tx, Address.parse("Postmaster@alpha.test"), AGENT)


async def test_an_address_leads_to_one_account(house: Database) -> None:
    async with house.transaction(A) as tx:
        with pytest.raises(RouteTakenError):
            await add_route(tx, Address.parse('"agent"@alpha.test'), OTHER)
        assert await list_routes(tx) == (Route(Address.parse("Agent@alpha.test"), AGENT),)


async def test_nobody_routes_mail_of_a_domain_that_is_not_theirs(house: Database) -> None:
    async with house.transaction(B) as tx:
        for address in ("boss@alpha.test", "boss@nowhere.test", "boss@[127.0.0.1]"):
            with pytest.raises(DomainMissingError):
                await add_route(tx, Address.parse(address), OTHER)
        assert await list_routes(tx) == ()
        assert not await remove_route(tx, Address.parse("agent@alpha.test"))
    assert await route(house, Address.parse("agent@alpha.test")) == Destination(A, AGENT)


async def test_a_removed_route_leads_nowhere(house: Database) -> None:
    async with house.transaction(A) as tx:
        assert await remove_route(tx, Address.parse("AGENT@alpha.test"))
        assert not await remove_route(tx, Address.parse("AGENT@alpha.test"))
    assert await route(house, Address.parse("agent@alpha.test")) is None


async def test_an_account_that_goes_takes_its_routes_along(house: Database) -> None:
    async with house.transaction(A) as tx:
        await add_route(tx, Address.parse("second@alpha.test"), AGENT)
        await add_route(tx, Address.parse("other@alpha.test"), OTHER)
        assert await remove_routes_to(tx, AGENT) == 2
        assert [found.account for found in await list_routes(tx)] == [OTHER]


async def test_the_account_of_a_postmaster_may_not_go_before_its_domain(house: Database) -> None:
    async with house.transaction(A) as tx:
        with pytest.raises(DomainError, match="postmaster"):
            await remove_routes_to(tx, POSTMASTER_A)
        await remove_domain(tx, "alpha.test")
        assert await remove_routes_to(tx, POSTMASTER_A) == 0


async def test_the_tenant_of_a_domain_is_known_to_everybody_at_the_door(house: Database) -> None:
    assert await tenant_of(house, "alpha.test") == A
    for name in ("sub.alpha.test", "test", "", "[127.0.0.1]", "[IPv6:fe80::1%\x00]"):
        assert await tenant_of(house, name) is None


@given(st.text(max_size=40))
def test_any_address_has_one_or_two_keys_of_its_own_domain(local: str) -> None:
    try:
        address = Address.parse(f"{local}@alpha.test")
    except AddressError:
        return
    keys = lookup_keys(address)
    assert 1 <= len(keys) <= 2
    assert all(key.endswith("@alpha.test") and len(key) > len("@alpha.test") for key in keys)
    assert keys[0] == address.key


@pytest.mark.parametrize("local", ['"a b"', '"a@b"', '".a"', '"a..b"', '"a."', '""', '"\\""', '"a,b"'])
def test_quotes_that_are_needed_stay(local: str) -> None:
    assert lookup_keys(Address(local, "alpha.test")) == (f"{local}@alpha.test",)


@given(st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True))
def test_quotes_that_are_not_needed_mean_nothing(local: str) -> None:
    assert lookup_keys(Address(f'"{local}"', "alpha.test")) == lookup_keys(Address(local, "alpha.test"))


def test_a_long_s_does_not_lead_to_the_mailbox_with_an_s() -> None:
    assert lookup_keys(Address("bo\u017f\u017f", "alpha.test")) != lookup_keys(Address("boss", "alpha.test"))
