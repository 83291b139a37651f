"""One SMTP worker: a process that receives mail on a port it shares with others like it (docs/adr/0020).

``python -m gatepost.app.worker``: what to do comes in on standard input, and again whenever the settings change; it
stays open for as long as whoever started us lives. Lines on standard output say that the port is open, and from then
on that the loop turns.
"""

import asyncio
import os
import pickle
import signal
import ssl
import sys
from contextlib import suppress

import uvloop

from gatepost.app import logs, process
from gatepost.app.beside import Beside
from gatepost.app.board import Board
from gatepost.app.build import open_house
from gatepost.app.errors import CLOSE_GRACE_S, STOP_ANSWER_S, lacks_threads
from gatepost.app.noting import noting
from gatepost.app.reload import POLL_S, Changeable, adopt, read_pairs, renew
from gatepost.app.smtp import Operator, certificates_of, smtp_door
from gatepost.app.structured import structlog
from gatepost.app.workers import BEAT, BEAT_S, READY, Order
from gatepost.jobs.pause import pause
from gatepost.journey import House
from gatepost.record import keep_connections
from gatepost.settings import SettingsError

log = structlog.get_logger()


async def work() -> None:
    """Receive mail until SIGTERM, or until standard input ends; then let messages under way be finished."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    told = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(told), sys.stdin)
    order = await hear(told)
    if order is None:
        return
    process.prepare()
    settings = order.settings
    board = Board.shared(order.board)
    async with (
        open_house(settings, order.dsn, allow_loopback=order.allow_loopback, meters=board) as house,
        noting(house),
    ):
        certificate = certificates_of(settings, house)["smtp"]
        door = smtp_door(settings, house, certificate)
        async with asyncio.TaskGroup() as counting:  # until the door is closed
            counting.create_task(
                keep_connections(
                    house.db, house.egress, Operator(house).tenant, house.clock, house.entropy, stop
                )  # its own: scanners, DNS and bodies are asked from here
            )
            await door.start(settings.smtp.host, order.port, reuse_port=True)
            try:
                process.settle_in()
                sys.stdout.buffer.write(READY)
                sys.stdout.buffer.flush()
                log.info("smtp.worker_ready", number=order.number)
                async with asyncio.TaskGroup() as chores:
                    following = chores.create_task(_follow(told, Changeable(door, {"smtp": certificate}), house, stop))
                    chores.create_task(process.keep_tidy(stop))
                    chores.create_task(process.watch_files(board, stop))
                    chores.create_task(beat(stop))
                    await stop.wait()
                    following.cancel()
            finally:
                stop.set()
                house.hurry(STOP_ANSWER_S)
                await door.close(CLOSE_GRACE_S)


async def beat(stop: asyncio.Event) -> None:
    """Say again and again that the loop turns, until ``stop``; that nobody listens is no reason to fail or to wait."""
    said = sys.stdout.fileno()
    os.set_blocking(said, False)
    while not stop.is_set():
        with suppress(BrokenPipeError, BlockingIOError):
            os.write(said, BEAT)
        await pause(stop, BEAT_S)


async def hear(told: asyncio.StreamReader) -> Order | None:
    """Return the next order; None where whoever gave them is gone."""
    try:
        size = int.from_bytes(await told.readexactly(4), "big")
        # Our own parent wrote it, a moment ago, into a pipe that nobody else has.
        order = pickle.loads(await told.readexactly(size))  # noqa: S301  # as above
    except asyncio.IncompleteReadError:
        return None
    return order if isinstance(order, Order) else None


async def _follow(told: asyncio.StreamReader, door: Changeable, house: House, stop: asyncio.Event) -> None:
    """Adopt what is told, and certificates that change on disk; set ``stop`` once nobody can tell any more."""
    listening, beside = asyncio.ensure_future(hear(told)), Beside()
    order: Order | None = None  # the latest, until it is obeyed: nobody gives it twice
    said: str | None = None
    while True:
        await asyncio.wait([listening], timeout=POLL_S)
        if listening.done():
            if (order := listening.result()) is None:
                stop.set()
                return
            listening = asyncio.ensure_future(hear(told))
        if beside.is_hanging:
            continue
        try:
            if order is None:
                refused = await beside(lambda: renew(door, house.clock()))
            else:
                settings, refused = order.settings, ""
                fresh = await beside(lambda: read_pairs(door, settings))  # noqa: B023  # awaited before the next
                adopt(door, settings, fresh, house.clock())
                order = None
        except (SettingsError, OSError, ssl.SSLError) as error:  # a file went between the house's look and ours
            refused = type(error).__name__
        if refused and refused != said:  # once, however often it is tried
            log.error("smtp.worker_refused", why=refused)
        said = refused


def main() -> None:
    """Hear the order and carry it out."""
    logs.to_stream(sys.stderr)
    logs.hush_crashes(sys.stderr)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started us, who then ends us in order
    try:
        uvloop.run(work())
    except (RuntimeError, ExceptionGroup) as error:
        if not lacks_threads(error):
            raise
        log.error("smtp.worker_ended", why="the system allows no further thread", next_step="raise TasksMax or memory")
        sys.exit(1)  # whoever started us begins anew


if __name__ == "__main__":
    main()
