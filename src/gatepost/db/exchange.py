"""Statements and their answers over one connection: what is asked in one turn of the event loop travels together.

PostgreSQL's pipeline mode, over psycopg's own libpq: a statement costs a tenth of what a cursor of psycopg costs, and
those that do not need each other's answers cost one round trip in all. Each is prepared the first time it is seen.
What nobody waits for, such as what begins a transaction, is sent along with the next that somebody does.
"""

import asyncio
import itertools
import re
import select
from collections import deque, namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGresult

from gatepost.db.column import Column

PREPARED_MAX = 500
"""Statements one connection remembers. Ours are fewer; a caller that spells them anew each time finds an end here."""

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)([sb])|%)")
_DONE = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.EMPTY_QUERY})


class _Spelled(NamedTuple):
    """A query as PostgreSQL reads it: ``$1`` for ``%(name)s``, and which values stand where, in which format."""

    text: bytes
    names: tuple[str, ...]
    formats: tuple[PyFormat, ...]


@lru_cache(maxsize=1000)
def _spell(query: str) -> _Spelled:
    places: dict[tuple[str, str], int] = {}

    def place(found: re.Match[str]) -> str:
        if not found[1]:
            return "%"
        return f"${places.setdefault((found[1], found[2]), len(places) + 1)}"

    text = _PLACEHOLDER.sub(place, query).encode()
    formats = tuple(PyFormat.BINARY if letter == "b" else PyFormat.AUTO for _, letter in places)
    return _Spelled(text, tuple(name for name, _ in places), formats)


@lru_cache(maxsize=1000)
def _row_maker(names: tuple[str, ...]) -> Callable[[Sequence[Any]], Any]:
    fields = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024  # the columns name its fields
    return fields._make


