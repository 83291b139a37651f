"""Two foreign programs accept a sound log and refuse a changed one; the tool says which file it was."""

import base64
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

TOOL = Path(__file__).parents[2] / "tools" / "check_proofs.py"
ORIGIN = "log.example/t/t1"
ENTRIES = (b'{"v":1}', b'{"v":2}')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A log of two entries, written by hand from the C2SP formats."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    material = b"\x01" + key.public_key().public_bytes_raw()
    key_id = hashlib.sha256(ORIGIN.encode() + b"\n" + material).digest()[:4]
    left, right = (hashlib.sha256(b"\x00" + entry).digest() for entry in ENTRIES)
    root = hashlib.sha256(b"\x01" + left + right).digest()
    text = f"{ORIGIN}\n2\n{_base64(root)}\n"
    checkpoint = f"{text}\n\u2014 {ORIGIN} {_base64(key_id + key.sign(text.encode()))}\n"
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "checkpoint").write_text(checkpoint)
    (tmp_path / "log.vkey").write_text(f"{ORIGIN}+{key_id.hex()}+{_base64(material)}\n")
    (tmp_path / "proofs").mkdir()
    for index, sibling in enumerate((right, left)):
        proof = f"c2sp.org/tlog-proof@v1\nindex {index}\n{_base64(sibling)}\n\n{checkpoint}"
        (tmp_path / "proofs" / f"{index}.tlog-proof").write_text(proof)
        (tmp_path / "proofs" / f"{index}.entry").write_bytes(ENTRIES[index])
    return tmp_path


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def check(folder: Path) -> tuple[int, list[str]]:
    command = [sys.executable, str(TOOL), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)  # noqa: S603  # our own words
    return done.returncode, done.stdout.splitlines()


def test_a_sound_log_is_accepted_by_both(folder: Path) -> None:
    assert check(folder) == (0, ["2 proofs, 0 faults (proofbundle, metamorphic-log)"])


def test_a_changed_entry_is_named_by_both(folder: Path) -> None:
    (folder / "proofs" / "1.entry").write_bytes(b'{"v":3}')
    code, lines = check(folder)
    assert code == 1
    assert lines[0].startswith("1.tlog-proof: proofbundle: ")
    assert any(line.startswith("1.tlog-proof: metamorphic-log: ") for line in lines)
    assert not any(line.startswith("0.tlog-proof") for line in lines)


def test_a_changed_checkpoint_is_named(folder: Path) -> None:
    checkpoint = folder / "log" / "checkpoint"
    checkpoint.write_text(checkpoint.read_text().replace("\n2\n", "\n3\n", 1))
    code, lines = check(folder)
    assert code == 1
    assert lines[0].startswith("log/checkpoint: metamorphic-log: ")


def test_a_proof_under_another_name_is_refused(folder: Path) -> None:
    (folder / "proofs" / "1.tlog-proof").write_bytes((folder / "proofs" / "0.tlog-proof").read_bytes())
    (folder / "proofs" / "1.entry").write_bytes(ENTRIES[0])
    assert check(folder)[0] == 1


def test_no_proof_at_all_is_a_fault(folder: Path) -> None:
    for file in (folder / "proofs").iterdir():
        file.unlink()
    assert check(folder)[0] == 1
