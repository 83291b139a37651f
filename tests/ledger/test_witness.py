import proofbundle
import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from proofbundle.checkpoint import cosign_checkpoint_mldsa, cosign_vkey_mldsa

from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import EMPTY_ROOT, consistency_ranges, hash_range, inclusion_ranges, leaf_hash
from gatepost.ledger.note import (
    MLDSA44_COSIGNATURE,
    WITNESS_KINDS,
    CosigningKey,
    Note,
    SigningKey,
    VerifierKey,
    encode_base64,
)
from gatepost.ledger.proof import Proof
from gatepost.ledger.tiles import Edge, reader
from gatepost.ledger.witness import AddCheckpoint, Agreed, Answer, judge, named, with_cosignature

LOG = SigningKey("log.gatepost.example", bytes(range(32)))
WITNESS = CosigningKey("witness.example/w1", bytes(range(32, 64)))
MLDSA = CosigningKey("witness.example/pq", bytes(range(64, 96)), MLDSA44_COSIGNATURE)
LOGS = {LOG.name: [LOG.verifier]}
REFERENCE = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ENTRIES = [bytes.fromhex(leaf) for leaf in REFERENCE]


def head(size: int, entries: list[bytes] = ENTRIES) -> Checkpoint:
    return Checkpoint(LOG.name, size, Edge().grow(entries[:size])[0].root)


def body(old: int, new: int, entries: list[bytes] = ENTRIES) -> bytes:
    _, tiles = Edge().grow(entries[:new])
    read = reader(new, tiles)
    hashes = [hash_range(leaves, read) for leaves in consistency_ranges(old, new)] if old else []
    return AddCheckpoint(old, hashes, head(new, entries).signed(LOG)).encode()


def test_the_published_golden_cosignature_is_ours() -> None:
    assert str(WITNESS.verifier) == "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
    line = WITNESS.cosign(head(8).text, 1_700_000_000).decode()
    assert line == (
        "\N{EM DASH} witness.example/w1 IDJKvgAAAABlU/EAtYlpy+ikkVx6+8aIytT/n2obYH0oJfgN+PdY0D6kHJg+"
        "Dt9Z+WiAeOG2EH3y2fDr6oLW7Ad+iipeGPjspijQAQ==\n"
    )


def test_a_foreign_verifier_counts_the_cosignature() -> None:
    note = with_cosignature(head(8).signed(LOG), WITNESS.cosign(head(8).text, 1_700_000_000), WITNESS.verifier)
    read = reader(8, Edge().grow(ENTRIES)[1])
    proof = Proof(3, tuple(hash_range(leaves, read) for leaves in inclusion_ranges(3, 8)), note).encode().decode()
    keys = [str(WITNESS.verifier)]
    assert proofbundle.verify_tlog_proof(proof, ENTRIES[3], str(LOG.verifier), keys, threshold=1)["ok"]
    other = [str(CosigningKey("witness.example/w1", bytes(32)).verifier)]
    assert not proofbundle.verify_tlog_proof(proof, ENTRIES[3], str(LOG.verifier), other, threshold=1)["ok"]


def test_a_cosigned_note_is_verified_with_the_logs_key_and_the_witness() -> None:
    note = with_cosignature(head(8).signed(LOG), WITNESS.cosign(head(8).text, 9), WITNESS.verifier)
    assert Note.parse(note).verify([LOG.verifier, WITNESS.verifier]) == (LOG.verifier, WITNESS.verifier)
    assert VerifierKey.parse(str(WITNESS.verifier), kinds=WITNESS_KINDS) == WITNESS.verifier


def test_a_foreign_verifier_counts_the_cosignature_of_mldsa44() -> None:
    note = with_cosignature(head(8).signed(LOG), MLDSA.cosign(head(8).text, 1_700_000_000), MLDSA.verifier)
    read = reader(8, Edge().grow(ENTRIES)[1])
    proof = Proof(3, tuple(hash_range(leaves, read) for leaves in inclusion_ranges(3, 8)), note).encode().decode()
    keys = [str(MLDSA.verifier)]
    assert proofbundle.verify_tlog_proof(proof, ENTRIES[3], str(LOG.verifier), keys, threshold=1)["ok"]
    other = [str(CosigningKey(MLDSA.name, bytes(32), MLDSA44_COSIGNATURE).verifier)]
    assert not proofbundle.verify_tlog_proof(proof, ENTRIES[3], str(LOG.verifier), other, threshold=1)["ok"]


def test_a_foreign_cosignature_of_mldsa44_is_verified() -> None:
    private = MLDSA44PrivateKey.from_seed_bytes(MLDSA.seed)
    note = cosign_checkpoint_mldsa(head(8).signed(LOG).decode(), private, MLDSA.name, 1_700_000_000).encode()
    assert Note.parse(note).verify([LOG.verifier, MLDSA.verifier]) == (LOG.verifier, MLDSA.verifier)
    assert cosign_vkey_mldsa(MLDSA.name, private.public_key().public_bytes_raw()) == str(MLDSA.verifier)
    for found, forged in ((head(8).text, head(7).text), ("witness.example/pq", "witness.example/px")):
        wrong = note.replace(found.encode(), forged.encode())
        with pytest.raises(LedgerError):
            Note.parse(wrong).verify([MLDSA.verifier])


