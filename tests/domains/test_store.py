from domains.scene import AGENT, KEYRING, OTHER, A, own
from gatepost.db import Database
from gatepost.domains import store
from gatepost.domains.paper import Route
from gatepost.mail.address import Address


async def test_the_first_key_that_has_a_route_counts(db: Database) -> None:
    await own(db, A, "alpha.test")
    async with db.transaction(A) as tx:
        for key, account in (("a@alpha.test", AGENT), ("b@alpha.test", OTHER)):
            await store.insert_route(tx, Route(Address.parse(key), account), key)
    each = (
        ["a@alpha.test", "b@alpha.test"],
        ["b@alpha.test", "a@alpha.test"],
        ["x", "b@alpha.test"],
        ["x"],
        ["x", "y"],
    )
    found = await store.find_routes(db, each)
    assert [one and one.account for one in found] == [AGENT, OTHER, OTHER, None, None]
    assert await store.find_routes(db, []) == []


async def test_a_stored_key_shows_neither_its_wrapped_nor_its_private_half(db: Database) -> None:
    await own(db, A, "alpha.test")
    async with db.transaction(A) as tx:
        for key in await store.dkim_keys(tx, "alpha.test"):
            assert "wrapped" not in repr(key)
            private = KEYRING.unwrap(f"dkim/{key.selector}._domainkey.alpha.test", key.wrapped)
            assert private not in key.wrapped
