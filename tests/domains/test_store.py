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
    for keys, account in (
        (["a@alpha.test", "b@alpha.test"], AGENT),
        (["x", "b@alpha.test", "a@alpha.test"], OTHER),
    ):
        found = await store.find_route(db, keys)
        assert found is not None
        assert found.account == account
    assert await store.find_route(db, ["x"]) is None
    assert await store.find_route(db, []) is None


async def test_a_stored_key_shows_neither_its_wrapped_nor_its_private_half(db: Database) -> None:
    await own(db, A, "alpha.test")
    async with db.transaction(A) as tx:
        for key in await store.dkim_keys(tx, "alpha.test"):
            assert "wrapped" not in repr(key)
            private = KEYRING.unwrap(f"dkim/{key.selector}._domainkey.alpha.test", key.wrapped)
            assert private not in key.wrapped
