"""A dependency that truly fails: its error is written down by each process that meets it, without a word of it."""

import asyncio
import shutil
import smtplib
from pathlib import Path

import pytest
import structlog
from structlog.typing import EventDict

from app.running import settings_in, up
from gatepost.app import administer, trusting
from gatepost.app.noting import noting
from gatepost.db import Database
from gatepost.trust import caught
from gatepost.trust.caught import Book
from gatepost.trust.probe.mail import FRIEND

WORDS = "the quick brown fox\r\n" * 8_000
"""More than is kept in the database: it needs the store."""


def _hand_in(port: int, recipient: str) -> int:
    """Hand a long mail in; return the reply's code."""
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as door:
        door.ehlo()
        door.mail(FRIEND)
        door.rcpt(recipient)
        code, _ = door.data(f"From: {FRIEND}\r\nTo: {recipient}\r\nSubject: long\r\n\r\n{WORDS}\r\n")
        return code


async def test_a_broken_store_is_an_error_with_kind_and_place(tmp_path: Path, app_dsn: str) -> None:
    async with up(settings_in(tmp_path), app_dsn) as house:
        await administer.add_tenant(house.house, name="one", plan="sandbox")
        canary = await trusting.ensure_canary(house.house)
        store = tmp_path / "blobs"
        shutil.rmtree(store, ignore_errors=True)
        store.write_text("this is no folder")
        code = await asyncio.to_thread(_hand_in, house.running.smtp_port, canary.address)
        assert code == 451
        found = {}
        for _ in range(300):
            found = {each.during: each for each in await caught.read_faults(house.house.db)}
            if "smtp.receive_failed" in found:
                break
            await asyncio.sleep(0.1)
        one = found["smtp.receive_failed"]
        assert one.kind == "gatepost.blobs.errors.BlobsUnavailableError"
        assert one.place.startswith("blobs/")
        assert "quick" not in str(found)
        store.unlink()


async def test_the_error_a_process_ends_by_is_written_down_too(tmp_path: Path, app_dsn: str) -> None:
    before = structlog.get_config()["processors"]
    async with up(settings_in(tmp_path), app_dsn) as house:
        with pytest.raises(ZeroDivisionError):
            async with noting(house.house):
                raise ZeroDivisionError
        kinds = {each.kind: each.during for each in await caught.read_faults(house.house.db)}
    assert kinds["ZeroDivisionError"] == "house.ended"
    assert structlog.get_config()["processors"] == before


async def test_errors_that_cannot_be_written_down_are_told_and_tried_again(
    tmp_path: Path, app_dsn: str, said: list[EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    write, broken = Book.write, [ZeroDivisionError()]

    async def write_later(book: Book, db: Database) -> None:
        if broken:
            raise broken.pop()
        await write(book, db)

    async with up(settings_in(tmp_path), app_dsn) as house:
        monkeypatch.setattr(Book, "write", write_later)
        monkeypatch.setattr("gatepost.app.noting.WRITE_EVERY_S", 0.01)
        async with asyncio.timeout(30), noting(house.house):
            while not any(each.kind == "ZeroDivisionError" for each in await caught.read_faults(house.house.db)):  # noqa: ASYNC110  # nobody tells
                await asyncio.sleep(0.05)
    assert [line["error"] for line in said if line["event"] == "errors.unwritten"] == ["ZeroDivisionError"]
