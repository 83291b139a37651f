import pytest

from doors.rest.scene import POLICY, Tenancy, set_policy
from gatepost.access import Principal, Role
from gatepost.decide import TENANT_WIDE
from gatepost.doors.rest.problems import Problem
from gatepost.doors.rest.reach import live_of, policy_of
from gatepost.ids import AccountId
from gatepost.journey import House


async def test_nought_is_the_tenants_policy_and_any_other_number_a_mailboxs(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    whole = Principal(ours.key_ids[Role.OWNER], ours.tenant, Role.OWNER, frozenset(), None)
    bound = Principal(ours.key_ids[Role.OWNER], ours.tenant, Role.OWNER, frozenset(), ours.account)
    async with policy_of(house, whole, TENANT_WIDE) as (tx, account):
        assert (tx.tenant, account) == (ours.tenant, TENANT_WIDE)
    live = await live_of(house, bound, ours.account)
    assert live is not None
    assert live.document == POLICY
    assert await live_of(house, whole, TENANT_WIDE) is None
    for who, number in ((bound, TENANT_WIDE), (bound, AccountId(ours.account + 1)), (whole, AccountId(2**50))):
        with pytest.raises(Problem):
            await live_of(house, who, number)
