"""Tiles (C2SP tlog-tiles v0.1.0): the tree cut into files of 256 hashes, and the entries into bundles of 256.

Tile ``index`` at ``level`` holds the roots of complete subtrees of ``256**level`` leaves. Level 0 holds leaf hashes.
The entries themselves are the level we number ``ENTRIES``. A log that grows changes only its rightmost tile of each
level, its ``Edge``.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import EMPTY_ROOT, HASH_OCTETS, Node, Range, ReadNode, cover, leaf_hash, root

WIDTH = 256
ENTRIES = -1
ENTRY_MAX_OCTETS = 65_535

_BITS = 8  # 2**8 == WIDTH: how many tree levels one tile spans
_LEVEL_MAX = 63
_INDEX_MAX = 2**63  # what the format's users hold an index in
_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)
_PATH_MAX_CHARS = 80


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """One tile or entry bundle by its place; ``width`` below 256 makes it partial."""

    level: int
    index: int
    width: int = WIDTH

    @classmethod
    def parse(cls, path: str) -> Self:
        """Read ``tile/<L>/<N>[.p/<W>]`` or ``tile/entries/<N>[.p/<W>]``.

        Raises:
            LedgerError: it is not the one spelling of a tile's path.
        """
        found = _PATH.fullmatch(path) if len(path) <= _PATH_MAX_CHARS else None
        if found is None:
            raise LedgerError("this is not the path of a tile")
        level = ENTRIES if found["level"] == "entries" else int(found["level"])
        index = int(found["index"].replace("x", "").replace("/", ""))
        width = int(found["width"] or WIDTH)
        tile = cls(level, index, width)
        if level > _LEVEL_MAX or index >= _INDEX_MAX or width > WIDTH or tile.path != path:
            raise LedgerError("this is not the path of a tile")  # also the second spellings, such as x000/001
        return tile

    @property
    def path(self) -> str:
        """The path below the log's prefix."""
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        level = "entries" if self.level == ENTRIES else str(self.level)
        return f"tile/{level}/{number}" + ("" if self.width == WIDTH else f".p/{self.width}")

    @property
    def is_partial(self) -> bool:
        """True where more may come."""
        return self.width < WIDTH

    def at_width(self, width: int) -> "Tile":
        """Return the same place with another width."""
        return Tile(self.level, self.index, width)


def tile_at(level: int, index: int, size: int) -> Tile:
    """Return that tile as wide as a tree of ``size`` entries has it.

    Raises:
        LedgerError: such a tree has no such tile.
    """
    width = min(WIDTH, (size >> (_BITS * max(level, 0))) - index * WIDTH)
    if width < 1:
        raise LedgerError(f"a tree of {size} entries has no tile {index} at level {level}")
    return Tile(level, index, width)


