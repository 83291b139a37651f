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
from gatepost.ledger.note import SigningKey
from gatepost.ledger.tiles import Edge
from gatepost.trust.bench import Bench
from gatepost.trust.checks import forgetting, logs, machine, places

_CONTROL = TenantId("tn_control")


@asynccontextmanager
async def loose_file(bench: Bench) -> AsyncIterator[machine.Secrets]:
    """A key that everybody may read."""
    path = bench.folder / "control.key"
    path.write_text("no secret\n")
    path.chmod(0o644)
    yield machine.Secrets((path,), path.stat().st_uid)


@asynccontextmanager
async def planted_key(bench: Bench) -> AsyncIterator[machine.Source]:
    """A source file with what looks like a cloud provider's key."""
    folder = bench.folder / "source"
    folder.mkdir()
    (folder / "settings.py").write_text("KEY = '" + "AKIA" + "CONTROL0CONTROL0" + "'\n")
    yield machine.Source((folder,), None, ())


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


@asynccontextmanager
async def forked_log(bench: Bench) -> AsyncIterator[logs.Logs]:
    """A log that shows a tree of four which does not extend the tree of two that was signed before."""
    key = SigningKey("control.invalid/log", hashlib.sha256(b"control").digest())
    blobs = Blobs(Folder(bench.folder / "log"))
    before, _ = Edge().grow([b"one", b"two"])
    after, tiles = Edge().grow([b"one", b"another", b"three", b"four"])
    for tile, octets in tiles.items():
        await blobs.write(f"log/{_CONTROL}/{tile.path}", octets)
    await blobs.write(f"log/{_CONTROL}/checkpoint", Checkpoint(key.name, 4, after.root).signed(key))
    signed = Checkpoint(key.name, 2, before.root).signed(key)
    yield logs.Logs(blobs, (logs.Log(_CONTROL, str(key.verifier), (signed,)),))


@asynccontextmanager
async def changeable_table(bench: Bench) -> AsyncIterator[logs.Tables]:
    """A table in which the serving role may change rows and delete them."""
    yield logs.Tables(bench.db, _CONTROL, ("trust_challenge",))


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
    """Answers every question with one TLSA record."""

    @override
    async def query(self, name: str, rdtype: RdType) -> Answer:
        del name, rdtype
        return Answer(Status.OK, ("030101" + "00" * 32,), 60)


@asynccontextmanager
async def published_tlsa(bench: Bench) -> AsyncIterator[places.Zone]:
    """A zone that publishes what the claim says is not published."""
    del bench
    yield places.Zone(_Zone(), "_25._tcp.control.invalid")
