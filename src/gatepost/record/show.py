"""What the log shows: the newest checkpoint with the time and, where the operator names any, its witnesses' lines.

A checkpoint that has to wait for witnesses waits here; entries get their places meanwhile, and the next one to be shown
is the newest. Once it is shown, the partial tiles and rows of the ones before it go.
"""

import asyncio
from datetime import datetime

import structlog

from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.clock import Clock
from gatepost.ids import TenantId
from gatepost.jobs.pause import pause
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.note import CosigningKey, SigningKey
from gatepost.ledger.tiles import edge_tiles
from gatepost.record import files
from gatepost.record.errors import ForkError, UnwitnessedError
from gatepost.record.witnesses import Witnesses

STAMP_S = 3600
POLL_S = 0.1
_PATIENCE_MAX_S = 60.0

log = structlog.get_logger()


class Window:
    """Publishes checkpoints on the second store, then on the first, never an older one after a newer one.

    Args:
        blobs: the first store, which is served.
        second: the second store.
        witnesses: who must cosign first.
        clock: for the stamp.
    """

    def __init__(self, blobs: Blobs, second: Blobs, witnesses: Witnesses, clock: Clock) -> None:
        self._blobs = blobs
        self._second = second
        self._witnesses = witnesses
        self._clock = clock
        self._stamps: dict[TenantId, datetime] = {}
        self._sizes: dict[TenantId, list[int]] = {}
        self._wanted: dict[TenantId, tuple[SigningKey, Checkpoint]] = {}
        self._rests: dict[TenantId, tuple[float, float]] = {}

    async def show(self, tenant: TenantId, key: SigningKey, head: Checkpoint, *, since: int) -> None:
        """Publish the checkpoint after the one of size ``since``: now, or where witnesses must cosign it by ``run``."""
        self._sizes.setdefault(tenant, [since]).append(head.size)
        if self._witnesses.quorum:
            self._wanted[tenant] = key, head
        else:
            await self._show(tenant, key, head)

    async def show_hourly(self, tenant: TenantId, key: SigningKey, head: Checkpoint) -> None:
        """Renew the stamp of a log in which nothing happens: silence can be told from loss."""
        last = self._stamps.get(tenant)
        if tenant not in self._wanted and (last is None or (self._clock() - last).total_seconds() >= STAMP_S):
            await self.show(tenant, key, head, since=head.size)

    def forget(self, tenant: TenantId) -> None:
        """Show the newest checkpoint again, whatever was shown: another process may have died before it was."""
        self._stamps.pop(tenant, None)

    async def run(self, stop: asyncio.Event) -> None:
        """Ask the witnesses for every checkpoint that waits, until ``stop`` is set."""
        if not self._witnesses.quorum:  # then none waits
            await stop.wait()
        while not stop.is_set():
            await self.round()
            await pause(stop, POLL_S)

    async def round(self) -> None:
        """Ask once for each log whose turn it is; one that was refused rests, longer each time."""
        now = asyncio.get_running_loop().time()
        due = [tenant for tenant in self._wanted if self._rests.get(tenant, (0.0, 0.0))[1] <= now]
        await asyncio.gather(*map(self._try, due))

    async def show_waiting(self, tenant: TenantId) -> None:
        """Ask the witnesses once for what waits of one log, if anything does: for whoever has no ``run``.

        Raises:
            ForkError, LedgerError, UnwitnessedError: it is not shown.
        """
        if tenant in self._wanted:
            await self._show(tenant, *self._wanted[tenant])

    async def _try(self, tenant: TenantId) -> None:
        key, head = self._wanted[tenant]
        try:
            await self._show(tenant, key, head)
        except (BlobsUnavailableError, ForkError, LedgerError, UnwitnessedError) as error:
            wait = min(2 * self._rests.get(tenant, (0.5, 0.0))[0], _PATIENCE_MAX_S)
            self._rests[tenant] = wait, asyncio.get_running_loop().time() + wait
            log.warning("log.unwitnessed", tenant=tenant, size=head.size, error=type(error).__name__, why=str(error))
        else:
            self._rests.pop(tenant, None)
            if self._wanted[tenant][1] == head:
                del self._wanted[tenant]

    async def _show(self, tenant: TenantId, key: SigningKey, head: Checkpoint) -> None:
        note = head.signed(key)
        now = self._clock()
        stamp = CosigningKey(key.name, key.seed).cosign(head.text, int(now.timestamp()))
        lines = await self._witnesses.cosign(self._blobs, tenant, head, note)
        for store in (self._second, self._blobs):  # the second store knows it before anybody can
            await store.write(files.checkpoint_path(tenant), note + stamp + lines)
        self._stamps[tenant] = now
        await self._clear(tenant, head.size)

    async def _clear(self, tenant: TenantId, size: int) -> None:
        """Remove the partial tiles, and rows, that wider ones replace in what is shown now."""
        sizes = self._sizes.get(tenant, [])
        earlier = [each for each in sizes if each < size]
        tiles = {tile for each in earlier for tile in edge_tiles(each)}.difference(edge_tiles(size))
        rows = {piece for each in earlier for piece in files.tail(each)} - files.tail(size)
        tile_paths = [files.tile_path(tenant, tile) for tile in tiles]
        await self._blobs.remove(*tile_paths)
        await self._second.remove(*tile_paths, *(files.rows_path(tenant, piece) for piece in rows))
        self._sizes[tenant] = [later for later in sizes if later > size] + [size]
