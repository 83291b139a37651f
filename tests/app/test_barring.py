from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatepost.app.barring import bar
from gatepost.app.scanners import places_of
from gatepost.app.ways_out import register
from gatepost.clock import Clock
from gatepost.db import Database
from gatepost.egress import Destination, Egress, EgressRefusedError, Purpose, Register
from gatepost.egress.paper import Rule
from gatepost.settings import Settings, SettingsError, TrustSettings, load
from gatepost.trust import engagement, read_operator
from outbound import Hands
from outbound import house as built
from trust.scene import Scene, copied
from trust.ticking import hours_pass

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
ROW = Destination(purpose=Purpose.MODEL, host="model.test", port=443)
ANY = Destination(purpose=Purpose.WEBHOOK, host="*", port=0)


async def nowhere(_name: str) -> list[str]:
    return []


def way_out(clock: Clock) -> Egress:
    return Egress(Register([ROW, ANY]), nowhere, clock)


def settings(folder: Path) -> Settings:
    return Settings(trust=TrustSettings(operator=str(folder)))


async def test_no_row_opens_a_processor_that_is_not_engaged(db: Database, tmp_path: Path) -> None:
    folder = copied(tmp_path)
    suppliers = folder / "suppliers.toml"
    later = suppliers.read_text().replace("engaged_on = 2026-02-02", 'engaged_on = 2026-12-24\nhosts = ["model.test"]')
    suppliers.write_text(later)
    egress = way_out(lambda: NOW)
    await bar(egress, db, settings(folder), NOW)
    for purpose, host in (
        (Purpose.MODEL, "model.test"),
        (Purpose.WEBHOOK, "MODEL.test."),
        (Purpose.WEBHOOK, "eu.model.test"),
    ):
        with pytest.raises(EgressRefusedError) as refusal:
            egress.register.find(purpose, host, 443)
        assert refusal.value.rule is Rule.NOT_ENGAGED
    assert egress.register.find(Purpose.WEBHOOK, "other.test", 443) is ANY
    assert egress.register.find(Purpose.WEBHOOK, "notmodel.test", 443) is ANY


async def test_a_folder_that_cannot_be_read_opens_nothing(db: Database, tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "suppliers.toml").write_text("[[")
    with pytest.raises(SettingsError, match=r"trust\.operator"):
        await bar(way_out(lambda: NOW), db, settings(folder), NOW)


async def test_where_nothing_is_claimed_nobody_is_barred(db: Database) -> None:
    egress = way_out(lambda: NOW)
    await bar(egress, db, Settings(), NOW)
    assert egress.register.find(Purpose.MODEL, "model.test", 443) is ROW


LATER = (
    '\n[[suppliers]]\nid = "later"\nname = "Later Ltd"\npurpose = "Translations"\ndata = "Mails"\nregion = "NL"\n'
    'processes = true\nowner = "privacy lead"\nannounced_on = 2020-01-01\nengaged_on = 2020-02-02\n'
    'hosts = ["later.test"]\n'
)
FILE = """
[[egress.destinations]]
purpose = "model"
to = "later.test:443"
decided_by = "operator"

[[egress.destinations]]
purpose = "webhook"
to = "*.later.test:443"

[[egress.destinations]]
purpose = "export"
to = "*:443"
"""
ENVIRONMENT = {
    "GATEPOST_DELIVERY__NEXT_HOP": "later.test:25",
    "GATEPOST_SCAN__CLASSIFIER": "https://later.test/classify",
    "GATEPOST_LOG__WITNESSES": "",
}
EVERY_WAY = (
    (Purpose.MODEL, "later.test", 443),
    (Purpose.WEBHOOK, "eu.later.test", 443),
    (Purpose.EXPORT, "later.test", 443),
    (Purpose.RELAY, "later.test", 25),
    (Purpose.SCAN, "later.test", 443),
    (Purpose.BLOBS, "later.test", 9000),
    (Purpose.DATABASE, "later.test", 5432),
)


def opened_by_all(folder: Path) -> tuple[Settings, Register]:
    """Return settings that open the host by file and by environment, for every purpose they can."""
    file = folder / "gatepost.toml"
    file.write_text(FILE)
    variables = {**ENVIRONMENT, "GATEPOST_TRUST__OPERATOR": str(folder / "operator")}
    found = load(variables, file)
    made = register(
        found,
        name_servers=("127.0.0.53:53",),
        blobs=("later.test", 9000),
        databases=(("later.test", 5432),),
        scanners=list(places_of(found)),
    )
    return found, made


def shut(egress: Egress) -> list[Rule]:
    """Return why each way is shut; none for one that is open."""
    rules = []
    for purpose, host, port in EVERY_WAY:
        try:
            egress.register.find(purpose, host, port)
        except EgressRefusedError as refusal:
            rules.append(refusal.rule)
    return rules


async def test_no_file_or_variable_opens_it_on_day_29_and_on_day_30_every_row_does(
    db: Database, tmp_path: Path
) -> None:
    clock = Hands()
    scene = Scene(house=built(db, tmp_path / "blobs", clock), folder=copied(tmp_path), clock=clock, state=tmp_path)
    await engagement.adopt(scene.house, read_operator(scene.folder).suppliers)
    suppliers = scene.folder / "suppliers.toml"
    suppliers.write_text(suppliers.read_text() + LATER)  # its dates claim that it was here long ago
    new = next(each for each in read_operator(scene.folder).suppliers if each.id == "later")
    wanted, rows = opened_by_all(tmp_path)

    async def begun() -> Egress:
        """Return the way out as a process that starts now builds it."""
        egress = Egress(rows, nowhere, clock)
        await bar(egress, db, wanted, clock())
        return egress

    assert shut(await begun()) == [Rule.NOT_ENGAGED] * len(EVERY_WAY)
    await engagement.announce(scene.house, new)
    await scene.publish()
    for days, is_over in ((29, False), (1, True)):
        clock.now = await hours_pass(db, clock.now, 24 * days)
        await scene.publish()
        if is_over:
            await engagement.engage(scene.house, new)
        else:
            with pytest.raises(engagement.NotYetError, match="running"):
                await engagement.engage(scene.house, new)
        assert shut(await begun()) == ([] if is_over else [Rule.NOT_ENGAGED] * len(EVERY_WAY))
    await engagement.withdraw(scene.house, new.id)
    assert shut(await begun()) == [Rule.NOT_ENGAGED] * len(EVERY_WAY)
