import pytest

from gatepost.verify.extract import office, pdf
from verify.extract import files


def test_the_text_of_every_page_is_read() -> None:
    assert pdf.text_of(files.pdf("Hello words")) == "Hello words"


@pytest.mark.parametrize(
    "hiding",
    ["3 Tr", "1 1 1 rg", "/F1 0.1 Tf", "1 0 0 1 9000 9000 Tm"],
    ids=["never drawn", "white", "tiny", "off the page"],
)
def test_text_that_nobody_sees_is_read_too(hiding: str) -> None:
    read = pdf.text_of(files.pdf(f"seen) Tj {hiding} (unseen"))
    assert "".join(read.split()) == "seenunseen"


def test_text_without_any_extent_is_missed() -> None:
    assert pdf.text_of(files.pdf("seen) Tj 0 0 0 0 0 0 Tm (missed")) == "seen"  # docs/injection.md says so


def test_notes_form_fields_properties_and_bookmarks_are_read_too() -> None:
    octets = files.pdf(
        root="/Outlines 10 0 R/AcroForm<</Fields[9 0 R]>>",
        page="/Annots[8 0 R 9 0 R]",
        trailer="/Info 7 0 R",
        more=(
            "<</Title(a title)/Subject(a subject)/Keywords(key words)/Producer(a program)>>",
            "<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(a note)/T(its author)>>",
            "<</Type/Annot/Subtype/Widget/FT/Tx/F 2/T(field)/V(a hidden value)/TU(a tip)/Rect[0 0 9 9]>>",
            "<</First 11 0 R/Last 11 0 R/Count 1>>",
            "<</Title(a bookmark)/Parent 10 0 R/Next 11 0 R>>",
        ),
    )
    assert pdf.text_of(octets).splitlines() == [
        "Hello words", "a note", "its author", "field", "a tip", "a hidden value",
        "a title", "a subject", "key words", "a bookmark",
    ]  # fmt: skip


def test_a_file_with_a_password_says_so() -> None:
    with pytest.raises(office.EncryptedError):
        pdf.text_of(files.ENCRYPTED_PDF)


@pytest.mark.parametrize("octets", [b"", b"%PDF-1.4\n%%EOF\n", b"nonsense" * 100])
def test_what_is_no_pdf_is_malformed(octets: bytes) -> None:
    with pytest.raises(office.MalformedError):
        pdf.text_of(octets)
