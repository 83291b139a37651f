from pathlib import Path

import pytest

from gatepost import domains
from gatepost.access.paper import HOUSE_PLAN
from gatepost.app import administer, sandbox
from gatepost.app.given import SANDBOX, Knowledge, canary_domain, is_given
from gatepost.ids import TenantId
from gatepost.journey import House
from gatepost.settings import Settings

HOSTNAME = "mail.own.org"


async def test_a_house_knows_strangers_once_somebody_gave_it_a_domain(house: House, tmp_path: Path) -> None:
    knowledge = Knowledge(house.db, HOSTNAME)
    assert not await knowledge.knows("own.org")
    await sandbox.ensure(Settings(state=tmp_path), house)
    canaries = await administer.add_tenant(house, name="canary", plan=HOUSE_PLAN)
    for made in (canary_domain(HOSTNAME), "contacts.org"):
        await administer.add_domain(house, canaries.id, made)
    assert not await is_given(house.db)
    assert not await knowledge.knows("own.org")
    assert not await knowledge.knows("contacts.org")
    assert [await knowledge.knows(domain) for domain in (SANDBOX, canary_domain(HOSTNAME))] == [True, True]
    tenant = await administer.add_tenant(house, name="one", plan="free")
    await administer.add_domain(house, tenant.id, "own.org")
    assert await is_given(house.db)
    assert await knowledge.knows("elsewhere.org")


async def test_a_domain_given_to_the_sandbox_is_given(house: House, tmp_path: Path) -> None:
    made = await sandbox.ensure(Settings(state=tmp_path), house)
    await administer.add_domain(house, TenantId(made.tenant), "own.org")
    assert await is_given(house.db)


async def test_that_it_was_given_one_is_asked_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = await administer.add_tenant(house, name="one", plan="free")
    await administer.add_domain(house, tenant.id, "own.org")
    knowledge = Knowledge(house.db, HOSTNAME)
    assert await knowledge.knows("elsewhere.org")
    monkeypatch.delattr(domains, "is_given_domain")
    assert await knowledge.knows("another.org")
