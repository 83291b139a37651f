"""A house whose object store forgets to flush: what a trace of it must be told apart from ours by. Run as a program."""

import asyncio
import os
import signal
from dataclasses import replace

from typing_extensions import override

from gatepost.app import sandbox, state
from gatepost.app.build import embedded_postgres, open_house
from gatepost.app.smtp import certificates_of, smtp_door
from gatepost.app.state import Running
from gatepost.blobs import Blobs
from gatepost.blobs.folder import Folder
from gatepost.settings import Settings, from_process


class Forgetful(Folder):
    @override
    def _flush(self, descriptor: int) -> None:
        """Say nothing to the disk."""


async def serve(settings: Settings, dsn: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    async with open_house(settings, dsn) as house:
        await sandbox.ensure(settings, house)
        careless = replace(house, blobs=Blobs(Forgetful(settings.state / "blobs")))
        door = smtp_door(settings, careless, certificates_of(settings, house)["smtp"])
        port = await door.start("127.0.0.1", 0)
        up = Running(
            pid=os.getpid(),
            base_url="",
            smtp_host="127.0.0.1",
            smtp_port=port,
            dsn=dsn,
            http_port=0,
            metrics_port=0,
        )
        with state.announced(settings.state, up):
            await stop.wait()
        await door.close(1)


def main() -> None:
    settings = from_process()
    with state.locked(state.prepare(settings.state)), embedded_postgres(settings) as cluster:
        asyncio.run(serve(settings, cluster.dsn("gatepost_app")))


if __name__ == "__main__":
    main()
