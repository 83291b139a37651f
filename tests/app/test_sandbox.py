from pathlib import Path

from gatepost import access
from gatepost.access.paper import Role, Scope
from gatepost.app import sandbox
from gatepost.decide import get_policy
from gatepost.ids import AccountId, TenantId
from gatepost.journey import House
from gatepost.settings import Settings


async def test_the_first_start_makes_it_and_every_later_one_finds_it(house: House, tmp_path: Path) -> None:
    settings = Settings(state=tmp_path)
    made = await sandbox.ensure(settings, house)
    assert await sandbox.ensure(settings, house) == made
    [tenant] = await access.list_tenants(house.db)
    assert tenant.id == made.tenant


async def test_its_keys_are_an_owners_and_its_agents_own(house: House, tmp_path: Path) -> None:
    made = await sandbox.ensure(Settings(state=tmp_path), house)
    owner = await access.authenticate(house.db, made.api_key)
    agent = await access.authenticate(house.db, made.agent_key)
    assert owner is not None
    assert agent is not None
    assert (owner.role, agent.role) == (Role.OWNER, Role.AGENT)
    assert (owner.account, agent.account) == (None, made.mailbox_id)
    assert Scope.POLICY_WRITE in owner.scopes
    assert Scope.POLICY_WRITE not in agent.scopes


async def test_its_policy_is_in_force_without_a_warning_it_does_not_mean(house: House, tmp_path: Path) -> None:
    made = await sandbox.ensure(Settings(state=tmp_path), house)
    async with house.db.transaction(TenantId(made.tenant)) as tx:
        stored = await get_policy(tx, AccountId(made.mailbox_id))
    assert stored is not None
    assert stored.document == sandbox.POLICY
    assert all("none" in warning for warning in stored.warnings)


async def test_a_first_start_that_was_cut_short_is_finished_by_the_next(house: House, tmp_path: Path) -> None:
    settings = Settings(state=tmp_path)
    first = await sandbox.ensure(settings, house)
    (tmp_path / "sandbox.json").unlink()  # as if it had died before the last step
    second = await sandbox.ensure(settings, house)
    assert (second.tenant, second.mailbox_id) == (first.tenant, first.mailbox_id)
    assert await access.authenticate(house.db, second.api_key) is not None
    assert len(await access.list_tenants(house.db)) == 1
