"""Three verifiers, two of them foreign, agree about a log; each refuses it with one octet changed in any file."""

import json
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import metamorphic_log
import proofbundle
import pytest

from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.merkle import EMPTY_ROOT, hash_range, inclusion_ranges
from gatepost.ledger.note import WITNESS_KINDS, CosigningKey, Note, SigningKey
from gatepost.ledger.proof import Proof
from gatepost.ledger.tiles import Edge, Tile, reader

TOOL = Path(__file__).parents[2] / "tools" / "verify_log.py"
KEY = SigningKey("log.example/t/t1", bytes(range(32)))
SIZES = (1, 200, 256, 300)
PROVEN = (0, 17, 255, 256, 299)
LINES = 65_536
CHECKPOINTS, ENTRIES = "log/checkpoints.jsonl", "entries/000000000000.jsonl"


def write_log(folder: Path, size: int = 300) -> None:
    edge, tiles, note = Edge(), dict[Tile, bytes](), b""
    signed = []
    for until in sorted({*(each for each in SIZES if each <= size), size}):
        edge, made = edge.grow([b"entry %d" % number for number in range(edge.size, until)])
        note = Checkpoint(KEY.name, edge.size, edge.root).signed(KEY)
        signed.append({"size": until, "note": note.decode()})
        stale = [tile for tile in tiles if tile.is_partial and any(tile.at_width(new.width) == new for new in made)]
        tiles = {tile: octets for tile, octets in tiles.items() if tile not in stale} | made
    for tile, octets in tiles.items():
        path = folder / "log" / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)
    (folder / "log" / "checkpoint").write_bytes(note)
    (folder / CHECKPOINTS).write_text("".join(json.dumps(each) + "\n" for each in signed))
    (folder / "entries").mkdir()
    for start in range(0, size, LINES):
        lines = b"".join(b"entry %d\n" % number for number in range(start, min(start + LINES, size)))
        (folder / "entries" / f"{start:012d}.jsonl").write_bytes(lines)
    (folder / "log.vkey").write_text(f"{KEY.verifier}\n")
    (folder / "proofs").mkdir()
    read = reader(edge.size, tiles)
    for index in (each for each in PROVEN if each < size):
        hashes = tuple(hash_range(leaves, read) for leaves in inclusion_ranges(index, edge.size))
        (folder / "proofs" / f"{index}.tlog-proof").write_bytes(Proof(index, hashes, note).encode())
        (folder / "proofs" / f"{index}.entry").write_bytes(b"entry %d" % index)


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "log"))


