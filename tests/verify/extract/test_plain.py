import pytest

from gatepost.verify.extract import plain

CALENDAR = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1@x\r\nDTSTART:20261120T090000Z\r\nSUMMARY;LANGUAGE=en:Sync\r\n"
    b'DESCRIPTION;ALTREP="cid:a:b":one\\, t\r\n wo\\nthree\\\\\r\nLOCATION:\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n'
)


def test_a_calendar_says_its_words_and_no_more() -> None:
    assert plain.calendar(CALENDAR) == "Sync\none, two\nthree\\"


def test_a_page_says_what_it_shows_and_what_it_hides() -> None:
    assert plain.page(b"<p>seen<p hidden>not seen") == "seen\nnot seen"


def test_an_attached_mail_says_its_subject_and_body() -> None:
    assert plain.message(b"Subject: lunch\r\n\r\nat noon") == "lunch\nat noon"


@pytest.mark.timeout(10)
@pytest.mark.parametrize("piece", [b"\n ", b"SUMMARY;", b'SUMMARY;"', b"SUMMARY:\\n\n", b"\\", b"DESCRIPTION:x\n "])
def test_endless_calendars_take_linear_time(piece: bytes) -> None:
    plain.calendar(piece * (400_000 // len(piece)))
