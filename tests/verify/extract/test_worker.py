import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.extract.kinds import MAX_TEXT_CHARS, Kind
from gatepost.verify.extract.worker import extract
from gatepost.verify.paper import Extraction
from verify.extract import files


@pytest.mark.parametrize(
    ("kind", "octets", "answer"),
    [
        (Kind.PLAIN, b" a\r\nb ", (Extraction.DONE, "a\nb")),
        (Kind.HTML, b"<p>a", (Extraction.DONE, "a")),
        (Kind.DOCX, files.docx("a"), (Extraction.DONE, "a")),
        (Kind.DOCX, b"PK", (Extraction.MALFORMED, "")),
        (Kind.PDF, files.ENCRYPTED_PDF, (Extraction.ENCRYPTED, "")),
        (Kind.PLAIN, b"x" * (MAX_TEXT_CHARS + 1), (Extraction.CUT, "x" * MAX_TEXT_CHARS)),
    ],
)  # fmt: skip
def test_each_file_has_an_outcome(kind: Kind, octets: bytes, answer: tuple[Extraction, str]) -> None:
    assert extract(kind, octets) == answer


def test_a_mail_in_a_mail_and_the_files_of_both_are_read() -> None:
    inner = b"Subject: deep\r\nContent-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment\r\n\r\nlow"
    for _ in range(2):
        inner = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner
    assert extract(Kind.MESSAGE, inner) == (Extraction.DONE, "deep\n\nlow")


MANY = b"\r\n--b\r\nContent-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment\r\n\r\nlow" * 51


@pytest.mark.parametrize(
    ("inner", "outcome"),
    [
        (b"Content-Type: message/rfc822\r\n\r\n" * 5 + b"\r\nlow", Extraction.DONE),
        (b"Content-Type: message/rfc822\r\n\r\n" * 6 + b"\r\nlow", Extraction.TOO_LARGE),
        (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + MANY, Extraction.TOO_LARGE),
        (b"Content-Type: application/pdf; name=a.pdf\r\n\r\n" + files.ENCRYPTED_PDF, Extraction.ENCRYPTED),
        (b"Content-Type: application/pdf; name=a.pdf\r\n\r\n%PDF-", Extraction.MALFORMED),
    ],
)
def test_what_cannot_be_read_in_a_mail_is_told_of_it(inner: bytes, outcome: Extraction) -> None:
    assert extract(Kind.MESSAGE, b"Subject: outer\r\n" + inner)[0] is outcome
    assert extract(Kind.MESSAGE, b"Subject: outer\r\n" + inner)[1].startswith("outer")


@given(st.sampled_from(Kind), st.binary(max_size=200) | st.integers(0, 600).map(lambda at: files.docx("a")[at:]))
def test_any_file_has_one(kind: Kind, octets: bytes) -> None:
    outcome, text = extract(kind, octets)
    assert isinstance(outcome, Extraction)
    assert text == "" or outcome is Extraction.DONE


@given(st.integers(0, 600), st.binary(min_size=1, max_size=8))
def test_any_damaged_pdf_has_one(at: int, put: bytes) -> None:
    octets = files.pdf()
    assert isinstance(extract(Kind.PDF, octets[:at] + put + octets[at + len(put) :])[0], Extraction)
