import pytest

from gatepost.db import Database, DatabaseUnavailableError
from gatepost.ids import TenantId


async def test_a_transaction_binds_its_tenant(db: Database) -> None:
    async with db.transaction(TenantId("tn_a")) as tx:
        row = await tx.one("select current_setting('gatepost.tenant') as tenant, %(tenant)s as bound")
    assert (row.tenant, row.bound) == ("tn_a", "tn_a")


async def test_the_next_transaction_on_the_connection_has_no_tenant_left(db: Database) -> None:
    async with db.transaction(TenantId("tn_a")):
        pass
    async with db.transaction(None) as tx:
        row = await tx.one("select current_setting('gatepost.tenant') as tenant")
        assert row.tenant == ""
        with pytest.raises(RuntimeError):
            _ = tx.tenant


async def test_the_serving_role_is_no_superuser_and_bypasses_nothing(db: Database) -> None:
    async with db.transaction(None) as tx:
        row = await tx.one("select rolsuper, rolbypassrls from pg_roles where rolname = current_user")
    assert (row.rolsuper, row.rolbypassrls) == (False, False)


async def test_why_a_database_cannot_be_reached_is_told(app_dsn: str) -> None:
    async with Database.open(f"{app_dsn} user=nobody_of_ours") as db:
        with pytest.raises(DatabaseUnavailableError, match="nobody_of_ours"):
            await db.reach(0.5)


async def test_a_database_that_answers_is_reached_at_once(db: Database) -> None:
    await db.reach(5)
    await db.reach(0)
