"""One SMTP worker: a process that receives mail on a port it shares with others like it (docs/adr/0020).

``python -m gatepost.app.worker``: what to do comes in on standard input, which then stays open for as long as whoever
started us lives; a line on standard output says that the port is open.
"""

import asyncio
import pickle
import signal
import sys

import structlog
import uvloop

from gatepost.app import logs
from gatepost.app.board import Board
from gatepost.app.build import open_house
from gatepost.app.http import CLOSE_GRACE_S
from gatepost.app.listeners import certificates_of, smtp_door
from gatepost.app.spare import spare_the_collector
from gatepost.app.workers import READY, Order

log = structlog.get_logger()


async def work(order: Order) -> None:
    """Receive mail until SIGTERM, or until standard input ends; then let messages under way be finished."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_reader(sys.stdin.fileno(), stop.set)  # nobody writes there any more: it can only have ended
    board = Board.shared(order.settings.state / "boards" / f"smtp-{order.number}.board")
    async with open_house(order.settings, order.dsn, allow_loopback=order.allow_loopback, meters=board) as house:
        door = smtp_door(order.settings, house, certificates_of(order.settings, house)["smtp"])
        await door.start(order.settings.smtp.host, order.port, reuse_port=True)
        try:
            spare_the_collector()
            sys.stdout.buffer.write(READY)
            sys.stdout.buffer.flush()
            log.info("smtp.worker_ready", number=order.number)
            await stop.wait()
        finally:
            loop.remove_reader(sys.stdin.fileno())
            await door.close(CLOSE_GRACE_S)


def main() -> None:
    """Read the order and carry it out."""
    logs.to_stream(sys.stderr)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started us, who then ends us in order
    # Our own parent wrote it, a moment ago, into a pipe that nobody else has.
    order = pickle.load(sys.stdin.buffer)  # noqa: S301  # as above
    uvloop.run(work(order))


if __name__ == "__main__":
    main()
