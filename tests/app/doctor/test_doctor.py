"""The whole examination; its checks have tests of their own."""

import os
import shutil
from pathlib import Path

import pytest

from gatepost.app.administer import accept_keys, add_tenant, find_tenant, remove_tenant
from gatepost.app.doctor import Finding, Level, disk, examine
from gatepost.app.open import admin_house
from gatepost.app.state import prepare
from gatepost.keys import KeyringError, KeyStore
from gatepost.settings import DatabaseSettings, DnsSettings, HttpSettings, Settings, SmtpSettings


async def test_a_house_that_never_started_gets_advice_and_is_left_alone(tmp_path: Path) -> None:
    settings = Settings(
        state=tmp_path / "absent",
        smtp=SmtpSettings(port=0),
        http=HttpSettings(port=0),
        dns=DnsSettings(servers=("127.0.0.1:1",)),
    )
    found = await examine(settings)
    assert all(finding.next_step for finding in found if finding.level is not Level.OK)
    assert "database.reach" in {finding.check for finding in found}
    assert not settings.state.is_dir()


async def test_a_database_that_is_away_is_one_finding_among_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(
        state=tmp_path,
        smtp=SmtpSettings(port=0),
        http=HttpSettings(port=0),
        database=DatabaseSettings(dsn=f"host={tmp_path} dbname=absent"),
        dns=DnsSettings(servers=("127.0.0.1:1",)),
    )
    found = {finding.check: finding for finding in await examine(settings)}
    assert found["database.reach"].level is Level.FAILURE
    assert "disk.room" in found
    assert "clock.steady" in found
    assert caplog.messages == []  # of each attempt


async def sealed(state: Path, app_dsn: str) -> Settings:
    """Return the settings of a house with a tenant, that is not up."""
    settings = Settings(
        state=prepare(state),
        smtp=SmtpSettings(port=0),
        http=HttpSettings(port=0),
        database=DatabaseSettings(dsn=app_dsn),
        dns=DnsSettings(servers=("127.0.0.1:1",)),
    )
    async with admin_house(settings) as house:
        await add_tenant(house, name="one", plan="free")
    return settings


async def failures(settings: Settings) -> dict[str, Finding]:
    return {each.check: each for each in await examine(settings) if each.level is Level.FAILURE}


async def test_a_master_key_that_is_gone_is_told_and_all_else_is_looked_at(tmp_path: Path, app_dsn: str) -> None:
    settings = await sealed(tmp_path / "state", app_dsn)
    (settings.state / "keys" / "master.key").unlink()
    found = await failures(settings)
    assert "master.key alone" in found["keys.master"].next_step
    assert "keys.fit" not in found


async def test_a_database_of_another_house_is_told(tmp_path: Path, app_dsn: str) -> None:
    settings = await sealed(tmp_path / "state", app_dsn)
    (settings.state / "keys").rename(tmp_path / "old")
    missed = (await failures(settings))["keys.fit"]  # the folder is as before a first start
    assert "no key here" in missed.said
    (settings.state / "keys").mkdir(mode=0o700)
    KeyStore.open(settings.state / "keys", os.urandom).close()
    found = await failures(settings)
    assert "does not open" in found["keys.fit"].said
    assert "does not open" in found["dns"].said


async def test_an_older_copy_of_the_key_folder_is_told(tmp_path: Path, app_dsn: str) -> None:
    settings = await sealed(tmp_path / "state", app_dsn)
    keys, older = settings.state / "keys", tmp_path / "older"
    shutil.copytree(keys, older)
    async with admin_house(settings) as house:
        later = (await add_tenant(house, name="Later", plan="team")).id
    keys.rename(tmp_path / "newest")
    older.rename(keys)
    missed = (await failures(settings))["keys.fit"]
    assert "older than the database" in missed.said
    assert "newest backup" in missed.next_step
    with pytest.raises(KeyringError, match="older than the database"):
        async with admin_house(settings):
            pass
    async with admin_house(settings, older_keys=True) as house:
        assert await accept_keys(house)
    assert "older" not in (await failures(settings))["keys.fit"].said  # the tenant's own key was among the lost
    async with admin_house(settings) as house:
        assert (await find_tenant(house, later)).id == later
        await remove_tenant(house, later)
    assert "keys.fit" not in await failures(settings)


async def test_a_check_that_fails_in_itself_takes_no_other_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> list[Finding]:
        raise RuntimeError

    monkeypatch.setattr(disk, "look", fail)
    found = {each.check: each for each in await examine(Settings(state=tmp_path, smtp=SmtpSettings(port=0)))}
    assert "failed (RuntimeError)" in found["disk"].said
    assert "clock.steady" in found