def test_a_key_of_one_kind_is_none_of_another() -> None:
    with pytest.raises(LedgerError, match="kind"):
        VerifierKey.parse(str(MLDSA.verifier))
    with pytest.raises(LedgerError, match="kind"):
        VerifierKey.parse(str(LOG.verifier), kinds=WITNESS_KINDS)
    assert VerifierKey.parse(str(MLDSA.verifier), kinds=WITNESS_KINDS) == MLDSA.verifier


def test_a_note_has_room_for_sixteen_witnesses_of_mldsa44() -> None:
    keys = [CosigningKey(f"w{at}.example", bytes([at] * 32), MLDSA44_COSIGNATURE) for at in range(16)]
    note = head(8).signed(LOG) + b"".join(key.cosign(head(8).text, 1) for key in keys)
    assert len(Note.parse(note).verify([key.verifier for key in keys])) == 16


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 5), (3, 8), (4, 7), (8, 8)])
def test_growth_is_agreed_to(old: int, new: int) -> None:
    assert judge(body(old, new), LOGS, head(old) if old else None) == Agreed(head(new))


def test_what_the_witness_says_has_its_number() -> None:
    held = head(4)
    wrong_root = AddCheckpoint(4, (), Checkpoint(LOG.name, 4, leaf_hash(b"")).signed(LOG)).encode()
    stranger = Checkpoint("log.else", 5, EMPTY_ROOT).signed(SigningKey("log.else", bytes(32)))
    forged = head(5).signed(SigningKey(LOG.name, bytes(32)))
    said = {
        "unknown log": judge(AddCheckpoint(4, (), stranger).encode(), LOGS, None),
        "not signed by it": judge(AddCheckpoint(4, (), forged).encode(), LOGS, held),
        "shrinking": judge(AddCheckpoint(4, (), head(3).signed(LOG)).encode(), LOGS, held),
        "another size is held": judge(body(3, 8), LOGS, held),
        "a fork": judge(body(4, 8, [b"fork", *ENTRIES[1:]]), LOGS, held),
        "a fork of equal size": judge(wrong_root, LOGS, held),
        "a proof from nothing": judge(AddCheckpoint(0, (bytes(32),), head(3).signed(LOG)).encode(), LOGS, None),
        "a root of nothing": judge(
            AddCheckpoint(0, (), Checkpoint(LOG.name, 0, bytes(32)).signed(LOG)).encode(), LOGS, None
        ),
    }
    assert {why: answer.status for why, answer in said.items() if isinstance(answer, Answer)} == {
        "unknown log": 404,
        "not signed by it": 403,
        "shrinking": 400,
        "another size is held": 409,
        "a fork": 422,
        "a fork of equal size": 422,
        "a proof from nothing": 422,
        "a root of nothing": 422,
    }
    held_back = said["another size is held"]
    assert isinstance(held_back, Answer)
    assert (held_back.body, held_back.media_type) == (b"4\n", "text/x.tlog.size")


MALFORMED = [
    b"",
    b"old 1",
    b"old 01\n\n",
    b"old -1\n\nx",
    b"old 1\nnot base64\n\nx",
    b"old 1\n" + encode_base64(bytes(31)).encode() + b"\n\nx",
    b"old 1\n" + (encode_base64(bytes(32)).encode() + b"\n") * 64 + b"\n",
    b"old \xff\n\nx",
    b"old 0\n\nno checkpoint",
    b"old 0\n\n" + b"x" * 1_000_001,
]


@pytest.mark.parametrize("octets", MALFORMED)
def test_a_malformed_request_is_told_so(octets: bytes) -> None:
    answer = judge(octets, LOGS, None)
    assert isinstance(answer, Answer)
    assert answer.status == 400
    with pytest.raises(LedgerError):
        named(octets)


def test_an_answer_without_the_witnesss_cosignature_is_not_kept() -> None:
    note = head(8).signed(LOG)
    of_another_size = WITNESS.cosign(head(7).text, 9)
    of_another = CosigningKey("witness.example/w2", bytes(32)).cosign(head(8).text, 9)
    for line in (of_another_size, of_another, b"", b"nonsense\n", b"\xff\n"):
        with pytest.raises(LedgerError):
            with_cosignature(note, line, WITNESS.verifier)
    both = of_another + WITNESS.cosign(head(8).text, 9)
    assert with_cosignature(note, both, WITNESS.verifier) == note + WITNESS.cosign(head(8).text, 9)


@pytest.mark.parametrize("kind", WITNESS_KINDS)
@pytest.mark.parametrize(("at_s", "counts"), [(0, False), (1, True), (2**63 - 1, True), (2**63, False)])
def test_a_cosignature_of_a_checkpoint_has_a_time_that_can_be(kind: int, at_s: int, *, counts: bool) -> None:
    key = CosigningKey("w.example", bytes(32), kind)
    note, line = head(8).signed(LOG), key.cosign(head(8).text, at_s)
    if counts:
        assert with_cosignature(note, line, key.verifier) == note + line
    else:
        with pytest.raises(LedgerError):
            with_cosignature(note, line, key.verifier)


def test_a_witness_has_a_name_and_a_whole_seed() -> None:
    with pytest.raises(LedgerError):
        CosigningKey("", bytes(32))
    with pytest.raises(LedgerError):
        CosigningKey("w", bytes(31))
