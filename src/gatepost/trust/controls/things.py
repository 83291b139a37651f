"""Files, logs and tables that must be found out: open to others, forked, changeable, silent, in clear."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from typing_extensions import override

from gatepost.blobs import Blobs
from gatepost.blobs.folder import Folder
from gatepost.dns.paper import Answer, RdType, Resolver, Status
from gatepost.ids import TenantId
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.merkle import leaf_hash
from gatepost.ledger.note import SigningKey
from gatepost.ledger.proof import Proof
from gatepost.ledger.tiles import ENTRIES, WIDTH, Edge, tile_at
from gatepost.trust.bench import Bench
from gatepost.trust.checks import forgetting, logs, machine, page, places
from gatepost.trust.controls import server
from gatepost.trust.probe.client import Prober
from gatepost.trust.reading import Reading, begun
from gatepost.trust.world import Endpoint

_CONTROL = TenantId("tn_control")


@asynccontextmanager
async def loose_file(bench: Bench) -> AsyncIterator[machine.Secrets]:
    """A key that everybody may read."""
    path = bench.folder / "control.key"
    path.write_text("no secret\n")
    path.chmod(0o644)
    yield machine.Secrets((path,), path.stat().st_uid)


@asynccontextmanager
async def plain_volume(bench: Bench) -> AsyncIterator[machine.Volumes]:
    """A disk as the kernel shows one without dm-crypt, where dm-crypt is claimed."""
    disk = bench.folder / "sys" / "dev" / "block" / "8:1"
    (disk / "queue").mkdir(parents=True)
    now = bench.clock()
    yield machine.Volumes(
        (Path("/srv/data"),),
        "36 35 8:1 / /srv rw - ext4 /dev/sda1 rw\n",
        bench.folder / "sys",
        "dm-crypt",
        (now + timedelta(days=90)).date(),
        now,
    )


_KEY = SigningKey("control.invalid/log", hashlib.sha256(b"control").digest())


async def _published(folder: Path, entries: list[bytes]) -> Blobs:
    """Return a log of these entries, as a house would publish it."""
    blobs = Blobs(Folder(folder))
    grown, tiles = Edge().grow(entries)
    for tile, octets in tiles.items():
        await blobs.write(f"log/{_CONTROL}/{tile.path}", octets)
    await blobs.write(f"log/{_CONTROL}/checkpoint", Checkpoint(_KEY.name, grown.size, grown.root).signed(_KEY))
    return blobs


def _logs(bench: Bench, blobs: Blobs, earlier: bytes, held: list[bytes]) -> logs.Logs:
    async def rows(_tenant: TenantId, start: int, end: int) -> list[bytes]:
        return held[start:end]

    async def keep(_tenant: TenantId, _reading: Reading) -> None:
        return None

    now = bench.clock()
    log = logs.Log(_CONTROL, str(_KEY.verifier), (earlier,), begun(now))
    return logs.Logs(blobs, (log,), rows, keep, now)


@asynccontextmanager
async def dated_ahead(bench: Bench) -> AsyncIterator[page.Served]:
    """A log whose second entry is dated tomorrow, between two of today."""
    now = bench.clock()
    times = [now - timedelta(hours=1), now + timedelta(days=1), now]
    entries = [b'{"ts": "%s"}' % at.isoformat().encode() for at in times]
    grown, tiles = Edge().grow(entries)
    note = Checkpoint(_KEY.name, grown.size, grown.root).signed(_KEY)
    proof = Proof(1, (leaf_hash(entries[0]), leaf_hash(entries[2])), note).encode()
    files = {"checkpoint": note, "vkey": str(_KEY.verifier).encode(), "entries/1": entries[1]}
    files |= {"proofs/1.tlog-proof": proof, **{tile.path: octets for tile, octets in tiles.items()}}
    pages = {f"/trust/log/{name}": ("application/octet-stream", octets) for name, octets in files.items()}
    async with server.listening(server.http(pages)) as port:
        endpoint = Endpoint(door="control", host=server.HOST, port=port, tls="")
        yield page.Served(Prober(bench.egress, bench.entropy), endpoint, None, now)


@asynccontextmanager
async def forked_log(bench: Bench) -> AsyncIterator[logs.Logs]:
    """A log that shows a tree of four which does not extend the tree of two that was signed before."""
    shown = [b"one", b"another", b"three", b"four"]
    before, _ = Edge().grow([b"one", b"two"])
    blobs = await _published(bench.folder / "forked", shown)
    yield _logs(bench, blobs, Checkpoint(_KEY.name, 2, before.root).signed(_KEY), shown)


@asynccontextmanager
async def changed_row(bench: Bench) -> AsyncIterator[logs.Logs]:
    """A log that only grew, and a table in which somebody has changed a row since."""
    shown = [b"one", b"two", b"three"]
    before, _ = Edge().grow(shown[:2])
    blobs = await _published(bench.folder / "changed", shown)
    yield _logs(bench, blobs, Checkpoint(_KEY.name, 2, before.root).signed(_KEY), [b"one", b"Two", b"three"])


@asynccontextmanager
async def changed_entry(bench: Bench) -> AsyncIterator[logs.Logs]:
    """A log whose published entries are not those that were hashed."""
    shown = [b"one", b"two", b"three"]
    before, _ = Edge().grow(shown[:2])
    blobs = await _published(bench.folder / "entry", shown)
    _, tiles = Edge().grow([b"one", b"Two", b"three"])
    (bundle,) = [tile for tile in tiles if tile.level == ENTRIES]
    await blobs.write(f"log/{_CONTROL}/{bundle.path}", tiles[bundle])
    yield _logs(bench, blobs, Checkpoint(_KEY.name, 2, before.root).signed(_KEY), [b"one", b"Two", b"three"])


@asynccontextmanager
async def changed_long_ago(bench: Bench) -> AsyncIterator[logs.Logs]:
    """A log of five bundles, in whose first one an entry was changed in the table, the bundle and the tile alike."""
    shown = [b"%d" % number for number in range(5 * WIDTH)]
    before, _ = Edge().grow(shown[:2])
    blobs = await _published(bench.folder / "long ago", shown)
    shown[7] = b"changed"
    _, tiles = Edge().grow(shown)
    for tile in (tile_at(ENTRIES, 0, len(shown)), tile_at(0, 0, len(shown))):
        await blobs.write(f"log/{_CONTROL}/{tile.path}", tiles[tile])
    yield _logs(bench, blobs, Checkpoint(_KEY.name, 2, before.root).signed(_KEY), shown)


@asynccontextmanager
async def unlogged_act(bench: Bench) -> AsyncIterator[logs.Acting]:
    """Somebody who acts and writes nothing down."""

    async def act() -> str:
        return "control.done"

    yield logs.Acting(bench.db, Blobs(Folder(bench.folder / "empty")), _CONTROL, act, 0.3)


@asynccontextmanager
async def log_with_gap(bench: Bench) -> AsyncIterator[logs.LogFolder]:
    """Forty days of operations with nothing between the first line and the last."""
    now = bench.clock()
    folder = bench.folder / "operations"
    folder.mkdir()
    lines = [f"{at:%Y-%m-%dT%H:%M:%S}Z up\n" for at in (now - timedelta(days=40), now)]
    (folder / "house.log").write_text("".join(lines))
    yield logs.LogFolder(folder, now - timedelta(days=40), now)


@asynccontextmanager
async def everlasting(bench: Bench) -> AsyncIterator[forgetting.Planted]:
    """A house that promises seven days and never forgets."""

    async def removed(_plan: str, _at: datetime) -> int:
        return 0

    yield forgetting.Planted(bench.clock(), {"free": 7}, removed)


class _Zone(Resolver):
    """Answers every question with these records."""

    def __init__(self, *records: str) -> None:
        self._answer = Answer(Status.OK if records else Status.NXDOMAIN, records, 60)

    @override
    async def query(self, name: str, rdtype: RdType) -> Answer:
        del name, rdtype
        return self._answer


@asynccontextmanager
async def published_tlsa(bench: Bench) -> AsyncIterator[places.Zone]:
    """A zone that publishes what the claim says is not published."""
    del bench
    yield places.Zone(_Zone("030101" + "00" * 32), "_25._tcp.control.invalid")


@asynccontextmanager
async def unexplained_tlsa(bench: Bench) -> AsyncIterator[places.Zone]:
    """A name without a TLSA record, and a threat model that has no word on it."""
    del bench
    yield places.Zone(_Zone(), "_25._tcp.control.invalid", "All is well.")
