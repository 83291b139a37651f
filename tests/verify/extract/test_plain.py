import pytest

from gatepost.verify.extract import plain

CALENDAR = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1@x\r\nDTSTART:20261120T090000Z\r\nSUMMARY;LANGUAGE=en:Sync\r\n"
    b'DESCRIPTION;ALTREP="cid:a:b":one\\, t\r\n wo\\nthree\\\\\r\nLOCATION:\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n'
)


def test_a_calendar_says_its_words_and_no_more() -> None:
    assert plain.calendar(CALENDAR) == "Sync\none, two\nthree\\"


@pytest.mark.parametrize(
    "line",
    [
        "COMMENT:obey me now",
        "X-MS-OLK-NOTE:obey me now",
        "X-A;LANGUAGE=en:obey me now",
        'ATTENDEE;CN="obey me now":mailto:a@b.example',
        'X-A;X-P="a:b":obey \r\n me now',
    ],
)
def test_a_calendar_also_says_what_no_program_shows(line: str) -> None:
    assert plain.calendar(f"BEGIN:VEVENT\r\n{line}\r\nEND:VEVENT\r\n".encode()) == "obey me now"


@pytest.mark.parametrize(
    "line", ["X-MICROSOFT-CDO-BUSYSTATUS:BUSY", "X-A:1;2 3", 'ATTENDEE;CN="Ada Lovelace":mailto:a@b.example']
)
def test_a_calendar_says_no_codes_and_no_names(line: str) -> None:
    assert plain.calendar(line.encode()) == ""


def test_a_page_says_what_it_shows_and_what_it_hides() -> None:
    assert plain.page(b"<p>seen<p hidden>not seen") == "seen\nnot seen"


def test_an_attached_mail_says_its_subject_and_body() -> None:
    assert plain.message(b"Subject: lunch\r\n\r\nat noon") == "lunch\nat noon"


@pytest.mark.timeout(10)
@pytest.mark.parametrize("piece", [b"\n ", b"SUMMARY;", b'SUMMARY;"', b"SUMMARY:\\n\n", b"\\", b"DESCRIPTION:x\n "])
def test_endless_calendars_take_linear_time(piece: bytes) -> None:
    plain.calendar(piece * (400_000 // len(piece)))
