from datetime import timedelta

import pytest
import structlog

from gatepost.db import Database, DatabaseUnavailableError
from gatepost.mail.address import Address, AddressError
from gatepost.meters import Raised
from gatepost.trust import caught
from gatepost.trust.caught import KINDS_MAX, Book
from gatepost.trust.fault import fault_of
from outbound import NOW, Hands
from trust.scene import Scene

SECRET = "boss@private.example"


def raised(text: str = SECRET) -> Exception:
    """Return an error raised by our own code, whose text quotes a stranger."""
    try:
        Address.parse(f"{text} is no address")
    except AddressError as error:
        return error
    raise AssertionError


def test_an_error_is_its_kind_and_place_and_no_word_of_it() -> None:
    found = fault_of(raised(), "smtp.route_failed", NOW)
    assert found.kind == "gatepost.mail.address.AddressError"
    assert found.place.startswith("mail/address.py:")
    assert "private" not in str(found)
    assert fault_of(raised("other@elsewhere.example"), "smtp.route_failed", NOW).fingerprint == found.fingerprint
    assert fault_of(raised(), "job.failed", NOW).fingerprint != found.fingerprint
    assert fault_of(ZeroDivisionError(), "x", NOW).place == "nowhere:0"


def test_a_raised_error_is_shown_by_its_kind_alone() -> None:
    assert f"{Raised.by(raised())}" == "AddressError"
    assert SECRET not in repr([Raised.by(raised()), Raised.by(raised(), "here")])


async def test_what_the_log_names_is_counted_once_and_again(scene: Scene) -> None:
    book = Book(scene.clock)
    log = structlog.wrap_logger(structlog.PrintLogger(), processors=[book, lambda *_: ""])
    log.warning("smtp.receive_failed", error=Raised.by(raised()))
    log.warning("smtp.receive_failed", error="AddressError")  # a word is no error
    scene.clock.move(timedelta(minutes=5))
    log.warning("smtp.receive_failed", error=Raised.by(ExceptionGroup("two", [raised(), ValueError(SECRET)])))
    await book.write(scene.house.db)
    await book.write(scene.house.db)
    book.note(raised(), "smtp.receive_failed")
    await book.write(scene.house.db)
    found = {each.kind: each for each in await caught.read_faults(scene.house.db)}
    one = found["gatepost.mail.address.AddressError"]
    assert (one.count, one.first_at, one.last_at) == (3, NOW, NOW + timedelta(minutes=5))
    assert found["ValueError"].count == 1
    assert caught.recent(list(found.values()), NOW + timedelta(days=2)) == []
    assert await caught.clear(scene.house.db, one.fingerprint)
    assert not await caught.clear(scene.house.db, one.fingerprint)
    assert await caught.forget(scene.house.db, NOW + timedelta(days=99)) == 1


async def test_errors_at_ever_new_places_fill_neither_book_nor_house(scene: Scene) -> None:
    book = Book(scene.clock)
    for number in range(3 * KINDS_MAX):
        book.note(ValueError(), f"event {number}")
        if number == KINDS_MAX:
            await book.write(scene.house.db)
    await book.write(scene.house.db)
    assert len(await caught.read_faults(scene.house.db)) == KINDS_MAX


async def test_what_could_not_be_written_is_kept(scene: Scene) -> None:
    book = Book(Hands())
    book.note(raised(), "x")
    async with Database.open("host=127.0.0.1 port=1", timeout_s=0.2) as nowhere:
        with pytest.raises(DatabaseUnavailableError):
            await book.write(nowhere)
    book.note(raised(), "x")
    await book.write(scene.house.db)
    assert [each.count for each in await caught.read_faults(scene.house.db)] == [2]
