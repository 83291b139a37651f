"""An account's events in order, for readers without a public URL: who reads along, and how they are woken."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog

from gatepost import mailbox
from gatepost.act import stream_store, webhook
from gatepost.act.paper import Event, EventKind
from gatepost.db import Database, Transaction
from gatepost.ids import AccountId, TenantId
from gatepost.keys import KeyringError, KeysUnusableError

READERS_MAX = 256
READERS_PER_ACCOUNT_MAX = 16

log = structlog.get_logger()


class TooManyReadersError(Exception):
    """No more readers fit; one that ends makes room."""


class Streams:
    """The readers of this process, and how they hear that their account has something new."""

    def __init__(self) -> None:
        self._readers: dict[tuple[TenantId, AccountId], set[asyncio.Event]] = {}
        self._count = 0
        self.is_closed = False

    @contextmanager
    def reading(self, tenant: TenantId, account: AccountId) -> Iterator[asyncio.Event]:
        """Yield what is set whenever there may be something new.

        Raises:
            TooManyReadersError: there are too many, or the house is about to stop.
        """
        here = self._readers.get((tenant, account), set())
        if self.is_closed or self._count >= READERS_MAX or len(here) >= READERS_PER_ACCOUNT_MAX:
            raise TooManyReadersError
        self._readers[tenant, account] = here
        bell = asyncio.Event()
        here.add(bell)
        self._count += 1
        try:
            yield bell
        finally:
            self._count -= 1
            here.discard(bell)
            if not here:
                self._readers.pop((tenant, account), None)

    async def place(self, db: Database) -> bool:
        """Give what committed its place, and wake its readers; True where there was something."""
        placed = await stream_store.place(db)
        for tenant, account in placed:
            for bell in self._readers.get((tenant, account), ()):
                bell.set()
        return bool(placed)

    def close(self) -> None:
        """Let every reader go, and none come: the house is about to stop."""
        self.is_closed = True
        for bells in self._readers.values():
            for bell in bells:
                bell.set()


async def said(tx: Transaction, event: Event) -> bytes | None:
    """Return what is said of an event: the same octets as by webhook; None where its message is erased or gone.

    Also where nobody can read it because its row is damaged: no reader would get past it.
    """
    if event.kind is not EventKind.RECEIVED or event.email is None:
        return webhook.payload(event, None)
    try:
        email = await mailbox.find(tx, event.email)
    except KeysUnusableError:
        raise
    except KeyringError as error:
        log.error("stream.unreadable", told=event.id, error=str(error))
        return None
    return None if email is None or email.is_erased else webhook.payload(event, email)


async def page(
    tx: Transaction, account: AccountId, *, after: int, kinds: Sequence[EventKind], limit: int
) -> list[Event]:
    """Return the events after a place, in order."""
    return await stream_store.page(tx, account, after=after, kinds=kinds, limit=limit)
