import errno
import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gatepost.app.administer import add_tenant
from gatepost.app.build import sequencer
from gatepost.app.doctor import secrets
from gatepost.app.doctor.finding import Level, worst
from gatepost.db import Database
from gatepost.keys import KeyStore
from gatepost.settings import Settings
from outbound import Hands
from outbound import house as built


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir(mode=0o700)
    KeyStore.open(tmp_path / "keys", os.urandom).close()
    return tmp_path


def test_keys_that_are_ours_alone_are_well(state: Path) -> None:
    found, keys = secrets.look(state, os.urandom)
    assert {finding.level for finding in found} == {Level.OK}
    assert keys is not None


def test_a_folder_without_keys_is_only_remarked(tmp_path: Path) -> None:
    (found,), keys = secrets.look(tmp_path, os.urandom)
    assert found.level is Level.WARNING
    assert keys is None


@pytest.mark.parametrize("loose", ["keys", "keys/master.key", "keys/smtp.key"])
def test_keys_that_others_can_reach_are_a_failure(state: Path, loose: str) -> None:
    (state / "keys" / "smtp.key").touch(mode=0o600)
    (state / loose).chmod(0o755)
    found, _ = secrets.look(state, os.urandom)
    assert Level.FAILURE in {finding.level for finding in found if finding.check == "keys.mode"}


def test_a_master_key_that_is_none_is_a_failure(state: Path) -> None:
    (state / "keys" / "master.key").write_bytes(b"short")
    found, keys = secrets.look(state, os.urandom)
    assert [finding.level for finding in found if finding.check == "keys.master"] == [Level.FAILURE]
    assert keys is None


def test_a_master_key_that_is_gone_is_to_be_restored_alone(state: Path) -> None:
    (state / "keys" / "master.key").unlink()
    found, keys = secrets.look(state, os.urandom)
    (master,) = [finding for finding in found if finding.check == "keys.master"]
    assert keys is None
    assert master.level is Level.FAILURE
    assert "master.key alone" in master.next_step


def test_a_key_store_that_is_gone_is_no_first_start_and_is_not_made_anew(state: Path) -> None:
    for path in (state / "keys").glob("keys.sqlite*"):
        path.unlink()
    (found,), keys = secrets.look(state, os.urandom)
    assert (found.level, keys) == (Level.FAILURE, None)
    assert not list((state / "keys").glob("keys.sqlite*"))


def test_keys_open_to_others_are_to_be_closed_and_nothing_restored(state: Path) -> None:
    (state / "keys" / "master.key").chmod(0o644)
    found, _ = secrets.look(state, os.urandom)
    assert [finding.level for finding in found] == [Level.FAILURE] * 2
    assert not [finding for finding in found if finding.next_step.startswith("restore")]


def test_keys_that_a_full_disk_hides_are_not_to_be_restored(state: Path) -> None:
    (state / "keys" / "keys.sqlite-wal").mkdir(mode=0o700)
    found, keys = secrets.look(state, os.urandom)
    assert [finding.next_step for finding in found if finding.level is Level.FAILURE] == [secrets.DISK_FIRST]
    assert keys is None


def test_keys_that_another_account_looks_for_are_that_account_s_affair(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path, _: object) -> KeyStore:
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr(KeyStore, "open", refuse)
    (found,), keys = secrets.look(state, os.urandom)
    assert (found.level, keys) == (Level.FAILURE, None)
    assert "account" in found.next_step


async def test_the_key_of_another_house_does_not_fit(db: Database, state: Path) -> None:
    with closing(KeyStore.open(state / "keys", os.urandom)) as ours:
        house = replace(built(db, state, Hands()), keyring=ours.keyring)
        assert worst(await secrets.try_on(ours, db)) is Level.OK  # nothing is sealed yet
        tenant = await add_tenant(house, name="one", plan="free")
        await sequencer(Settings(), house).sequence(tenant.id)
        assert worst(await secrets.try_on(ours, db)) is Level.OK
    away = KeyStore.open(state / "keys", os.urandom)
    away.close()  # as one whose disk fails meanwhile
    assert [finding.next_step for finding in await secrets.try_on(away, db)] == [secrets.DISK_FIRST]
    (state / "other").mkdir(mode=0o700)
    with closing(KeyStore.open(state / "other", os.urandom)) as theirs:
        assert worst(await secrets.try_on(theirs, db)) is Level.FAILURE
