"""How often a message waits for PostgreSQL: each turn is two changes of process on its way, and counts in its wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gatepost.db import Database
from gatepost.deliver.paper import Kept
from gatepost.keys import KeyStore
from journeys.scene import open_scene

TURNS = 3
"""What deciding needs; the entries and the message; the rest, and the commit."""

_SOCKET = ".s.PGSQL.5432"


@dataclass(slots=True)
class Relay:
    """Stands between a house and its PostgreSQL, and counts how often one spoke after the other."""

    turns: int = 0
    _was_answered: bool = True

    async def _upwards(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while octets := await reader.read(1 << 20):
            self.turns += self._was_answered
            self._was_answered = False
            writer.write(octets)
        writer.close()

    async def _downwards(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while octets := await reader.read(1 << 20):
            self._was_answered = True
            writer.write(octets)
        writer.close()

    @asynccontextmanager
    async def before(self, dsn: str, folder: Path) -> AsyncIterator[str]:
        """Yield where to connect to instead of ``dsn``."""
        lines: list[asyncio.Task[Any] | None] = []
        real = f"{conninfo_to_dict(dsn)['host']}/{_SOCKET}"

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            lines.append(asyncio.current_task())
            down, up = await asyncio.open_unix_connection(real)
            with suppress(ConnectionError):
                await asyncio.gather(self._upwards(reader, up), self._downwards(down, writer))

        server = await asyncio.start_unix_server(relay, folder / _SOCKET)
        try:
            yield make_conninfo(dsn, host=str(folder))
        finally:
            server.close()
            await asyncio.wait([line for line in lines if line])


async def test_a_message_waits_for_postgresql_three_times(app_dsn: str, keys: KeyStore, tmp_path: Path) -> None:
    relay = Relay()
    async with (
        relay.before(app_dsn, tmp_path) as dsn,
        Database.open(dsn, keys) as db,
        open_scene(db, tmp_path) as scene,
    ):
        for _ in range(2):  # what the first makes and remembers, others find
            await scene.boss_writes()
        before = relay.turns
        assert isinstance((await scene.boss_writes()).outcome, Kept)
        assert relay.turns - before == TURNS
