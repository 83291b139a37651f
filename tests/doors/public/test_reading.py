"""Readings that are shared, grow old, fail, or never come; and pages that are answered for."""

import asyncio
from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from doors.rest.scene import FakeClock, calls
from gatepost.db import DatabaseUnavailableError
from gatepost.doors.public.reading import Patient, Reading

FRESH = timedelta(seconds=4)
SOON_S = 0.05


class Book:
    """Something to read: each reading waits until the book is open, and gets the next page."""

    def __init__(self) -> None:
        self.page = 0
        self.fault: Exception | None = None
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.is_turned = asyncio.Event()

    async def read(self) -> int:
        await self.is_open.wait()
        if self.fault is not None:
            raise self.fault
        self.page += 1
        self.is_turned.set()
        return self.page


async def test_a_crowd_is_one_reading_and_an_old_one_is_read_anew() -> None:
    book, clock = Book(), FakeClock()
    reading = Reading(book.read, clock, FRESH)
    assert await asyncio.gather(*(reading.look() for _ in range(20))) == [1] * 20
    clock.now += FRESH
    assert await reading.look() == 2


async def test_the_next_reading_is_made_while_the_last_one_still_serves() -> None:
    book, clock = Book(), FakeClock()
    reading = Reading(book.read, clock, FRESH)
    await reading.look()
    clock.now += 3 * FRESH / 4
    book.is_turned.clear()
    assert await reading.look() == 1
    await book.is_turned.wait()
    assert await reading.look() == 2


async def test_nobody_waits_for_what_does_not_come_and_it_counts_once_it_comes() -> None:
    book, clock = Book(), FakeClock()
    reading = Reading(book.read, clock, FRESH, patience_s=SOON_S)
    await reading.look()
    book.is_open.clear()
    clock.now += FRESH
    for _ in range(3):
        with pytest.raises(DatabaseUnavailableError):
            await reading.look()
    assert reading.last == 1
    book.is_turned.clear()
    book.is_open.set()
    await book.is_turned.wait()
    assert (await reading.look(), book.page) == (2, 2)  # they all had waited for the same one


async def test_a_failure_is_everybodys_and_the_next_look_tries_again() -> None:
    book, clock = Book(), FakeClock()
    reading = Reading(book.read, clock, FRESH)
    book.fault = LookupError("torn out")
    found = await asyncio.gather(*(reading.look() for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in found] == [LookupError] * 3
    book.fault = None
    assert await reading.look() == 1


def patient(book: Book) -> Patient:
    async def show(_request: Request) -> Response:
        return PlainTextResponse(str(await book.read()))

    app = Starlette(routes=[Route("/", show, methods=["GET", "POST"])])
    return Patient(app, PlainTextResponse("later", 503), SOON_S)


async def test_a_page_that_takes_too_long_is_answered_for_and_its_own_answer_is_not_heard() -> None:
    book = Book()
    async with calls(patient(book), None) as client:
        assert (await client.get("/")).text == "1"
        book.is_open.clear()
        late = await client.get("/")
        assert (late.status_code, late.text) == (503, "later")
        book.is_turned.clear()
        book.is_open.set()
        await book.is_turned.wait()
        assert (await client.get("/")).text == "3"


async def test_whoever_sent_a_form_hears_what_became_of_it() -> None:
    book = Book()
    book.is_open.clear()
    async with calls(patient(book), None) as client, asyncio.TaskGroup() as group:
        sent = group.create_task(client.post("/"))
        await asyncio.sleep(3 * SOON_S)
        assert not sent.done()
        book.is_open.set()
    assert sent.result().text == "1"
