import psycopg
import pytest

from access.scene import AGENT, AT, A, B
from gatepost.access import store
from gatepost.db import Database
from gatepost.ids import AccountId, KeyId, TenantId


async def test_a_key_nobody_has_is_not_found(house: Database) -> None:
    assert await store.find_key(house, KeyId("ky_aaaaaaaaaaaaaaaa")) is None


async def _insert_agents_key(house: Database, tenant: TenantId, account: AccountId | None) -> None:
    async with house.transaction(tenant) as tx:
        await tx.run(
            "insert into api_key (id, tenant, digest, role, scopes, account, sealed, created_at)"
            " values ('ky_x', %(tenant)s, sha256('x'), 'agent', '{}', %(account)s, 'x', %(at)s)",
            account=account,
            at=AT,
        )


async def test_the_schema_itself_forbids_a_key_for_another_tenants_account(house: Database) -> None:
    async with house.transaction(A) as tx:
        account = await store.insert_account(tx, AGENT, is_postmaster=False, at=AT)
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        await _insert_agents_key(house, B, account)
    await _insert_agents_key(house, A, account)


async def test_the_schema_itself_forbids_an_agents_key_without_an_account(house: Database) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        await _insert_agents_key(house, A, None)


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**63, 10**30])
async def test_an_account_id_of_any_size_is_an_account_or_none(house: Database, number: int) -> None:
    async with house.transaction(A) as tx:
        assert await store.account(tx, AccountId(number)) is None
