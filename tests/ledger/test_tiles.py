import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import (
    Node,
    consistency_ranges,
    hash_range,
    inclusion_ranges,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from gatepost.ledger.tiles import (
    ENTRIES,
    WIDTH,
    Edge,
    Tile,
    edge_tiles,
    hashes,
    narrowed,
    needed,
    pack,
    reader,
    tile_at,
    tiles_of,
    unpack,
)

BIG = 70_000


def entries_up_to(size: int) -> list[bytes]:
    return [number.to_bytes(3, "big") for number in range(size)]


def grown(size: int, *, steps: int = 1) -> tuple[Edge, dict[Tile, bytes]]:
    """Grow a log to ``size`` in about ``steps`` steps; keep every tile ever made."""
    edge, made = Edge(), {}
    entries = entries_up_to(size)
    stride = max(1, size // steps)
    for at in range(0, size, stride):
        edge, new = edge.grow(entries[at : at + stride])
        made.update(new)
    return edge, made


@pytest.fixture(scope="module")
def big() -> tuple[Edge, dict[Tile, bytes]]:
    return grown(BIG, steps=7)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 5), "tile/0/005"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(2, 1000, 17), "tile/2/x001/000.p/17"),
        (Tile(ENTRIES, 0, 1), "tile/entries/000.p/1"),
        (Tile(63, 999, 255), "tile/63/999.p/255"),
    ],
)
def test_a_tile_has_one_path_and_a_path_one_tile(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert Tile.parse(path) == tile


@given(st.builds(Tile, st.integers(ENTRIES, 63), st.integers(0, 2**40), st.integers(1, WIDTH)))
def test_every_path_reads_back(tile: Tile) -> None:
    assert Tile.parse(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "checkpoint",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/5",
        "tile/0/x000/005",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p/07",
        "tile/0/000/",
        "tile/0/../000",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/\u0661\u0661\u0661",
        "tile/0/" + "x000/" * 10_000 + "000",
    ],
)
def test_no_other_spelling_is_a_tile(path: str) -> None:
    with pytest.raises(LedgerError):
        Tile.parse(path)


def test_seventy_thousand_entries_make_the_tiles_the_standard_counts() -> None:
    tiles = list(tiles_of(BIG))
    counted = {
        level: (
            sum(tile.level == level and not tile.is_partial for tile in tiles),
            [tile.width for tile in tiles if tile.level == level and tile.is_partial],
        )
        for level in (ENTRIES, 0, 1, 2)
    }
    assert counted == {ENTRIES: (273, [112]), 0: (273, [112]), 1: (1, [17]), 2: (0, [1])}
    assert max(tile.level for tile in tiles) == 2


def test_a_full_tile_makes_no_partial_of_width_zero() -> None:
    assert [tile.path for tile in tiles_of(256)] == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
    assert [tile.path for tile in edge_tiles(256)] == ["tile/1/000.p/1"]
    assert list(tiles_of(0)) == edge_tiles(0) == []


@given(st.integers(0, 1500), st.integers(1, 40))
def test_a_log_grown_in_steps_is_the_log_grown_at_once(size: int, steps: int) -> None:
    at_once, in_steps = grown(size), grown(size, steps=steps)
    assert at_once[0] == in_steps[0]
    for tile in tiles_of(size):
        assert at_once[1][tile] == in_steps[1][tile]


def test_the_edge_knows_the_root_and_survives_being_stored(big: tuple[Edge, dict[Tile, bytes]]) -> None:
    edge, made = big
    assert edge.root == root([leaf_hash(entry) for entry in entries_up_to(BIG)])
    assert Edge.load(BIG, made) == edge
    assert Edge.load(0, {}) == Edge()


@pytest.mark.parametrize("index", [0, 255, 256, 65_535, 65_536, BIG - 1])
def test_tiles_prove_every_entry(big: tuple[Edge, dict[Tile, bytes]], index: int) -> None:
    edge, made = big
    ranges = inclusion_ranges(index, BIG)
    only = {tile: made[tile] for tile in needed(ranges, BIG)}
    proof = [hash_range(leaves, reader(BIG, only)) for leaves in ranges]
    verify_inclusion(index, BIG, leaf_hash(entries_up_to(BIG)[index]), proof, edge.root)


@pytest.mark.parametrize("old", [1, 256, 257, 65_536, 69_999])
def test_tiles_prove_that_the_log_only_grew(big: tuple[Edge, dict[Tile, bytes]], old: int) -> None:
    edge, made = big
    proof = [hash_range(leaves, reader(BIG, made)) for leaves in consistency_ranges(old, BIG)]
    verify_consistency(old, BIG, proof, root([leaf_hash(entry) for entry in entries_up_to(old)]), edge.root)


def test_a_missing_tile_is_named(big: tuple[Edge, dict[Tile, bytes]]) -> None:
    made = {tile: octets for tile, octets in big[1].items() if tile != Tile(1, 0)}
    with pytest.raises(LedgerError, match="tile/1/000 is missing"):
        reader(BIG, made)(Node(9, 0))
    with pytest.raises(LedgerError, match=r"tile/0/273\.p/112 is missing"):
        Edge.load(BIG, {tile: made[tile] for tile in edge_tiles(BIG) if tile.level != 0})


def test_an_edge_whose_bundle_was_changed_is_refused() -> None:
    _, made = grown(3)
    made[Tile(ENTRIES, 0, 3)] = pack([b"a", b"b", b"c"])
    with pytest.raises(LedgerError, match="does not fit"):
        Edge.load(3, made)


def test_a_tile_outside_the_tree_is_refused() -> None:
    with pytest.raises(LedgerError):
        tile_at(0, 1, 256)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=20))
def test_a_bundle_gives_its_entries_back(entries: list[bytes]) -> None:
    tile = Tile(ENTRIES, 0, len(entries))
    assert unpack(tile, pack(entries)) == entries
    assert unpack(tile.at_width(1), narrowed(tile, pack(entries), 1)) == entries[:1]


@given(st.binary(max_size=64), st.integers(1, 3))
def test_octets_that_are_no_bundle_are_refused_or_read_whole(octets: bytes, width: int) -> None:
    try:
        entries = unpack(Tile(ENTRIES, 0, width), octets)
    except LedgerError:
        return
    assert pack(entries) == octets


def test_an_entry_longer_than_its_length_field_is_refused() -> None:
    with pytest.raises(LedgerError):
        Edge().grow([b"x" * 65_536])


def test_a_tile_of_another_length_is_refused() -> None:
    with pytest.raises(LedgerError):
        hashes(Tile(0, 0, 2), b"\x00" * 63)


@pytest.mark.parametrize("width", [0, 3])
def test_a_tile_is_only_made_narrower(width: int) -> None:
    with pytest.raises(LedgerError):
        narrowed(Tile(0, 0, 2), b"\x00" * 64, width)
    assert narrowed(Tile(0, 0, 2), b"\x01" * 64, 1) == b"\x01" * 32
