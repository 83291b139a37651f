"""The agents' process's way out, as the house keeps it: asked for at a door, judged by egress, relayed octet by octet.

That process has no socket but to this machine (``app.confine``). It asks here for a host and port; the register says
whether it may, and this process connects. Its database, where that is reached over the network, has a socket here
too, and so have the objects of a bucket.
"""

import asyncio
import fcntl
import json
import os
import shutil
import tempfile
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path

import structlog

from gatepost.app.barring import bar
from gatepost.app.build import accept_dsn, ways_of
from gatepost.app.usher import USHER, Usher
from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.db.outside import Place, near, places, silence_of, sockets_of, start_tls
from gatepost.egress import Egress, EgressRefusedError, Errand, Purpose, Rule, UnreachableError
from gatepost.egress.knock import FAILED, GONE, LINE_MAX_OCTETS, OPEN, UNREACHABLE, Asked
from gatepost.journey import House
from gatepost.settings import Settings

FOR_TURNS = frozenset({Purpose.MODEL, Purpose.TOOL})
"""What may be asked for at the door."""

CONNECTIONS_MAX = 256
"""Carried on at once through one socket: what takes more is no agent's turn, and the house needs its files itself."""

ASK_S, CONNECT_S = 10.0, 20.0
DOOR = "door"
OBJECT_MAX_OCTETS = 268_435_456
_PIECE_OCTETS = 65_536
_HANDSHAKE, _CLIENT_HELLO, _HELLO_OCTETS = b"\x16\x03", 1, 6
_FOLDERS = "gatepost-ways-"
_MAKING_S = 60.0

log = structlog.get_logger()


class Doorway:
    """Opens for the agents' process what the register opens for it.

    Args:
        egress: with the register of that process.
        blobs: where its objects lie.
        dsns: of the database it works with, one for each of its roles.
    """

    def __init__(self, egress: Egress, blobs: Blobs, *dsns: str) -> None:
        self.egress = egress
        self._blobs = blobs
        self._dsns = dsns

    @asynccontextmanager
    async def open(self) -> AsyncIterator[tuple[Path, list[str]]]:
        """Yield the door's path and the connection strings to use beside it, while the context lasts."""
        with own_folder() as folder:
            async with AsyncExitStack() as stack:
                await _listen(stack, Path(folder, DOOR), self._answer)
                beside, first = [], 1
                for dsn in self._dsns:
                    hosts = places(dsn)
                    for number, host in enumerate(hosts, first):
                        await _listen(stack, Path(folder, f".s.PGSQL.{number}"), partial(self._database, dsn, host))
                    beside.append(near(dsn, folder, first=first))
                    first += len(hosts)
                sockets = {str(Path(folder, DOOR)), *(each for dsn in beside for each in sockets_of(dsn))}
                stack.enter_context(Usher(sockets).at(Path(folder, USHER)))
                yield Path(folder, DOOR), beside

    async def _answer(self, reader: StreamReader, writer: StreamWriter) -> None:
        async with asyncio.timeout(ASK_S):
            line = await reader.readline()
        try:
            asked = Asked.read(line)
        except ValueError:
            await serve_object(self._blobs, line, reader, writer)
            return
        word, far = await self._reach(asked)
        writer.write(f"{word}\n".encode())
        if far is None:
            return
        try:
            if not asked.in_clear:
                far[1].write(await _client_hello(reader))
        except BaseException:
            far[1].close()
            raise
        await _relay((reader, writer), far)

    async def _reach(self, asked: Asked) -> tuple[str, tuple[StreamReader, StreamWriter] | None]:
        """Return the word to say and, where it is OPEN, the connection."""
        if asked.errand.purpose not in FOR_TURNS:
            return Rule.UNDECLARED, None
        try:
            opened = await self.egress.connect(
                asked.errand, asked.host, asked.port, timeout_s=CONNECT_S, in_clear=asked.in_clear
            )
        except EgressRefusedError as error:
            return error.rule, None
        except UnreachableError:
            return UNREACHABLE, None
        return OPEN, await asyncio.open_connection(sock=opened.socket)

    async def _database(self, dsn: str, place: Place, reader: StreamReader, writer: StreamWriter) -> None:
        """Carry one connection of libpq on, with TLS where the connection string asks for it."""
        host, port = place
        with suppress(EgressRefusedError, UnreachableError):
            opened = await self.egress.connect(Errand(Purpose.DATABASE), host, port, timeout_s=CONNECT_S)
            opened.notice_silence(**silence_of(dsn))
            far = await asyncio.open_connection(sock=opened.socket)
            try:
                async with asyncio.timeout(CONNECT_S):
                    await start_tls(far, dsn, host, must_encrypt=opened.must_encrypt)
            except BaseException:
                far[1].close()
                raise
            await _relay((reader, writer), far)


