from doors.public.conftest import clock, house, ours
from doors.rest.conftest import database_name
from doors.rest.scene import Tenancy
from gatepost import access, act
from gatepost.app import rounds
from gatepost.journey import House
from gatepost.settings import Settings, TrustSettings
from gatepost.trust import Canary

__all__ = ["clock", "database_name", "house", "ours"]


async def nothing() -> str:
    return ""


async def test_the_canaries_have_one_receiver_and_it_moves_with_the_house(house: House, ours: Tenancy) -> None:
    canary = Canary(tenant=ours.tenant, address=str(ours.address), act=nothing)
    first = await rounds.ensure_hook(house, canary, "http://127.0.0.1:1/status/echo")
    assert first is not None
    assert await rounds.ensure_hook(house, canary, "http://127.0.0.1:1/status/echo") == first
    moved = await rounds.ensure_hook(house, canary, "http://127.0.0.1:2/status/echo")
    assert moved is not None
    async with house.db.transaction(ours.tenant) as tx:
        (only,) = await act.list_all(tx, first.account)
    assert (only.id, only.url) == (moved.webhook, "http://127.0.0.1:2/status/echo")
    nobody = Canary(tenant=ours.tenant, address="nobody@canary.test", act=nothing)
    assert await rounds.ensure_hook(house, nobody, "http://127.0.0.1:1/status/echo") is None


async def test_a_house_whose_own_url_nobody_may_connect_to_has_no_receiver(house: House, ours: Tenancy) -> None:
    canary = Canary(tenant=ours.tenant, address=str(ours.address), act=nothing)
    assert await rounds.ensure_hook(house, canary, "http://127.0.0.1:1/status/echo") is not None
    assert await rounds.ensure_hook(house, canary, "http://10.9.9.9:8080/status/echo") is None
    async with house.db.transaction(ours.tenant) as tx:
        account = await access.account_at(tx, ours.address)
        assert account is not None
        assert not await act.list_all(tx, account.id)


def test_the_pace_is_the_operators() -> None:
    found = rounds.pace(Settings(trust=TrustSettings(probe_every_s=7, probe_trip_s=3)))
    assert (found.every_s, found.trip_s) == (7, 3)
