"""Hashes, roots and proofs (RFC 6962 section 2.1, which RFC 9162 section 2.1 repeats), with SHA-256.

A proof is a list of hashes of ranges of leaves. Which ranges is arithmetic (``inclusion_ranges``,
``consistency_ranges``); each range is covered by complete subtrees (``cover``), whose hashes come from wherever they
are kept, through a ``ReadNode``.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from gatepost.ledger.errors import LedgerError

HASH_OCTETS = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of the tree without leaves."""


class Node(NamedTuple):
    """A complete subtree: leaves ``place * 2**level`` up to ``(place + 1) * 2**level``."""

    level: int
    place: int


class Range(NamedTuple):
    """Leaves ``start`` up to and without ``end``."""

    start: int
    end: int


ReadNode = Callable[[Node], bytes]
"""Return the hash of a complete subtree."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one entry; the prefix keeps leaves and nodes apart."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above two hashes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """Return the Merkle tree hash over leaf hashes, or over roots of equal subtrees (the last may be smaller)."""
    if not hashes:
        return EMPTY_ROOT
    row = list(hashes)
    while len(row) > 1:
        odd = row[-1:] if len(row) % 2 else []
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)] + odd
    return row[0]


def cover(leaves: Range) -> list[Node]:
    """Return the fewest complete subtrees that make up ``leaves``, left to right."""
    nodes = []
    start, end = leaves
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def fold(hashes: Iterable[bytes]) -> bytes:
    """Return the hash of a range from the hashes of its ``cover``: joined from the right, smallest first."""
    stack = list(hashes)
    if not stack:
        return EMPTY_ROOT
    joined = stack.pop()
    while stack:
        joined = node_hash(stack.pop(), joined)
    return joined


def hash_range(leaves: Range, read: ReadNode) -> bytes:
    """Return the Merkle tree hash of ``leaves``, which start where a subtree of their size may start."""
    return fold(read(node) for node in cover(leaves))


def _split(size: int) -> int:
    """Return the largest power of two smaller than ``size``."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """Return what PATH(index, D[size]) hashes, the leaf's sibling first.

    Raises:
        LedgerError: the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise LedgerError(f"a tree of {size} entries has no entry {index}")
    ranges = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append(Range(middle, end))
            end = middle
        else:
            ranges.append(Range(start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """Return what PROOF(old, D[new]) hashes, in proof order.

    Raises:
        LedgerError: the sizes are not 0 < old <= new.
    """
    if not 0 < old <= new:
        raise LedgerError(f"no consistency proof leads from size {old} to {new}")
    ranges = []
    start, end = 0, new
    is_known = True  # the verifier holds the old root, so a subtree that is the whole old tree is left out
    while old < end:
        middle = start + _split(end - start)
        if old <= middle:
            ranges.append(Range(middle, end))
            end = middle
        else:
            ranges.append(Range(start, middle))
            start = middle
            is_known = False
    if not is_known:
        ranges.append(Range(start, end))
    return ranges[::-1]


def _check_hashes(*hashes: bytes) -> None:
    if any(len(each) != HASH_OCTETS for each in hashes):
        raise LedgerError("a hash is not 32 octets long")


def _climb(at: int, last: int, siblings: Iterable[bytes]) -> Iterator[tuple[bool, bytes]]:
    """Yield each sibling with whether it stands to the left, from node ``at`` of a row up to the root.

    Raises:
        LedgerError: there are more siblings than rows, or fewer.
    """
    for sibling in siblings:
        if last == 0:
            raise LedgerError("the proof is too long")
        is_left = at % 2 == 1 or at == last
        yield is_left, sibling
        while is_left and at and not at % 2:  # rows where the last node had no sibling
            at, last = at >> 1, last >> 1
        at, last = at >> 1, last >> 1
    if last:
        raise LedgerError("the proof is too short")


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], tree_root: bytes) -> None:
    """Return if ``proof`` shows that ``leaf`` (a leaf hash) is entry ``index`` of the tree (RFC 9162 section 2.1.3.2).

    Raises:
        LedgerError: it does not.
    """
    _check_hashes(leaf, tree_root, *proof)
    if not 0 <= index < size:
        raise LedgerError(f"a tree of {size} entries has no entry {index}")
    joined = leaf
    for is_left, sibling in _climb(index, size - 1, proof):
        joined = node_hash(sibling, joined) if is_left else node_hash(joined, sibling)
    if joined != tree_root:
        raise LedgerError("the inclusion proof does not lead to the root")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Return if ``proof`` shows that the new tree begins with the old one (RFC 9162 section 2.1.4.2).

    Size 0 is refused: any tree begins with the empty one, so there is nothing to prove, and a caller who asks has
    lost the size it meant.

    Raises:
        LedgerError: it does not.
    """
    if not 0 < old <= new:
        raise LedgerError(f"no consistency proof leads from size {old} to {new}")
    if old == new:
        if proof or old_root != new_root:
            raise LedgerError("equal sizes need equal roots and an empty proof")
        return
    _check_hashes(old_root, new_root, *proof)
    if not proof:
        raise LedgerError("the consistency proof is empty")
    first, *rest = [old_root, *proof] if old & (old - 1) == 0 else proof
    at, last = old - 1, new - 1
    while at % 2:
        at, last = at >> 1, last >> 1
    before = after = first
    for is_left, sibling in _climb(at, last, rest):
        if is_left:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
        else:
            after = node_hash(after, sibling)
    if before != old_root or after != new_root:
        raise LedgerError("the consistency proof does not lead from the old root to the new one")
