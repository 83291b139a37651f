import pytest

from gatepost.ids import ExportId
from gatepost.upkeep import siem
from gatepost.upkeep.siem import store
from gatepost.upkeep.siem.paper import Run
from gatepost.upkeep.siem.registry import check
from record.papers import TENANT
from upkeep.siem.scene import Scene


def wanted(kind: siem.Kind, **place: str) -> siem.Wanted:
    made = siem.Place(**{"url": "https://siem.example", "credential": "secret", **place})
    return siem.Wanted(kind=kind, format=siem.Format.NATIVE, place=made)


async def test_there_is_a_most(scene: Scene) -> None:
    for _ in range(siem.DESTINATIONS_MAX):
        await scene.add(siem.Kind.OTLP, "https://otlp.example")
    with pytest.raises(siem.PlaceError, match="at most 16"):
        await scene.add(siem.Kind.OTLP, "https://otlp.example")


async def test_who_begins_at_the_end_gets_only_what_is_new(scene: Scene) -> None:
    size = await scene.grow(3)
    async with scene.db.transaction(TENANT) as tx:
        made = await siem.add(tx, scene, wanted(siem.Kind.OTLP), actor="ky_1", starts_at_end=True)
    assert (await scene.status(made.id)).next_index == size


async def test_the_kind_stays(scene: Scene) -> None:
    identifier = await scene.add(siem.Kind.OTLP, "https://otlp.example")
    async with scene.db.transaction(TENANT) as tx:
        with pytest.raises(siem.PlaceError, match="does not change"):
            await siem.change(tx, scene, identifier, wanted(siem.Kind.SPLUNK), actor="ky_1")


async def test_what_is_not_there_is_not_found(scene: Scene) -> None:
    nobody = ExportId("ex_none")
    async with scene.db.transaction(TENANT) as tx:
        with pytest.raises(LookupError):
            await siem.remove(tx, scene, nobody, actor="ky_1")
        with pytest.raises(LookupError):
            await siem.replay(tx, scene, nobody, actor="ky_1")
        with pytest.raises(LookupError):
            await siem.change(tx, scene, nobody, wanted(siem.Kind.OTLP), actor="ky_1")
    with pytest.raises(LookupError):
        await siem.probe(scene, TENANT, nobody, actor="ky_1")


async def test_a_replay_and_a_new_place_forget_what_was_sent_ahead(scene: Scene) -> None:
    identifier = await scene.add(siem.Kind.SPLUNK, "https://one.example")
    ahead = (Run(0, 6, 4), Run(7, 13, None))
    for forgets in ("replay", "change"):
        found = await scene.status(identifier)
        async with scene.db.transaction(TENANT) as tx:
            assert await store.renew(tx, identifier, found.turn, scene.clock(), ahead)
        assert (await scene.status(identifier)).ahead == ahead
        async with scene.db.transaction(TENANT) as tx:
            if forgets == "replay":
                await siem.replay(tx, scene, identifier, from_index=0, actor="ky_1")
            else:
                await siem.change(tx, scene, identifier, wanted(siem.Kind.SPLUNK), actor="ky_1")
        assert (await scene.status(identifier)).ahead == ()


async def test_nothing_of_a_place_stands_in_clear_in_the_table(scene: Scene) -> None:
    await scene.add(siem.Kind.SPLUNK, "https://very-own.example", credential="very-secret")
    async with scene.db.transaction(TENANT) as tx:
        row = await tx.one("select * from export_destination where tenant = %(tenant)s")
    assert b"very" not in bytes(row.sealed)
    assert "very" not in str(row)


def test_a_datadog_site_is_completed_and_says_its_region() -> None:
    found = check(wanted(siem.Kind.DATADOG, url="datadoghq.eu"))
    assert (found.url, found.region) == ("https://http-intake.logs.datadoghq.eu/api/v2/logs", "EU")


async def test_a_test_of_an_empty_log_says_so(scene: Scene) -> None:
    identifier = await scene.add(siem.Kind.OTLP, "https://otlp.example")
    assert await siem.probe(scene, TENANT, identifier, actor="ky_1") == "log.empty"
