import pytest

from gatepost.verify.extract import office, pdf
from verify.extract import files


def test_the_text_of_every_page_is_read() -> None:
    assert pdf.text_of(files.pdf("Hello words")) == "Hello words"


def test_text_that_is_never_drawn_is_read_too() -> None:
    assert pdf.text_of(files.pdf("seen) Tj 3 Tr (unseen")) == "seenunseen"


def test_a_file_with_a_password_says_so() -> None:
    with pytest.raises(office.EncryptedError):
        pdf.text_of(files.ENCRYPTED_PDF)


@pytest.mark.parametrize("octets", [b"", b"%PDF-1.4\n%%EOF\n", b"nonsense" * 100])
def test_what_is_no_pdf_is_malformed(octets: bytes) -> None:
    with pytest.raises(office.MalformedError):
        pdf.text_of(octets)
