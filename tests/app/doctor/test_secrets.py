import os
from pathlib import Path

import pytest

from gatepost.app.administer import add_tenant
from gatepost.app.build import sequencer
from gatepost.app.doctor import secrets
from gatepost.app.doctor.finding import Level
from gatepost.db import Database
from gatepost.keys import Keyring
from gatepost.settings import Settings
from outbound import Hands
from outbound import house as built


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir(mode=0o700)
    Keyring.open(tmp_path / "keys" / "master.key", os.urandom)
    return tmp_path


def test_keys_that_are_ours_alone_are_well(state: Path) -> None:
    found, keyring = secrets.look(state, os.urandom)
    assert {finding.level for finding in found} == {Level.OK}
    assert keyring is not None


def test_a_folder_without_keys_is_only_remarked(tmp_path: Path) -> None:
    (found,), keyring = secrets.look(tmp_path, os.urandom)
    assert found.level is Level.WARNING
    assert keyring is None


@pytest.mark.parametrize("loose", ["keys", "keys/master.key", "keys/smtp.key"])
def test_keys_that_others_can_reach_are_a_failure(state: Path, loose: str) -> None:
    (state / "keys" / "smtp.key").touch(mode=0o600)
    (state / loose).chmod(0o755)
    found, _ = secrets.look(state, os.urandom)
    assert Level.FAILURE in {finding.level for finding in found if finding.check == "keys.mode"}


def test_a_master_key_that_is_none_is_a_failure(state: Path) -> None:
    (state / "keys" / "master.key").write_bytes(b"short")
    found, keyring = secrets.look(state, os.urandom)
    assert [finding.level for finding in found if finding.check == "keys.master"] == [Level.FAILURE]
    assert keyring is None


async def test_the_key_of_another_house_does_not_fit(db: Database, tmp_path: Path) -> None:
    house = built(db, tmp_path, Hands())
    assert (await secrets.try_on(house.keyring, db)).level is Level.OK  # nothing is sealed yet
    tenant = await add_tenant(house, name="one", plan="free")
    await sequencer(Settings(), house).sequence(tenant.id)
    assert (await secrets.try_on(house.keyring, db)).level is Level.OK
    assert (await secrets.try_on(Keyring(b"7" * 32, os.urandom), db)).level is Level.FAILURE
