"""A process that serves notes the errors nobody expected, and writes them down while it lives and when it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from gatepost.db import Database, DatabaseUnavailableError
from gatepost.jobs import end
from gatepost.journey import House
from gatepost.trust.caught import Book

WRITE_EVERY_S = 5.0


@asynccontextmanager
async def noting(house: House) -> AsyncIterator[Book]:
    """Note errors while the context lasts, and the one it ends by."""
    book = Book(house.clock)
    before = structlog.get_config()["processors"]
    structlog.configure(processors=[book, *before])
    writing = asyncio.ensure_future(_write(book, house.db))
    try:
        yield book
    except Exception as error:
        book.note(error, "house.ended")
        raise
    finally:
        structlog.configure(processors=before)
        await end([writing])
        with suppress(DatabaseUnavailableError):
            await book.write(house.db)


async def _write(book: Book, db: Database) -> None:
    while True:
        await asyncio.sleep(WRITE_EVERY_S)
        with suppress(DatabaseUnavailableError):
            await book.write(db)
