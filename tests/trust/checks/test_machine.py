from dataclasses import replace
from pathlib import Path

import pytest

from gatepost.trust import Outcome
from gatepost.trust.checks import machine
from gatepost.trust.checks.machine import house_secrets, modes
from gatepost.trust.paper import Finding
from trust.scene import Scene

PEM = "-----BEGIN PRIVATE KEY-----\nno secret\n"


async def judged(scene: Scene) -> Finding:
    world = replace(scene.world(scene.operator()), credentials=(scene.state / "elsewhere" / "gatepost.toml",))
    return await modes(await house_secrets(world, {}))


@pytest.fixture
def state(scene: Scene, tmp_path: Path) -> Path:
    """A state folder as a house leaves one: secrets for its owner alone, certificates for everybody."""
    state = tmp_path / "state"
    for folder in (state, state / "keys", state / "keys" / "old", state / "elsewhere"):
        folder.mkdir(mode=0o700)
    for name, text in {
        "keys/master.key": "x",
        "keys/old/master.key": "x",
        "keys/smtp.crt": "-----BEGIN CERTIFICATE-----\nMII\n",
        "model-key.json": "{}",
        "up.log": "nothing to hide",
        "elsewhere/gatepost.toml": "[smtp]\nport = 25\n",
    }.items():
        path = state / name
        path.write_text(text)
        path.chmod(0o644 if path.suffix in {".crt", ".log", ".toml"} else 0o600)
    scene.state = state
    return state


async def test_secrets_are_found_by_what_they_say_and_counted_by_kind(scene: Scene, state: Path) -> None:
    found = await judged(scene)
    assert (found.outcome, found.value) == (Outcome.PASS, {"files": 4, "keys": 3, "notes": 1})
    (state / "elsewhere" / "gatepost.toml").chmod(0o600)


async def test_a_look_reads_no_entries_of_the_logs_copy_and_all_that_lies_beside_them(
    scene: Scene, state: Path
) -> None:
    log = state / "second" / "log" / "tn_one"
    for name in ("tile/entries/000", "tile/0/000", "rows/000", "checkpoint"):
        path = log / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PEM)  # a mail may quote a key: it is no secret of the house
        path.chmod(0o644)
    found = await judged(scene)
    assert (found.reason, found.value) == ("secret.mode", {"checkpoint": "0644"})
    (log / "checkpoint").unlink()
    found = await judged(scene)
    assert (found.outcome, found.value) == (Outcome.PASS, {"files": 4, "keys": 3, "notes": 1})
    other = state / "other" / "log" / "tn_one" / "tile" / "old.pem"
    other.parent.mkdir(parents=True)
    other.write_text(PEM)
    other.chmod(0o644)
    assert (await judged(scene)).value == {"old.pem": "0644"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("keys/old/master.key", "x"),
        ("keys/backup.crt", PEM),
        ("keys/chain.crt", "-----BEGIN CERTIFICATE-----\nMII\n" + PEM),
        ("model-key.json", "{}"),
        ("backup/old.pem", PEM),
        ("gatepost.toml", '[database]\ndsn = "postgresql://gatepost_app:hunter2@db/gatepost"\n'),
        ("elsewhere/gatepost.toml", 'dsn = "host=db user=gatepost_app password=hunter2"\n'),
    ],
)
async def test_each_secret_that_others_can_read_is_found(scene: Scene, state: Path, name: str, text: str) -> None:
    path = state / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o644)
    found = await judged(scene)
    assert (found.outcome, found.reason, found.value) == (Outcome.FAIL, "secret.mode", {path.name: "0644"})


def test_the_key_store_counts_as_a_key_and_is_not_opened_to_find_out(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    for end in ("", "-wal", "-shm"):
        (keys / f"keys.sqlite{end}").write_text("ssh-ed25519 what would pass for public, if anybody read it")
    (keys / "log.pub").write_text("ssh-ed25519 AAAA")
    found = machine._in_state(tmp_path, None)
    assert {path.name for path in found["keys"]} == {"keys", "keys.sqlite", "keys.sqlite-wal", "keys.sqlite-shm"}
