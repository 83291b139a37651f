import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import (
    EMPTY_ROOT,
    Node,
    Range,
    consistency_ranges,
    cover,
    hash_range,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from vector_files import document, lines

GOLDEN = document("merkle/golden.json")
LEAVES = [leaf_hash(bytes.fromhex(leaf)) for leaf in GOLDEN["leaves"]]
PROOFS = lines("merkle/proofs.jsonl")


def defined_root(hashes: list[bytes]) -> bytes:
    """MTH exactly as RFC 6962 section 2.1 writes it, to hold the quick one to."""
    if len(hashes) <= 1:
        return hashes[0] if hashes else EMPTY_ROOT
    middle = 1 << ((len(hashes) - 1).bit_length() - 1)
    return node_hash(defined_root(hashes[:middle]), defined_root(hashes[middle:]))


def proof_of(hashes: list[bytes], ranges: list[Range]) -> list[bytes]:
    def read(node: Node) -> bytes:
        return root(hashes[node.place << node.level : (node.place + 1) << node.level])

    return [hash_range(leaves, read) for leaves in ranges]


def some_hashes(count: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(count)]


def decoded(texts: list[str] | None) -> list[bytes]:
    return [base64.b64decode(text) for text in texts or []]


def run_vector(case: dict[str, Any]) -> None:
    if case["kind"] == "inclusion":
        leaf, tree_root = base64.b64decode(case["leafHash"] or ""), base64.b64decode(case["root"] or "")
        verify_inclusion(case["leafIdx"], case["treeSize"], leaf, decoded(case["proof"]), tree_root)
    else:
        old, new = base64.b64decode(case["root1"] or ""), base64.b64decode(case["root2"] or "")
        verify_consistency(case["size1"], case["size2"], decoded(case["proof"]), old, new)


@pytest.mark.parametrize("case", PROOFS, ids=lambda case: case["id"])
def test_a_published_proof_is_taken_or_refused_as_published(case: dict[str, Any]) -> None:
    if case["wantErr"]:
        with pytest.raises(LedgerError):
            run_vector(case)
    else:
        run_vector(case)


def test_the_published_proofs_are_there_and_some_of_both_kinds() -> None:
    assert {(case["kind"], case["wantErr"]) for case in PROOFS} == {
        (kind, wanted) for kind in ("inclusion", "consistency") for wanted in (True, False)
    }


def test_the_reference_tree_has_the_published_roots() -> None:
    for size, prefix in enumerate(GOLDEN["roots"]):
        assert root(LEAVES[:size]).hex().startswith(prefix)


def test_leaf_and_node_hashes_are_the_published_ones() -> None:
    leaf = "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    node = "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    assert (leaf_hash(b"L123456").hex(), node_hash(b"N123", b"N456").hex()) == (leaf, node)


@given(st.integers(0, 300))
def test_the_root_is_the_one_the_rfc_defines(size: int) -> None:
    assert root(some_hashes(size)) == defined_root(some_hashes(size))


@given(st.integers(1, 300).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
def test_every_entry_is_proven_and_no_other_in_its_place(place: tuple[int, int]) -> None:
    index, size = place
    hashes = some_hashes(size)
    proof = proof_of(hashes, inclusion_ranges(index, size))
    verify_inclusion(index, size, hashes[index], proof, root(hashes))
    with pytest.raises(LedgerError):
        verify_inclusion(index, size, leaf_hash(b"other"), proof, root(hashes))
    for other in {index ^ 1, (index + 1) % size, size - 1 - index} - {index}:
        with pytest.raises(LedgerError):
            verify_inclusion(other, size, hashes[index], proof, root(hashes))


@given(st.integers(1, 300).flatmap(lambda new: st.tuples(st.integers(1, new), st.just(new))))
def test_every_older_tree_is_proven_to_begin_the_newer(sizes: tuple[int, int]) -> None:
    old, new = sizes
    hashes = some_hashes(new)
    proof = proof_of(hashes, consistency_ranges(old, new))
    verify_consistency(old, new, proof, root(hashes[:old]), root(hashes))
    forked = [*hashes[: old - 1], leaf_hash(b"forked")]
    with pytest.raises(LedgerError):
        verify_consistency(old, new, proof, root(forked), root(hashes))


@given(st.integers(2, 200), st.data())
def test_a_proof_with_one_bit_changed_proves_nothing(size: int, data: st.DataObject) -> None:
    hashes = some_hashes(size)
    index = data.draw(st.integers(0, size - 1))
    proof = proof_of(hashes, inclusion_ranges(index, size))
    place, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    changed = int.from_bytes(proof[place], "big") ^ (1 << bit)
    proof[place] = changed.to_bytes(32, "big")
    with pytest.raises(LedgerError):
        verify_inclusion(index, size, hashes[index], proof, root(hashes))


@given(st.integers(0, 4000), st.integers(1, 4000))
def test_a_cover_has_every_leaf_once_in_order(start: int, count: int) -> None:
    at = start
    for node in cover(Range(start, start + count)):
        assert node.place << node.level == at
        at += 1 << node.level
    assert at == start + count


def test_an_empty_range_has_the_empty_root() -> None:
    assert hash_range(Range(0, 0), lambda _: b"") == EMPTY_ROOT


@pytest.mark.parametrize(("index", "size"), [(-1, 4), (4, 4), (0, 0)])
def test_an_entry_outside_the_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(LedgerError):
        inclusion_ranges(index, size)


@pytest.mark.parametrize(("old", "new"), [(0, 4), (5, 4), (-1, 0)])
def test_sizes_that_do_not_grow_have_no_consistency_proof(old: int, new: int) -> None:
    with pytest.raises(LedgerError):
        consistency_ranges(old, new)
    with pytest.raises(LedgerError):
        verify_consistency(old, new, [], EMPTY_ROOT, EMPTY_ROOT)


def test_a_hash_of_another_length_is_refused() -> None:
    with pytest.raises(LedgerError):
        verify_inclusion(0, 1, LEAVES[0][:31], [], LEAVES[0])
