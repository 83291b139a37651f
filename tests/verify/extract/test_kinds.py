import pytest

from gatepost.mail import fields, mime
from gatepost.mail.kinds import Begins, File
from gatepost.verify.extract.kinds import Kind, decoded, kind_of, octets_for


@pytest.mark.parametrize(
    ("content_type", "filename", "kind"),
    [
        ("application/pdf", "", Kind.PDF), ("application/octet-stream", "A.PDF", Kind.PDF),
        ("text/csv", "x", Kind.PLAIN), ("text/xml", "a.xml", Kind.PLAIN), ("application/xml", "", Kind.PLAIN),
        ("application/ld+json", "", Kind.PLAIN), ("text/x-foo", "", Kind.PLAIN),
        ("application/yaml", "", Kind.PLAIN), ("text/x-foo", "a.pdf", Kind.PDF), ("application/x-xml2", "", None),
        ("text/calendar", "a.pdf", Kind.CALENDAR), ("message/rfc822", "", Kind.MESSAGE), ("image/png", "a.png", None),
        ("text/vcard", "b.vcf", Kind.PLAIN), ("text/x-amp-html", "", Kind.HTML),
        ("image/svg+xml", "", Kind.HTML),
        ("text/x-never-heard-of", "", Kind.PLAIN), ("application/octet-stream", "", None),
        ("application/octet-stream", "docx", Kind.DOCX), ("application/pkcs7-mime", "smime.p7m", Kind.CMS),
        ("application/pkcs7-signature", "smime.p7s", None), ("application/octet-stream", "Winmail.dat", Kind.TNEF),
        ("message/partial", "", Kind.MESSAGE), ("message/external-body", "", Kind.MESSAGE),
        ("message/http", "", Kind.PLAIN), ("message/x-never-heard-of", "a.docx", Kind.DOCX),
        ("application/ms-tnef", "", Kind.TNEF), ("application/octet-stream", "mail.dat", None),
    ],
)  # fmt: skip
def test_a_file_is_known_by_its_type_and_else_by_its_name(content_type: str, filename: str, kind: Kind | None) -> None:
    assert kind_of(File(content_type, filename, Begins.UNKNOWN)) is kind


@pytest.mark.parametrize(
    ("content_type", "filename", "begins", "kind"),
    [
        ("application/octet-stream", "invoice", Begins.PDF, Kind.PDF), ("image/png", "a.png", Begins.PDF, Kind.PDF),
        ("application/octet-stream", "a.docx. ", Begins.ZIP, Kind.DOCX), ("image/png", "", Begins.ZIP, Kind.OFFICE),
        ("application/pdf", "a.pdf", Begins.ZIP, Kind.OFFICE), ("application/zip", "a.zip", Begins.ZIP, None),
        ("application/octet-stream", "a.pptx", Begins.ZIP, None), ("text/plain", "a.txt", Begins.PDF, Kind.PLAIN),
    ],
)  # fmt: skip
def test_a_file_is_read_as_what_it_begins_as(content_type: str, filename: str, begins: Begins, kind: Kind) -> None:
    assert kind_of(File(content_type, filename, begins)) is kind


def test_a_page_without_a_charset_is_read_by_its_own() -> None:
    page = '<meta charset="shift_jis"><p>\u6307\u793a'
    octets = page.encode("shift_jis")
    assert decoded(octets, "", Kind.HTML).decode() == page
    assert decoded(octets, "", Kind.PLAIN).decode() != page


def test_text_goes_over_the_pipe_as_utf8_and_files_as_they_are() -> None:
    raw = b"Content-Type: text/csv; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nh=E9"
    (part,) = mime.read(raw, fields.split(raw)).parts
    assert octets_for(raw, part, Kind.PLAIN) == "h\u00e9".encode()
    assert octets_for(raw, part, Kind.PDF) == b"h\xe9"