class Connection(psycopg.AsyncConnection[Any]):
    """A connection that remembers what it prepared."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prepared: dict[tuple[bytes, tuple[int, ...]], bytes] = {}
        self.names = (b"gatepost_%d" % number for number in itertools.count())
        self.transformer = Transformer(self)


@dataclass(slots=True)
class _Ready:
    """A statement that waits to be sent."""

    text: bytes
    octets: Sequence[Any]
    types: tuple[int, ...]
    formats: Sequence[Format]
    done: asyncio.Future[PGresult] | None
    is_waited: bool


@dataclass(slots=True)
class _Sent:
    """A statement that waits for its answer; ``preparing`` where the answer is that it was understood."""

    done: asyncio.Future[PGresult] | None = None
    is_waited: bool = False
    preparing: tuple[bytes, tuple[int, ...]] | None = None


class Exchange:
    """One connection in use, from ``open`` to ``close``.

    Attributes:
        failure: what a statement met last.
        unheard: the same, while nobody who waited has been told of it.
        has_asked: something was sent; until then the server knows of nothing, and there is nothing to take back.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pg = connection.pgconn
        self._loop = asyncio.get_running_loop()
        self._socket = -1
        self._ends = select.poll()
        self._ready: list[_Ready] = []
        self._sent: deque[_Sent] = deque()
        self._is_writing = False
        self._is_due = False
        self.failure: psycopg.Error | None = None
        self.unheard: psycopg.Error | None = None
        self.has_asked = False

    @property
    def is_lost(self) -> bool:
        """The connection is gone, or given back: nothing more can be asked over it."""
        return self._socket < 0

    def open(self) -> None:
        """Begin; raises ``psycopg.OperationalError`` where the connection is dead."""
        self._socket = self._pg.socket
        self._ends.register(self._socket, 0)  # an error and a hang-up are told unasked
        self._pg.enter_pipeline_mode()
        self._loop.add_reader(self._socket, self._receive)
        if len(self._connection.prepared) > PREPARED_MAX:
            self._connection.prepared.clear()
            self.send("deallocate all", {})

    def send(self, query: str, values: Mapping[str, object]) -> None:
        """Execute with what is asked next; what goes wrong is raised there."""
        self._put(query, values, None)

    def put(self, query: str, values: Mapping[str, object], *, is_waited: bool = True) -> asyncio.Future[PGresult]:
        """Execute with what else is asked in this turn of the loop; return what will have the answer.

        Where it is not ``is_waited`` for, it is sent like ``send``.

        That raises ``psycopg.Error`` where this statement failed, or one sent before it whose answer nobody waited for.
        """
        done: asyncio.Future[PGresult] = self._loop.create_future()
        self._put(query, values, done, is_waited=is_waited)
        return done

    def rows(self, result: PGresult, *, is_named: bool = True) -> list[Any]:
        """Return an answer's rows; columns are attributes where ``is_named``."""
        make: Any = tuple
        if is_named:
            make = _row_maker(tuple((result.fname(place) or b"").decode() for place in range(result.nfields)))
        transformer = self._connection.transformer
        transformer.set_pgresult(result)
        return transformer.load_rows(0, result.ntuples, make)

    def forget(self) -> None:
        """Take back what was not sent yet."""
        self._ready.clear()

    async def close(self) -> None:
        """End. A connection with an answer outstanding is broken off, and what it does on the server with it."""
        if self._socket < 0:
            return
        self._leave_loop()
        if self._pg.status == ConnStatus.OK and not self._sent:
            self._pg.exit_pipeline_mode()
            return
        if self._pg.status == ConnStatus.OK:
            await self._connection.cancel_safe(timeout=1)
        await self._connection.close()

    def _put(
        self,
        query: str,
        values: Mapping[str, object],
        done: asyncio.Future[PGresult] | None,
        *,
        is_waited: bool = False,
    ) -> None:
        if self._socket < 0:
            raise psycopg.OperationalError("the connection is lost")
        text, names, formats = _spell(query)
        octets, types, sent_as = self._dump([values[name] for name in names], formats)
        self._ready.append(_Ready(text, octets, types, sent_as, done, is_waited))
        if is_waited and not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._flush)

    def _dump(
        self, values: list[object], formats: Sequence[PyFormat]
    ) -> tuple[list[Any], tuple[int, ...], list[Format]]:
        """Return the values' octets, types and formats; a ``Column`` has all of them already."""
        columns = {place: value for place, value in enumerate(values) if isinstance(value, Column)}
        for place in columns:
            values[place] = None
        transformer = self._connection.transformer
        octets = list(transformer.dump_sequence(values, formats))
        types, sent_as = list(transformer.types or ()), list(transformer.formats or ())
        for place, column in columns.items():
            octets[place], types[place], sent_as[place] = column.octets, column.type_oid, Format.BINARY
        return octets, tuple(types), sent_as

    def _flush(self) -> None:
        """Send all that is ready, and ask for the answers."""
        ready, self._ready, self._is_due = self._ready, [], False
        if not ready or self._socket < 0:
            return
        self.has_asked = True
        try:
            for statement in ready:
                name = self._prepared(statement)
                self._pg.send_query_prepared(name, statement.octets, statement.formats, Format.BINARY)
                self._sent.append(_Sent(statement.done, statement.is_waited))
            self._pg.pipeline_sync()
            self._sent.append(_Sent())
            self._push()
        except psycopg.OperationalError as error:
            self._ready = ready
            self._lose(error)

    def _prepared(self, statement: _Ready) -> bytes:
        key = (statement.text, statement.types)
        name = self._connection.prepared.get(key)
        if name is None:
            name = self._connection.prepared[key] = next(self._connection.names)
            self._pg.send_prepare(name, statement.text, statement.types)
            self._sent.append(_Sent(preparing=key))
        return name

    def _push(self) -> None:
        """Write as much as the socket takes; while it does not take all, come again when it does."""
        try:
            is_more = bool(self._pg.flush())
        except psycopg.OperationalError as error:
            self._lose(error)
            return
        if self._pg.status == ConnStatus.BAD:  # as in _receive
            self._lose(psycopg.OperationalError("the connection was closed"))
            return
        if is_more and not self._is_writing:
            self._loop.add_writer(self._socket, self._push)
        elif self._is_writing and not is_more:
            self._loop.remove_writer(self._socket)
        self._is_writing = is_more

    def _receive(self) -> None:
        if self._socket < 0:
            return
        try:
            self._pg.consume_input()
            while self._sent and not self._pg.is_busy():
                self._take(self._pg.get_result())
        except psycopg.OperationalError as error:
            self._lose(error)
        else:
            if self._pg.status == ConnStatus.BAD:  # libpq closed it itself, and the loop will hear no more of it
                self._lose(psycopg.OperationalError("the connection was closed"))
            elif self._ends.poll(0):  # uvloop calls once for a socket with an error, and libpq read a last word there
                self._loop.call_soon(self._receive)

    def _take(self, result: PGresult | None) -> None:
        """Hand on one answer. After a failure PostgreSQL skips the rest, up to where the answers were asked for."""
        sent = self._sent[0]
        if result is None or result.status == ExecStatus.PIPELINE_SYNC:
            self._sent.popleft()
            if sent.done and not sent.done.done():  # libpq has no answers any more: the server went
                sent.done.set_exception(psycopg.OperationalError("the connection was closed"))
            return
        if result.status in _DONE:
            if sent.done and not sent.done.done():
                sent.done.set_result(result)
            return
        if sent.preparing:
            self._connection.prepared.pop(sent.preparing, None)
        error = psycopg.errors.error_from_result(result)
        # Of what comes after a failure the server only says that there was one: whoever waits is told what it was.
        is_unheard = self.unheard is not None and isinstance(error, psycopg.errors.InFailedSqlTransaction)
        if self.failure is None or not (is_unheard or result.status == ExecStatus.PIPELINE_ABORTED):
            self.failure = self.unheard = error
        if sent.is_waited:
            self.unheard = None
        if sent.done and not sent.done.done():
            sent.done.set_exception(self.failure)

    def _lose(self, error: psycopg.OperationalError) -> None:
        """Tell whoever waits that the connection is gone."""
        self._leave_loop()
        for done in (*(sent.done for sent in self._sent), *(ready.done for ready in self._ready)):
            if done and not done.done():
                done.set_exception(psycopg.OperationalError(str(error)))
        self._sent.clear()
        self._ready.clear()
        self._connection.pgconn.finish()

    def _leave_loop(self) -> None:
        if self._socket >= 0:
            self._loop.remove_reader(self._socket)
            if self._is_writing:
                self._loop.remove_writer(self._socket)
            self._socket = -1