def run(folder: Path, *more: str) -> tuple[int, list[str]]:
    command = [sys.executable, "-I", str(TOOL), str(folder), "--vkey", str(folder / "log.vkey"), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)  # noqa: S603  # our own words
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def flip(path: Path, at: int = -1) -> None:
    octets = bytearray(path.read_bytes())
    octets[at if at >= 0 else len(octets) // 2] ^= 1
    path.write_bytes(octets)


def foreign(folder: Path, index: int) -> Iterator[bool]:
    """What each foreign verifier says of a proof; one that cannot even read it refuses it."""
    proof = (folder / "proofs" / f"{index}.tlog-proof").read_bytes().decode(errors="replace")
    entry = (folder / "proofs" / f"{index}.entry").read_bytes()
    vkey = (folder / "log.vkey").read_bytes().decode(errors="replace").strip()
    try:
        yield bool(proofbundle.verify_tlog_proof(proof, entry, vkey, expected_origin=KEY.name)["ok"])
    except (ValueError, proofbundle.ProofBundleError):
        yield False
    try:
        metamorphic_log.checkpoint_verify((folder / "log" / "checkpoint").read_bytes().decode(errors="replace"), [vkey])
        yield True
    except (ValueError, metamorphic_log.VerifyError):
        yield False


def test_all_three_accept_a_sound_log(folder: Path) -> None:
    code, lines = run(folder)
    assert (code, len(lines)) == (0, 1)
    assert lines[0].startswith("sound: log.example/t/t1: 300 entries, 5 proofs, 0 witnesses, root ")
    assert all(all(foreign(folder, index)) for index in PROVEN)


@pytest.mark.parametrize("kind", WITNESS_KINDS)
def test_witnesses_of_either_kind_are_counted_and_a_wrong_one_is_named(folder: Path, kind: int) -> None:
    witness = CosigningKey("w.example", bytes(range(32)), kind)
    note = (folder / "log" / "checkpoint").read_bytes()
    text = Note.parse(note).text
    keys = folder / "witnesses"
    keys.write_text(f"{witness.verifier}\n")
    asked = ("--witness", str(keys), "--quorum", "1")
    for path in (folder / "log" / "checkpoint", *(folder / "proofs").glob("*.tlog-proof")):
        path.write_bytes(path.read_bytes() + witness.cosign(text, 1_700_000_000))
    code, lines = run(folder, *asked)
    assert code == 0
    assert "1 witnesses" in lines[0]
    code, lines = run(folder)
    assert code == 1
    assert lines[0].startswith("checkpoint: it has a line of w.example, whom you did not name, and not the log's stamp")
    of_another_size = witness.cosign(text.replace("\n300\n", "\n299\n"), 1_700_000_000)
    (folder / "log" / "checkpoint").write_bytes(note + of_another_size)
    code, lines = run(folder, *asked)
    assert code == 1
    assert lines[0] == "checkpoint: the cosignature of w.example is wrong"


CHANGED = [
    ("log/tile/0/000", "log/tile/0/000", "hash 128"),
    ("log/tile/0/001.p/44", "log/tile/0/001.p/44", "hash 22"),
    ("log/tile/1/000.p/1", "log/tile/1/000.p/1", "hash 0"),
    ("log/tile/entries/000", "log/tile/entries/000", "cut short"),
    ("log/tile/entries/001.p/44", "log/tile/entries/001.p/44", "cut short"),
    ("log/checkpoint", "log/checkpoint", ""),
    (CHECKPOINTS, f"{CHECKPOINTS}, line 3", ""),
    (ENTRIES, ENTRIES, "its lines are not the entries from 0 on"),
    ("log.vkey", "log.vkey", ""),
    ("proofs/17.tlog-proof", "proofs/17.tlog-proof", ""),
    ("proofs/17.entry", "proofs/17.tlog-proof", "does not prove"),
]


@pytest.mark.parametrize(("path", "named", "why"), CHANGED, ids=[path for path, _, _ in CHANGED])
def test_one_changed_octet_is_refused_and_named(folder: Path, path: str, named: str, why: str) -> None:
    flip(folder / path)
    code, lines = run(folder)
    assert code == 1
    assert lines[-1].startswith("NOT sound") or named == "log.vkey"
    assert any(line.startswith(f"{named.removeprefix('log/')}: ") and why in line for line in lines), lines


def stamped(folder: Path) -> None:
    """State the time beneath the checkpoint, and its copies in the proofs, as a house does."""
    note = (folder / "log" / "checkpoint").read_bytes()
    stamp = CosigningKey(KEY.name, KEY.seed).cosign(Note.parse(note).text, 1_700_000_000)
    for path in (folder / "log" / "checkpoint", *(folder / "proofs").glob("*.tlog-proof")):
        path.write_bytes(path.read_bytes() + stamp)


@pytest.mark.parametrize("path", ["log/checkpoint", "proofs/255.tlog-proof"])
def test_no_octet_of_the_log_s_own_stamp_is_free(folder: Path, path: str) -> None:
    before = len((folder / path).read_bytes())
    stamped(folder)
    assert run(folder)[0] == 0
    tool: dict[str, Any] = runpy.run_path(str(TOOL))
    trust, whole = tool["Trust"](tool["read_key"](str(KEY.verifier))), (folder / path).read_bytes()
    for at in range(before, len(whole), 2):
        flip(folder / path, at)
        found: list[str] = []
        tool["verify"](folder, trust, lambda name, why, found=found: found.append(f"{name}: {why}"))
        assert found, at
        (folder / path).write_bytes(whole)


@pytest.mark.parametrize("path", ["log/checkpoint", "proofs/255.tlog-proof", "log/tile/1/000.p/1", "log.vkey"])
def test_no_octet_of_it_is_free(folder: Path, path: str) -> None:
    """Every octet of a small file, not only one in the middle: asked in this process, for speed."""
    tool: dict[str, Any] = runpy.run_path(str(TOOL))
    key = tool["read_key"]((folder / "log.vkey").read_text())
    whole = (folder / path).read_bytes()
    for at in range(0, len(whole), 3):
        flip(folder / path, at)
        found: list[str] = []
        try:
            asked = tool["read_key"]((folder / "log.vkey").read_text(errors="replace")) if path == "log.vkey" else key
            tool["verify"](folder, tool["Trust"](asked), lambda name, why, found=found: found.append(f"{name}: {why}"))
        except tool["Wrong"] as wrong:
            found.append(str(wrong))
        assert found, at
        (folder / path).write_bytes(whole)


def test_a_changed_entry_is_found_by_its_place(folder: Path) -> None:
    bundle = folder / "log" / "tile" / "entries" / "000"
    bundle.write_bytes(bundle.read_bytes().replace(b"entry 77", b"entry 7x"))
    assert run(folder)[1][0] == "tile/0/000: hash 77 is not that of the entries"


GONE = ["log/checkpoint", "log/tile/0/000", "log/tile/entries/001.p/44", "log/tile/1/000.p/1", "proofs/17.entry"]


@pytest.mark.parametrize("path", GONE)
def test_a_missing_file_is_named(folder: Path, path: str) -> None:
    (folder / path).unlink()
    code, lines = run(folder)
    assert code == 1
    assert any("missing" in line for line in lines), lines


def test_a_file_too_many_is_named(folder: Path) -> None:
    shutil.copy(folder / "log/tile/0/000", folder / "log/tile/0/002")
    assert run(folder)[1][0] == "tile/0/002: it is no part of the log"
    (folder / "proofs" / "9.entry").write_bytes(b"entry 9")
    assert any(line == "proofs/9.entry: its proof is missing" for line in run(folder)[1])


@pytest.fixture
def again(folder: Path, tmp_path: Path) -> Path:
    """A folder to which the log was exported once before, when it was smaller; of each tile's path all that is left."""
    write_log(tmp_path / "before", 200)
    shutil.copytree(tmp_path / "before" / "log" / "tile", folder / "log" / "tile", dirs_exist_ok=True)
    return folder


OLDER = ["log/tile/0/000.p/200", "log/tile/entries/000.p/200"]


def test_a_folder_that_was_exported_to_before_is_sound(again: Path) -> None:
    """Whoever exported each night to one folder was told by the second that the log had been tampered with."""
    assert all((again / path).exists() for path in OLDER)
    assert run(again)[0] == 0


@pytest.mark.parametrize("path", OLDER)
def test_tiles_of_an_earlier_size_are_held_to_the_later_ones(again: Path, path: str) -> None:
    flip(again / path)
    name = path.removeprefix("log/")
    assert run(again)[1][0] == f"{name}: it is not the beginning of {name.partition('.p/')[0]}"
    octets = (again / name.replace("tile/", "log/tile/").partition(".p/")[0]).read_bytes()
    (again / path).write_bytes(octets)
    assert run(again)[1][0].startswith(f"{name}: it is not the beginning")


def test_a_tile_wider_than_the_log_has_is_no_beginning(folder: Path) -> None:
    shutil.copy(folder / "log/tile/0/001.p/44", folder / "log/tile/0/001.p/45")
    assert run(folder)[1][0] == "tile/0/001.p/45: it is no part of the log"


def test_a_log_under_another_key_is_refused_though_it_brings_its_own(folder: Path, tmp_path: Path) -> None:
    trusted = tmp_path / "trusted.vkey"
    trusted.write_text(f"{SigningKey(KEY.name, bytes(32)).verifier}\n")
    command = [sys.executable, str(TOOL), str(folder), "--vkey", str(trusted)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)  # noqa: S603  # our own words
    assert done.returncode == 1
    assert "checkpoint: the log's key did not sign it" in done.stdout


def test_a_checkpoint_of_another_history_is_refused(folder: Path) -> None:
    edge, _ = Edge().grow([b"another past"] * 200)
    told = [(200, edge.root), (400, EMPTY_ROOT)]
    lines = [{"size": size, "note": Checkpoint(KEY.name, size, root).signed(KEY).decode()} for size, root in told]
    (folder / CHECKPOINTS).write_text("".join(json.dumps(each) + "\n" for each in lines))
    assert run(folder)[1][:2] == [
        "checkpoints.jsonl, line 1: its root is not that of the entries",
        "checkpoints.jsonl, line 2: it is not a beginning of this log",
    ]


def test_two_checkpoints_of_one_size_and_two_roots_are_a_split(folder: Path) -> None:
    edge, _ = Edge().grow([b"another past"] * 200)
    line = {"size": 200, "note": Checkpoint(KEY.name, 200, edge.root).signed(KEY).decode()}
    with (folder / CHECKPOINTS).open("a") as file:
        file.write(json.dumps(line) + "\n")
    [said, *_] = run(folder)[1]
    assert said == "checkpoints.jsonl, line 5: it and checkpoints.jsonl, line 2 are signed with one size and two roots"


NO_LINES = ["{}", "[]", "17", '{"size": 200}', '{"size": 200, "note": 5}', '{"size": 200, "note": "\\ud800"}', "["]


@pytest.mark.parametrize("line", NO_LINES)
def test_a_line_that_is_no_checkpoint_is_named(folder: Path, line: str) -> None:
    with (folder / CHECKPOINTS).open("a") as file:
        file.write(line + "\n")
    assert run(folder)[1][0] == "checkpoints.jsonl, line 5: it is no line with a checkpoint"


def test_a_checkpoint_under_another_size_is_named(folder: Path) -> None:
    first, *_ = (folder / CHECKPOINTS).read_text().splitlines()
    (folder / CHECKPOINTS).write_text(json.dumps({**json.loads(first), "size": 2}) + "\n")
    assert run(folder)[1][0] == "checkpoints.jsonl, line 1: it is not of size 2"


def test_lines_that_are_not_those_of_the_log_are_named(folder: Path) -> None:
    path = folder / ENTRIES
    whole = path.read_bytes()
    path.write_bytes(whole + b"one more\n")
    assert run(folder)[1][0] == f"{ENTRIES}: it goes on after its last entry"
    path.write_bytes(whole[:-1])
    assert run(folder)[1][0] == f"{ENTRIES}: its lines are not the entries from 256 on"
    path.write_bytes(whole.replace(b"entry 77\n", b"entry 7x\n"))
    assert run(folder)[1][0] == f"{ENTRIES}: its lines are not the entries from 0 on"
    path.rename(path.with_name("000000000001.jsonl"))
    assert run(folder)[1][:2] == [f"{ENTRIES}: it is missing", "entries/000000000001.jsonl: it is no part of the log"]
    shutil.rmtree(folder / "entries")
    assert run(folder)[0] == 0, "the bundles have all of it"


def test_more_entries_than_one_file_of_lines_has(tmp_path: Path) -> None:
    size = LINES + 300
    write_log(tmp_path / "log", size)
    assert run(tmp_path / "log")[0] == 0
    second = tmp_path / "log" / "entries" / f"{LINES:012d}.jsonl"
    flip(second)
    assert run(tmp_path / "log")[1][0] == f"entries/{second.name}: its lines are not the entries from {LINES} on"
    first = tmp_path / "log" / ENTRIES
    first.write_bytes(first.read_bytes() + second.read_bytes())
    assert f"{ENTRIES}: it goes on after its last entry" in run(tmp_path / "log")[1]


def test_an_export_that_was_interrupted_says_so(folder: Path) -> None:
    (folder / "unfinished").mkdir()
    code, lines = run(folder)
    assert (code, lines[0]) == (1, "unfinished: the export was interrupted: have it go on, into this folder")


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 300, 65_536, 65_537, LINES + 300])
def test_the_proof_of_any_entry_is_made_offline_and_foreign_verifiers_take_it(tmp_path: Path, size: int) -> None:
    folder, to = tmp_path / "log", tmp_path / "to"
    write_log(folder, size)
    shutil.rmtree(folder / "proofs")
    to.mkdir()
    vkey = (folder / "log.vkey").read_text().strip()
    for place in sorted({0, size // 2, size - 1}):
        assert run(folder, "--prove", str(place), "--to", str(to))[0] == 0
        entry = (to / f"{place}.entry").read_bytes()
        proof = (to / f"{place}.tlog-proof").read_text()
        assert entry == b"entry %d" % place
        assert proofbundle.verify_tlog_proof(proof, entry, vkey, expected_origin=KEY.name)["ok"]


def test_a_log_that_is_not_sound_proves_nothing(folder: Path, tmp_path: Path) -> None:
    assert run(folder, "--prove", "300", "--to", str(tmp_path))[1][0] == "--prove 300: the log has no entry 300"
    flip(folder / "log" / "tile" / "0" / "000")
    assert run(folder, "--prove", "17", "--to", str(tmp_path))[0] == 1
    assert not (tmp_path / "17.tlog-proof").exists()


def test_proofs_of_another_history_are_refused_though_the_logs_key_signed_it(folder: Path) -> None:
    """A split view: two signed roots of one size, each shown to somebody else."""
    edge, tiles = Edge().grow([b"another past %d" % number for number in range(300)])
    note, read = Checkpoint(KEY.name, 300, edge.root).signed(KEY), reader(300, tiles)
    for index in PROVEN:
        hashes = tuple(hash_range(leaves, read) for leaves in inclusion_ranges(index, 300))
        (folder / "proofs" / f"{index}.tlog-proof").write_bytes(Proof(index, hashes, note).encode())
        (folder / "proofs" / f"{index}.entry").write_bytes(b"another past %d" % index)
    code, lines = run(folder)
    assert code == 1
    assert [line.partition(":")[0] for line in lines[:-1]] == [
        f"proofs/{index}.tlog-proof" for index in sorted(PROVEN, key=str)
    ]
    assert "signed with one size and two roots: the log was split" in lines[0]
    (folder / CHECKPOINTS).unlink()
    assert f"proofs/{PROVEN[0]}.tlog-proof: it is not a beginning of this log" in run(folder)[1]


def test_a_witness_named_twice_or_with_two_keys_is_one(folder: Path) -> None:
    first, second = (CosigningKey("w.example", bytes([seed] * 32)) for seed in (1, 2))
    checkpoint = folder / "log" / "checkpoint"
    note = checkpoint.read_bytes()
    lines = b"".join(each.cosign(Note.parse(note).text, 1_700_000_000) for each in (first, second))
    checkpoint.write_bytes(note + lines)
    keys = folder / "witnesses"
    keys.write_text(f"{first.verifier}\n{first.verifier}\n{second.verifier}\n")
    shutil.rmtree(folder / "proofs")  # whose checkpoints nobody cosigned
    assert run(folder, "--witness", str(keys), "--quorum", "1")[0] == 0
    code, said = run(folder, "--witness", str(keys), "--quorum", "2")
    assert (code, said[0]) == (1, "checkpoint: 1 of the witnesses cosigned it, and 2 must")


def test_the_last_octet_of_the_enclosed_key_counts(folder: Path) -> None:
    trusted = folder / "trusted"
    trusted.write_bytes((folder / "log.vkey").read_bytes())
    (folder / "log.vkey").write_bytes(trusted.read_bytes()[:-1] + b"\r")
    command = [sys.executable, str(TOOL), str(folder), "--vkey", str(trusted)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)  # noqa: S603  # our own words
    assert (done.returncode, done.stdout.startswith("log.vkey: ")) == (1, True)


def test_a_folder_that_is_none_and_a_key_that_cannot_be_read(tmp_path: Path) -> None:
    command = [sys.executable, str(TOOL), str(tmp_path), "--vkey", str(tmp_path / "none")]
    assert subprocess.run(command, capture_output=True, check=False, timeout=50).returncode == 2  # noqa: S603  # our own