@contextmanager
def own_folder(among: Path | None = None) -> Iterator[str]:
    """Yield a folder for sockets, whose path must be short; those that killed houses have left are removed.

    A folder is locked as long as its house lives; one that is not, and is no longer being made, is nobody's.
    """
    for left in (among or Path(tempfile.gettempdir())).glob(f"{_FOLDERS}*"):
        with suppress(OSError):
            if left.stat().st_uid == os.geteuid() and time.time() - left.stat().st_mtime > _MAKING_S:
                with _locked(left):
                    shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=_FOLDERS, dir=among) as folder, _locked(Path(folder)):
        yield folder


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(held)


@asynccontextmanager
async def doorway(
    settings: Settings, house: House, dsn: str, *, allow_loopback: bool = False
) -> AsyncIterator[Doorway]:
    """Yield a house's doorway, shut as yet.

    Raises:
        SettingsError: a setting cannot be used.
    """
    ways = ways_of(settings, dsn, allow_loopback=allow_loopback, for_agents=True)
    async with ways.resolver:
        await bar(ways.egress, house.db, settings, house.clock())
        yield Doorway(ways.egress, house.blobs, dsn, accept_dsn(settings, dsn))


async def _listen(
    stack: AsyncExitStack, path: Path, answer: Callable[[StreamReader, StreamWriter], Awaitable[None]]
) -> None:
    """Let ``answer`` have each connection to a socket, and end those under way with the stack."""
    under_way: set[asyncio.Task[None]] = set()

    async def run(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError) as error:
            log.warning("agents.connection_ended", why=type(error).__name__)
        finally:
            writer.close()

    def begin(reader: StreamReader, writer: StreamWriter) -> None:
        if len(under_way) >= CONNECTIONS_MAX:
            writer.close()
            return
        task = asyncio.ensure_future(run(reader, writer))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    async def end() -> None:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    stack.push_async_callback(end)
    server = await asyncio.start_unix_server(begin, path, limit=LINE_MAX_OCTETS)
    stack.callback(server.close)


async def _client_hello(reader: StreamReader) -> bytes:
    """Return how the asker begins TLS, which is what was opened (RFC 8446 sections 5.1 and 4).

    Raises:
        ValueError: it begins something else, in clear.
        IncompleteReadError: it hung up.
        TimeoutError: it says nothing.
    """
    async with asyncio.timeout(CONNECT_S):
        head = await reader.readexactly(_HELLO_OCTETS)
    if not head.startswith(_HANDSHAKE) or head[-1] != _CLIENT_HELLO:
        raise ValueError("TLS was asked for and not begun")
    return head


async def _relay(near_side: tuple[StreamReader, StreamWriter], far_side: tuple[StreamReader, StreamWriter]) -> None:
    """Pass octets both ways until one side has said its last."""
    ways = [
        asyncio.ensure_future(_pass_on(near_side[0], far_side[1])),
        asyncio.ensure_future(_pass_on(far_side[0], near_side[1])),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        far_side[1].close()


async def _pass_on(reader: StreamReader, writer: StreamWriter) -> None:
    while octets := await reader.read(_PIECE_OCTETS):
        writer.write(octets)
        await writer.drain()


async def serve_object(blobs: Blobs, line: bytes, reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one request of ``blobs.distant``.

    Args:
        blobs: where the objects lie.
        line: what was asked.
        reader: has the object's octets where one is to be written.
        writer: takes the answer: its size in eight octets, then itself.

    Raises:
        ValueError: that is no request.
    """
    try:
        asked = json.loads(line)
    except RecursionError as error:
        raise ValueError("no request") from error
    match asked:
        case {"verb": "write" | "read" | "remove" as verb, "path": str(path), "size": int(size)}:
            octets = await reader.readexactly(_bounded(size))
        case _:
            raise ValueError("no request")
    verbs: dict[str, Callable[[], Awaitable[bytes | None]]] = {
        "write": lambda: blobs.write(path, octets),
        "read": lambda: blobs.read(path),
        "remove": lambda: blobs.remove(path),
    }
    try:
        found = await verbs[verb]()
    except BlobsUnavailableError:
        writer.write(FAILED.to_bytes(8, "big", signed=True))
    else:
        size = GONE if found is None else len(found)
        writer.write(size.to_bytes(8, "big", signed=True) + (found or b""))
    await writer.drain()


def _bounded(size: int) -> int:
    if not 0 <= size <= OBJECT_MAX_OCTETS:
        raise ValueError("too large an object")
    return size
