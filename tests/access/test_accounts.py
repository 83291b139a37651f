import pytest

from access.scene import AGENT, AT, A, B
from gatepost.access import (
    Account,
    TakenError,
    account,
    account_at,
    add_account,
    list_accounts,
    remove_account,
    set_sandboxed,
)
from gatepost.db import Database
from gatepost.ids import AccountId
from gatepost.mail.address import Address


async def test_an_account_is_found_by_id_and_by_address_however_cased(house: Database) -> None:
    async with house.transaction(A) as tx:
        made = await add_account(tx, AGENT, at=AT)
        assert made == Account(made.id, A, AGENT, is_postmaster=False)
        assert await account(tx, made.id) == made
        assert await account_at(tx, Address.parse("aGENT@ALPHA.test")) == made
        assert await list_accounts(tx) == (made,)


async def test_a_postmasters_account_says_so(house: Database) -> None:
    async with house.transaction(A) as tx:
        made = await add_account(tx, Address.parse("postmaster@alpha.test"), at=AT, is_postmaster=True)
        assert await account(tx, made.id) == made
    assert made.is_postmaster


async def test_an_account_is_put_into_its_sandbox_and_let_out(house: Database) -> None:
    async with house.transaction(A) as tx:
        made = await add_account(tx, AGENT, at=AT)
        for is_sandboxed in (True, False):
            assert await set_sandboxed(tx, made.id, is_sandboxed=is_sandboxed)
            found = await account(tx, made.id)
            assert found is not None
            assert found.is_sandboxed is is_sandboxed
        assert not await set_sandboxed(tx, AccountId(made.id + 1), is_sandboxed=True)
    async with house.transaction(B) as tx:
        assert not await set_sandboxed(tx, made.id, is_sandboxed=True)


async def test_an_address_has_one_account(house: Database) -> None:
    async with house.transaction(A) as tx:
        await add_account(tx, AGENT, at=AT)
        with pytest.raises(TakenError):
            await add_account(tx, Address.parse("AGENT@alpha.test"), at=AT)


async def test_an_id_is_never_given_again(house: Database) -> None:
    async with house.transaction(A) as tx:
        first = await add_account(tx, AGENT, at=AT)
        assert await remove_account(tx, first.id)
        assert not await remove_account(tx, first.id)
        assert (await add_account(tx, AGENT, at=AT)).id > first.id


async def test_another_tenant_neither_sees_nor_removes_it(house: Database) -> None:
    async with house.transaction(A) as tx:
        made = await add_account(tx, AGENT, at=AT)
    async with house.transaction(B) as tx:
        assert await account(tx, made.id) is None
        assert await account_at(tx, AGENT) is None
        assert not await remove_account(tx, made.id)
        assert await account(tx, AccountId(2**62)) is None
    async with house.transaction(A) as tx:
        assert await account(tx, made.id) == made