def tiles_of(size: int) -> Iterator[Tile]:
    """Return every tile and entry bundle of a tree, entries first, then level by level, left to right."""
    for level in (ENTRIES, *range(_LEVEL_MAX + 1)):
        count = size >> (_BITS * max(level, 0))
        if not count:
            return
        for index in range(-(-count // WIDTH)):
            yield tile_at(level, index, size)


def edge_tiles(size: int) -> list[Tile]:
    """Return the partial tiles and the partial bundle of a tree: what it takes to make it grow."""
    edge = []
    for level in (ENTRIES, *range(_LEVEL_MAX + 1)):
        count = size >> (_BITS * max(level, 0))
        if not count:
            break
        if count % WIDTH:
            edge.append(Tile(level, count // WIDTH, count % WIDTH))
    return edge


def _tile_of(node: Node, size: int) -> Tile:
    level = node.level // _BITS
    first = node.place << (node.level % _BITS)
    return tile_at(level, first // WIDTH, size)


def needed(ranges: Iterable[Range], size: int) -> set[Tile]:
    """Return the tiles of a tree of ``size`` entries that hold what the ranges' hashes are made of."""
    return {_tile_of(node, size) for leaves in ranges for node in cover(leaves)}


def hashes(tile: Tile, octets: bytes) -> list[bytes]:
    """Cut a tile into its hashes.

    Raises:
        LedgerError: it is not as long as its width says.
    """
    if len(octets) != tile.width * HASH_OCTETS:
        raise LedgerError(f"{tile.path} is not {tile.width} hashes long")
    return [octets[at : at + HASH_OCTETS] for at in range(0, len(octets), HASH_OCTETS)]


def reader(size: int, tiles: Mapping[Tile, bytes]) -> ReadNode:
    """Return a function that reads subtree hashes of a tree of ``size`` entries from ``tiles``.

    The function raises ``LedgerError`` where a tile is missing or damaged.
    """

    def read(node: Node) -> bytes:
        tile = _tile_of(node, size)
        octets = tiles.get(tile)
        if octets is None:
            raise LedgerError(f"{tile.path} is missing")
        wide = 1 << (node.level % _BITS)
        first = (node.place * wide) % WIDTH
        return root(hashes(tile, octets)[first : first + wide])

    return read


def pack(entries: Iterable[bytes]) -> bytes:
    """Return an entry bundle: each entry after its length in two octets, most significant first.

    Raises:
        LedgerError: an entry is longer than the format allows.
    """
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > ENTRY_MAX_OCTETS:
            raise LedgerError(f"an entry is longer than {ENTRY_MAX_OCTETS} octets")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def unpack(tile: Tile, octets: bytes) -> list[bytes]:
    """Cut an entry bundle into its entries.

    Raises:
        LedgerError: it is cut short, or does not hold as many entries as its width says.
    """
    entries = []
    at = 0
    while at < len(octets):
        begin = at + 2
        at = begin + int.from_bytes(octets[at:begin], "big")
        if begin > len(octets) or at > len(octets):
            raise LedgerError(f"{tile.path} is cut short")
        entries.append(octets[begin:at])
    if len(entries) != tile.width:
        raise LedgerError(f"{tile.path} holds {len(entries)} entries, not {tile.width}")
    return entries


def narrowed(tile: Tile, octets: bytes, width: int) -> bytes:
    """Return the partial tile of ``width`` that ``octets`` begins with: a tile only ever grows at its end.

    Raises:
        LedgerError: the tile is damaged, or not that wide.
    """
    if not 0 < width <= tile.width:
        raise LedgerError(f"{tile.path} is not {width} wide")
    if tile.level == ENTRIES:
        return pack(unpack(tile, octets)[:width])
    return b"".join(hashes(tile, octets)[:width])


@dataclass(frozen=True, slots=True)
class Edge:
    """The right edge of a tree: per level the hashes of its partial tile, and the entries of its partial bundle."""

    size: int = 0
    rows: tuple[tuple[bytes, ...], ...] = ()
    bundle: tuple[bytes, ...] = ()

    @classmethod
    def load(cls, size: int, tiles: Mapping[Tile, bytes]) -> Self:
        """Take the edge from the tiles that ``edge_tiles(size)`` names.

        Raises:
            LedgerError: one is missing or damaged, or the bundle's entries are not those the tile hashes.
        """
        rows: list[tuple[bytes, ...]] = [() for _ in range(max(size.bit_length() - 1, 0) // _BITS + 1)] if size else []
        bundle: tuple[bytes, ...] = ()
        for tile in edge_tiles(size):
            if tile not in tiles:
                raise LedgerError(f"{tile.path} is missing")
            if tile.level == ENTRIES:
                bundle = tuple(unpack(tile, tiles[tile]))
            else:
                rows[tile.level] = tuple(hashes(tile, tiles[tile]))
        if rows and tuple(leaf_hash(entry) for entry in bundle) != rows[0]:
            raise LedgerError("the partial entry bundle does not fit the partial tile")
        return cls(size, tuple(rows), bundle)

    @property
    def root(self) -> bytes:
        """The root of the whole tree."""
        joined: bytes | None = None
        for row in self.rows:
            if hashes_here := [*row, *([] if joined is None else [joined])]:
                joined = root(hashes_here)
        return EMPTY_ROOT if joined is None else joined

    def grow(self, entries: Sequence[bytes], fresh: Sequence[bytes] | None = None) -> tuple["Edge", dict[Tile, bytes]]:
        """Append entries; return the new edge and every tile and bundle that is new or wider now.

        Args:
            entries: what to append.
            fresh: their leaf hashes, where the caller has made them.

        Raises:
            LedgerError: an entry is longer than the format allows.
        """
        made: dict[Tile, bytes] = {}
        waiting = [*self.bundle, *entries]
        first = self.size // WIDTH
        for at in range(0, len(waiting), WIDTH):
            chunk = waiting[at : at + WIDTH]
            made[Tile(ENTRIES, first + at // WIDTH, len(chunk))] = pack(chunk)
        bundle = tuple(waiting[len(waiting) - len(waiting) % WIDTH :])
        rows: list[tuple[bytes, ...]] = []
        fresh = [leaf_hash(entry) for entry in entries] if fresh is None else fresh
        level = 0
        while fresh or level < len(self.rows):
            row = [*(self.rows[level] if level < len(self.rows) else ()), *fresh]
            first = (self.size >> (_BITS * level)) // WIDTH
            fresh = [] if not fresh else self._cut(level, first, row, made)
            rows.append(tuple(row[len(row) - len(row) % WIDTH :]))
            level += 1
        return Edge(self.size + len(entries), tuple(rows), bundle), made

    @staticmethod
    def _cut(level: int, first: int, row: list[bytes], made: dict[Tile, bytes]) -> list[bytes]:
        """Put ``row`` into tiles from index ``first``; return the roots of the full ones, for the level above."""
        above = []
        for at in range(0, len(row), WIDTH):
            chunk = row[at : at + WIDTH]
            made[Tile(level, first + at // WIDTH, len(chunk))] = b"".join(chunk)
            if len(chunk) == WIDTH:
                above.append(root(chunk))
        return above
