"""What a house does for its own PostgreSQL: it is started again when it dies, and stays reachable while it lives."""

import asyncio

import structlog

from gatepost.app.lifetime import note_restart
from gatepost.db.launcher import Cluster, LauncherError
from gatepost.jobs.pause import pause
from gatepost.journey import House

log = structlog.get_logger()

DEATHS_WINDOW_S = 600
START_PAUSE_S, START_PAUSE_MAX_S = 1.0, 5.0
DEATH_PAUSE_MAX_S = 60.0
LOOK_S = 1.0


async def keep_reachable(cluster: Cluster, stop: asyncio.Event) -> None:
    """Bring the way to PostgreSQL's socket back where somebody has tidied it away."""
    was_told = False
    while not stop.is_set():
        try:
            if cluster.keep_way():
                log.warning("postgres.way_restored")
            was_told = False
        except (LauncherError, OSError) as error:
            if not was_told:
                log.error("postgres.way_lost", error=str(error))
            was_told = True
        await pause(stop, LOOK_S)


async def mend(cluster: Cluster, house: House, stop: asyncio.Event) -> None:
    """Start PostgreSQL again when it dies, each time later where it keeps dying.

    The house stays: it answers 451, and its clients come back. One that ended would bring nobody back.
    """
    loop = asyncio.get_running_loop()
    deaths: list[float] = []
    stopped = asyncio.ensure_future(stop.wait())
    while not stop.is_set():
        ended = asyncio.ensure_future(cluster.ended())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            ended.cancel()
            return
        deaths = [at for at in deaths if at > loop.time() - DEATHS_WINDOW_S] + [loop.time()]
        log.error("postgres.died", code=ended.result(), deaths=len(deaths), log=str(cluster.log_path))
        code = ended.result()
        if len(deaths) > 1:  # a disk that fails at the first write after each start needs time, not another start
            await pause(stop, min(START_PAUSE_S * 2 ** (len(deaths) - 2), DEATH_PAUSE_MAX_S))
        if await _start_again(cluster, stop):
            await asyncio.gather(house.db.refresh(), house.accepting.refresh())
            log.warning("postgres.mended")
            await note_restart(house, code)


async def _start_again(cluster: Cluster, stop: asyncio.Event) -> bool:
    """Start PostgreSQL, again and again where its disk is full or fails; return whether it is up.

    Meanwhile the house answers 451 and 452, and its clients come back: more than it could do for them by ending.
    """
    pause_s = START_PAUSE_S
    while not stop.is_set():
        try:
            await _start_unless(stop, cluster)
        except (LauncherError, OSError):
            log.error("postgres.not_started", log=str(cluster.log_path), next_try_s=pause_s)
            await pause(stop, pause_s)
            pause_s = min(2 * pause_s, START_PAUSE_MAX_S)
        else:
            return True
    return False


async def _start_unless(stop: asyncio.Event, cluster: Cluster) -> None:
    """Start PostgreSQL; call that off where the house is to stop: its last thread would hold it up.

    Raises:
        LauncherError: it did not start, or was called off.
        OSError: as it says.
    """
    starting, stopped = asyncio.ensure_future(asyncio.to_thread(cluster.start)), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        if not starting.done():
            cluster.call_off()
    await starting
