"""Our proofs before our own eyes and before two verifiers we did not write."""

import contextlib
from pathlib import Path

import metamorphic_log
import proofbundle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proofbundle.cli import main as proofbundle_cli

from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import consistency_ranges, hash_range, inclusion_ranges, leaf_hash, root
from gatepost.ledger.note import SigningKey
from gatepost.ledger.proof import Proof
from gatepost.ledger.tiles import Edge, Tile, reader

KEY = SigningKey("log.example/t/tn_a", bytes(range(32)))
VKEY = str(KEY.verifier)
SIZE = 300
ENTRIES = [f'{{"n":{number}}}'.encode() for number in range(SIZE)]


def tree(size: int) -> tuple[bytes, dict[Tile, bytes]]:
    """Return the signed checkpoint and the tiles of the first entries."""
    edge, tiles = Edge().grow(ENTRIES[:size])
    return Checkpoint(KEY.name, size, edge.root).signed(KEY), tiles


def prove(index: int, size: int = SIZE) -> Proof:
    note, tiles = tree(size)
    read = reader(size, tiles)
    return Proof(index, tuple(hash_range(leaves, read) for leaves in inclusion_ranges(index, size)), note)


@given(st.integers(0, SIZE - 1))
@settings(max_examples=25)
def test_a_proof_survives_its_file_and_proves_its_entry(index: int) -> None:
    proof = Proof.parse(prove(index).encode())
    assert proof == prove(index)
    assert proof.verify(ENTRIES[index], KEY.verifier).size == SIZE
    with pytest.raises(LedgerError):
        proof.verify(ENTRIES[index] + b" ", KEY.verifier)


@pytest.mark.parametrize("index", [0, 255, 256, 299])
def test_proofbundle_accepts_our_proof_and_refuses_another_entry(index: int) -> None:
    text = prove(index).encode().decode()
    seen = proofbundle.verify_tlog_proof(text, ENTRIES[index], VKEY, expected_origin=KEY.name)
    assert seen["ok"]
    assert (seen["tree_size"], seen["index"]) == (SIZE, index)
    assert not proofbundle.verify_tlog_proof(text, ENTRIES[index - 1], VKEY, expected_origin=KEY.name)["ok"]


@pytest.mark.parametrize(("changed", "exit_code"), [(b"", 0), (b"x", 1)])
def test_the_command_of_proofbundle_agrees(tmp_path: Path, changed: bytes, exit_code: int) -> None:
    (tmp_path / "7.tlog-proof").write_bytes(prove(7).encode())
    (tmp_path / "7.entry").write_bytes(ENTRIES[7] + changed)
    command = ["verify-proof", str(tmp_path / "7.tlog-proof"), "--payload-file", str(tmp_path / "7.entry")]
    assert proofbundle_cli([*command, "--log-vkey", VKEY, "--expected-origin", KEY.name]) == exit_code


def test_metamorphic_log_accepts_our_checkpoint_and_refuses_a_changed_one() -> None:
    note = tree(SIZE)[0].decode()
    assert metamorphic_log.checkpoint_verify(note, [VKEY]).size == SIZE
    with pytest.raises(metamorphic_log.VerifyError):
        metamorphic_log.checkpoint_verify(note.replace("\n300\n", "\n301\n"), [VKEY])


@pytest.mark.parametrize("old", [1, 2, 255, 256, 257])
def test_metamorphic_log_accepts_that_the_log_only_grew(old: int) -> None:
    older, (newer, tiles) = tree(old)[0].decode(), tree(SIZE)
    proof = [hash_range(leaves, reader(SIZE, tiles)) for leaves in consistency_ranges(old, SIZE)]
    metamorphic_log.checkpoint_verify_consistency(older, newer.decode(), [VKEY], proof)
    with pytest.raises(metamorphic_log.VerifyError):
        metamorphic_log.checkpoint_verify_consistency(older, newer.decode(), [VKEY], [leaf_hash(b"forked"), *proof[1:]])


def test_metamorphic_log_accepts_our_inclusion_proof_and_refuses_another_leaf() -> None:
    proof = prove(130)
    note, hashes = proof.checkpoint.decode(), list(proof.hashes)
    metamorphic_log.checkpoint_verify_inclusion(note, [VKEY], 130, leaf_hash(ENTRIES[130]), hashes)
    with pytest.raises(metamorphic_log.VerifyError):
        metamorphic_log.checkpoint_verify_inclusion(note, [VKEY], 130, leaf_hash(b"other"), hashes)


def test_an_extra_line_is_carried() -> None:
    plain = prove(0, 1)
    proof = Proof(plain.index, plain.hashes, plain.checkpoint, extra=b"more")
    assert Proof.parse(proof.encode()) == proof
    assert proof.encode().startswith(b"c2sp.org/tlog-proof@v1\nextra bW9yZQ==\nindex 0\n\n")


def test_the_root_of_one_entry_is_its_leaf_hash() -> None:
    assert prove(0, 1).verify(ENTRIES[0], KEY.verifier).root == root([leaf_hash(ENTRIES[0])])


HEAD = b"c2sp.org/tlog-proof@v1\n"


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        HEAD,
        HEAD + b"\nlog",
        HEAD + b"index 01\n\nlog",
        HEAD + b"index -1\n\nlog",
        HEAD + b"index " + b"9" * 20 + b"\n\nlog",
        HEAD + b"extra !\nindex 0\n\nlog",
        HEAD + b"index 0\nAAAA\n\nlog",
        HEAD + b"index 0\n\xff\n\nlog",
        HEAD + b"index 0\n" + b"AAAA\n" * 64 + b"\nlog",
        b"c2sp.org/tlog-proof@v2\nindex 0\n\nlog",
        b"x" * 1_000_001,
    ],
    ids=range(12),
)
def test_octets_that_are_no_proof_are_refused(octets: bytes) -> None:
    with pytest.raises(LedgerError):
        Proof.parse(octets).verify(b"", KEY.verifier)


@given(st.binary(max_size=200))
def test_no_octets_raise_anything_else(octets: bytes) -> None:
    with contextlib.suppress(LedgerError):
        Proof.parse(HEAD + b"index 0\n" + octets).verify(b"", KEY.verifier)
