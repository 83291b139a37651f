"""A process that serves notes the errors nobody expected, and writes them down while it lives and when it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from gatepost.db import Database, DatabaseUnavailableError
from gatepost.jobs import end
from gatepost.journey import House
from gatepost.meters import Raised
from gatepost.trust.caught import Book

WRITE_EVERY_S = 5.0
log = structlog.get_logger()


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
        try:
            await book.write(db)
        except DatabaseUnavailableError:
            continue
        except Exception as error:  # noqa: BLE001  # nobody asks this task how it ended, and the house can do without
            log.error("errors.unwritten", error=Raised.by(error))
