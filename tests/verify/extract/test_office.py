import pytest

from gatepost.verify.extract import office
from gatepost.verify.extract.kinds import MAX_TEXT_CHARS
from verify.extract.files import archive, docx, xlsx


def test_the_words_of_a_word_file_are_read_paragraph_by_paragraph() -> None:
    assert office.word(docx("one", "two &amp; three")) == "one\ntwo & three\n"
    noted = archive(
        word_document_xml="<d><t>a</t><tab/><t>b</t><instrText>no</instrText></d>", word_comments_xml="<t>c</t>"
    )
    assert office.word(noted) == "ca\tb"


def test_the_cells_of_an_excel_file_are_read_row_by_row() -> None:
    assert office.sheet(xlsx()) == "two\t42\t\nthree\t\t\n"


BOMB = '<!DOCTYPE d [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "octets", [b"", b"PK\x03\x04", docx("a")[:-30], archive(other="x"), docx("&b;", declaration=BOMB), docx("a<b")]
)
def test_what_is_no_such_file_is_malformed(octets: bytes) -> None:
    with pytest.raises(office.MalformedError):
        office.word(octets)
    with pytest.raises(office.MalformedError):
        office.sheet(octets)


def test_an_encrypted_file_says_so() -> None:
    with pytest.raises(office.EncryptedError):
        office.word(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000))
    marked = bytearray(docx("a"))
    marked[marked.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(office.EncryptedError):
        office.word(bytes(marked))


def test_a_zip_bomb_is_left_where_it_is() -> None:
    with pytest.raises(office.TooLargeError):
        office.word(archive(word_document_xml=f"<d>{' ' * office.MAX_XML_OCTETS}</d>"))


def test_more_text_than_we_keep_ends_the_reading() -> None:
    assert MAX_TEXT_CHARS < len(office.word(docx(*["word " * 1_000] * 200))) < MAX_TEXT_CHARS + 10_000
