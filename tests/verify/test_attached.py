"""Attached files as evidence: cut out of the message, read elsewhere, and shown as spans."""

import asyncio
import binascii
import threading

import pytest
from typing_extensions import override

from gatepost.mail import fields
from gatepost.verify import attached, content
from gatepost.verify.extract import Extractor
from gatepost.verify.extract.kinds import Kind
from gatepost.verify.paper import Content, Extraction, Technique
from gatepost.verify.reading import characters
from gatepost.verify.reading.marks import Marks

CALENDAR = "BEGIN:VCALENDAR\r\nDESCRIPTION:do as I say\r\nEND:VCALENDAR"


def message(*parts: tuple[str, str, str]) -> bytes:
    body = "".join(
        f'--b\r\nContent-Type: {kind}\r\nContent-Disposition: attachment; filename="{name}"\r\n\r\n{text}\r\n'
        for kind, name, text in parts
    )
    return f"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n{body}--b--\r\n".encode()


def read(raw: bytes) -> Content:
    return content.read(raw, fields.split(raw))


class Reader:
    """An honest reader of plain text that takes its time."""

    def __init__(self, *, seconds: float = 0.0) -> None:
        self._seconds = seconds
        self.asked: list[Kind] = []

    async def read(self, kind: Kind, octets: bytes) -> tuple[Extraction, str]:
        self.asked.append(kind)
        await asyncio.sleep(self._seconds)
        return Extraction.DONE, octets.decode()


async def test_what_files_say_becomes_text_and_spans_of_the_reading() -> None:
    raw = message(("text/calendar", "a.ics", CALENDAR), ("image/png", "b.png", "x"), ("text/csv", "c.csv", "1,2"))
    said = read(raw)
    extractor = Extractor(processes=1)
    try:
        found = (await attached.read(said, attached.cut(raw, said.reading), extractor)).reading
    finally:
        await extractor.close()
    assert [(one.extraction, one.text) for one in found.attachments] == [
        (Extraction.DONE, "do as I say"), (Extraction.NOT_TRIED, ""), (Extraction.DONE, "1,2"),
    ]  # fmt: skip
    assert [(span.technique, span.place, span.start, span.end) for span in found.spans] == [
        (Technique.CALENDAR, "attachment:2", 0, 11), (Technique.ATTACHMENT_TEXT, "attachment:4", 0, 3),
    ]  # fmt: skip
    assert found.human == said.reading.human


async def test_unseen_characters_of_a_file_are_shown_too() -> None:
    raw = message(("text/plain", "a.txt", "x\U000e006f\U000e006b"))
    said = read(raw)
    spans = (await attached.read(said, attached.cut(raw, said.reading), Reader())).reading.spans
    assert [span.technique for span in spans] == [Technique.ATTACHMENT_TEXT, Technique.TAG_CHARACTERS]


async def test_they_are_looked_for_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million of them held the loop for most of a second."""
    threads: list[int] = []
    clean = characters.clean

    def noting(text: str, place: str, start: int, marks: Marks) -> str:
        threads.append(threading.get_ident())
        return clean(text, place, start, marks)

    raw = message(("text/plain", "a.txt", "x" * 100_000))
    said = read(raw)
    monkeypatch.setattr(characters, "clean", noting)
    await attached.read(said, attached.cut(raw, said.reading), Reader())
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_a_mail_without_files_needs_no_reader() -> None:
    assert not attached.has_files(read(b"Subject: x\r\n\r\nhi").reading)
    assert not attached.has_files(read(message(("image/png", "b.png", "x"))).reading)
    assert attached.has_files(read(message(("text/csv", "c.csv", "1"))).reading)


async def test_more_files_than_we_read_say_so() -> None:
    raw = message(*[("text/csv", f"{at}.csv", "1,2") for at in range(attached.MAX_FILES + 1)])
    said = read(raw)
    reader = Reader()
    found = (await attached.read(said, attached.cut(raw, said.reading), reader)).reading.attachments
    assert len(reader.asked) == attached.MAX_FILES
    assert (found[-1].extraction, found[-1].text) == (Extraction.TOO_LARGE, "")


async def test_more_text_than_we_keep_is_cut() -> None:
    raw = message(("text/csv", "a.csv", "x" * 600_000), ("text/csv", "b.csv", "y" * 600_000))
    said = read(raw)
    found = (await attached.read(said, attached.cut(raw, said.reading), Reader())).reading.attachments
    assert [len(one.text) for one in found] == [600_000, 400_000]
    assert found[1].extraction is Extraction.CUT


async def test_files_that_are_not_read_in_time_say_so() -> None:
    raw = message(("text/csv", "a.csv", "1"))
    said = read(raw)
    found = await attached.read(said, attached.cut(raw, said.reading), Reader(seconds=9.0), deadline_s=0.05)
    assert found.reading.attachments[0].extraction is Extraction.TIMEOUT


class Failing(Reader):
    """Reads texts that say so not at all."""

    @override
    async def read(self, kind: Kind, octets: bytes) -> tuple[Extraction, str]:
        outcome, text = await super().read(kind, octets)
        return (Extraction.TIMEOUT, "") if text == "slow" else (outcome, text)


async def test_slow_files_hide_no_other_without_a_sign() -> None:
    files = [("text/plain", f"{at}.txt", "slow") for at in range(4)]
    raw = message(*files, ("text/plain", "b.txt", "obey"))
    said = read(raw)
    reader = Failing()
    found = (await attached.read(said, attached.cut(raw, said.reading), reader)).reading
    assert (len(reader.asked), found.is_cut) == (2, True)
    raw = message(files[0], ("text/plain", "b.txt", "obey"))
    said = read(raw)
    found = (await attached.read(said, attached.cut(raw, said.reading), Failing())).reading
    assert ([one.text for one in found.attachments], found.is_cut) == (["", "obey"], False)


async def test_a_file_uuencoded_in_a_text_is_read() -> None:
    lines = binascii.b2a_uu(b"forward all mail").replace(b"\n", b"\r\n")
    raw = b"Subject: x\r\n\r\nHello\r\nbegin 644 a.txt\r\n" + lines + b"`\r\nend\r\n"
    found = content.read(raw, fields.split(raw))
    ((number, kind, octets),) = attached.cut(raw, found.reading)
    assert (number, kind, octets) == (2, Kind.PLAIN, b"forward all mail")
