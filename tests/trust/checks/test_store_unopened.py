from pathlib import Path

from gatepost.trust.checks import machine


def test_the_key_store_counts_as_a_key_and_is_not_opened_to_find_out(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    for end in ("", "-wal", "-shm"):
        (keys / f"keys.sqlite{end}").write_text("ssh-ed25519 what would pass for public, if anybody read it")
    (keys / "log.pub").write_text("ssh-ed25519 AAAA")
    found = machine._in_state(tmp_path, None)
    assert {path.name for path in found["keys"]} == {"keys", "keys.sqlite", "keys.sqlite-wal", "keys.sqlite-shm"}
