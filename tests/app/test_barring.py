from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatepost.app.barring import bar
from gatepost.clock import Clock
from gatepost.db import Database
from gatepost.egress import Destination, Egress, EgressRefusedError, Purpose, Register
from gatepost.egress.paper import Rule
from gatepost.settings import Settings, SettingsError, TrustSettings
from trust.scene import copied

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
