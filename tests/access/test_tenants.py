import pytest

from access.scene import AGENT, AT, SEEDED, A, B
from gatepost.access import (
    AccessError,
    Role,
    TakenError,
    Tenant,
    add_account,
    add_key,
    add_person,
    add_tenant,
    authenticate,
    change_plan,
    list_accounts,
    list_former,
    list_recorded,
    list_tenants,
    new_tenant,
    remove_tenant,
    tenant,
)
from gatepost.db import Database
from gatepost.ids import TenantId


async def test_a_tenant_sees_itself_and_no_other(house: Database) -> None:
    async with house.transaction(A) as tx:
        assert await tenant(tx) == Tenant(A, "Alpha", "free")
        assert [row.tenant for row in await tx.all("select tenant from tenant")] == [A]
    async with house.transaction(TenantId("tn_c")) as tx:
        assert await tenant(tx) is None


async def test_the_operator_sees_every_tenant(house: Database) -> None:
    assert await list_tenants(house) == (Tenant(A, "Alpha", "free"), Tenant(B, "Beta", "free"))


async def test_a_tenant_is_made_once(house: Database) -> None:
    async with house.transaction(A) as tx:
        with pytest.raises(TakenError):
            await add_tenant(tx, name="Again", plan="free", at=AT)
        assert await tenant(tx) == Tenant(A, "Alpha", "free")


async def test_a_tenant_comes_onto_another_plan_and_no_other_does(house: Database) -> None:
    async with house.transaction(A) as tx:
        assert await change_plan(tx, "team") == "free"
        with pytest.raises(AccessError, match="plan"):
            await change_plan(tx, "")
    assert await list_tenants(house) == (Tenant(A, "Alpha", "team"), Tenant(B, "Beta", "free"))
    async with house.transaction(TenantId("tn_c")) as tx:
        assert await change_plan(tx, "team") is None


async def test_a_tenants_name_must_print(db: Database) -> None:
    async with db.transaction(A) as tx:
        with pytest.raises(AccessError, match="name"):
            await add_tenant(tx, name="\x00", plan="free", at=AT)


def test_a_new_tenants_id_is_prefixed_and_new() -> None:
    first, second = new_tenant(SEEDED), new_tenant(SEEDED)
    assert first.startswith("tn_")
    assert first != second


async def test_a_removed_tenant_leaves_nothing_here_and_others_alone(house: Database) -> None:
    texts = {}
    for each in (A, B):
        async with house.transaction(each) as tx:
            account = await add_account(tx, AGENT, at=AT)
            await add_person(tx, AGENT, Role.OWNER, at=AT, entropy=SEEDED)
            _, texts[each] = await add_key(tx, Role.AGENT, label="x", at=AT, entropy=SEEDED, account=account.id)
    async with house.transaction(A) as tx:
        assert await remove_tenant(tx, at=AT)
        assert not await remove_tenant(tx, at=AT)
        assert await list_accounts(tx) == ()
    assert await authenticate(house, texts[A]) is None
    assert await authenticate(house, texts[B]) is not None
    assert [found.id for found in await list_tenants(house)] == [B]
    assert [found.id for found in await list_former(house)] == [A]
    assert [found.id for found in await list_recorded(house)] == [B, A]
    async with house.transaction(A) as tx:
        await add_tenant(tx, name="again", plan="free", at=AT)
    assert await list_former(house) == ()
