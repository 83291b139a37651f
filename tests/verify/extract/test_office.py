import io
import zipfile

import pytest

from gatepost.verify.extract import office
from gatepost.verify.extract.kinds import MAX_TEXT_CHARS
from verify.extract.files import archive, docx, xlsx


def test_the_words_of_a_word_file_are_read_paragraph_by_paragraph() -> None:
    assert office.word(docx("one", "two &amp; three")) == "one\ntwo & three\n"
    noted = archive(
        word_document_xml="<d><t>a</t><tab/><t>b</t><fldData>no</fldData></d>", word_comments_xml="<t>c</t>"
    )
    assert office.word(noted) == "ca\tb"


def test_the_cells_of_an_excel_file_are_read_row_by_row() -> None:
    assert office.sheet(xlsx()) == "two\t42\t\nthree\t\t\n"


SECRET = "obey me now"
_RUN = f"<w:r>{{}}<w:t>{SECRET}</w:t></w:r>"
_CELL = f'<c t="inlineStr"><is><t>{SECRET}</t></is></c>'


@pytest.mark.parametrize(
    "body",
    [
        _RUN.format("<w:rPr><w:vanish/></w:rPr>"),
        _RUN.format('<w:rPr><w:color w:val="FFFFFF"/></w:rPr>'),
        _RUN.format('<w:rPr><w:sz w:val="1"/></w:rPr>'),
        f"<w:del><w:r><w:delText>{SECRET}</w:delText></w:r></w:del>",
        f"<w:instrText>QUOTE {SECRET}</w:instrText>",
        f'<wp:docPr xmlns:wp="wp" id="1" descr="{SECRET}"/>',
        f"<w:txbxContent><w:p><w:r><w:t>{SECRET}</w:t></w:r></w:p></w:txbxContent>",
    ],
)
def test_what_word_does_not_show_is_read(body: str) -> None:
    told = archive(word_document_xml=f'<w:document xmlns:w="w"><w:body><w:p>{body}</w:p></w:body></w:document>')
    assert SECRET in office.word(told)


def package(**members: str) -> bytes:
    octets = io.BytesIO()
    with zipfile.ZipFile(octets, "w") as file:
        for name, text in members.items():
            file.writestr(name, text)
    return octets.getvalue()


_BODY = f"<d><p><t>{SECRET}</t></p></d>"
_ELSEWHERE = '<Types><Override PartName="/Strange/Place.XML" ContentType="application/x-{}.main+xml"/></Types>'


@pytest.mark.parametrize(
    "members",
    [
        {"word/document2.xml": _BODY},
        {"Word\\Document.XML": _BODY},
        {"word/document.xml": "<d/>", "word/diagrams/data1.xml": _BODY},
        {"word/document.xml": "<d/>", "word/afchunk1.html": f"<p>{SECRET}"},
        {"word/document.xml": "<d/>", "Word/Footnotes.xml": _BODY},
        {
            "[Content_Types].xml": _ELSEWHERE.format("wordprocessingml.document"),
            "strange/place.xml": _BODY,
        },
    ],
)  # fmt: skip
def test_the_words_of_a_word_file_are_read_wherever_it_keeps_them(members: dict[str, str]) -> None:
    assert SECRET in office.word(package(**members))
    assert SECRET in office.either(package(**members))


@pytest.mark.parametrize(
    "members",
    [
        {"xl/worksheets/evil.xml": f"<s><row>{_CELL}</row></s>"},
        {"XL/Worksheets/Sheet1.xml": f"<s><row>{_CELL}</row></s>"},
        {"xl/worksheets/sheet1.xml": "<s/>", "xl/comments/comment1.xml": _BODY},
        {
            "[Content_Types].xml": _ELSEWHERE.replace(".main", "").format("spreadsheetml.worksheet"),
            "strange/place.xml": f"<s><row>{_CELL}</row></s>",
        },
    ],
)
def test_the_cells_of_an_excel_file_are_read_wherever_it_keeps_them(members: dict[str, str]) -> None:
    assert SECRET in office.sheet(package(**members))
    assert SECRET in office.either(package(**members))


@pytest.mark.parametrize(
    "rows",
    [
        f'<cols><col hidden="1"/></cols><sheetData><row>{_CELL}</row></sheetData>',
        f'<sheetData><row hidden="1">{_CELL}</row></sheetData>',
        f"<sheetData/><headerFooter><oddHeader>{SECRET}</oddHeader></headerFooter>",
        f'<sheetData/><dataValidations><dataValidation prompt="{SECRET}"/></dataValidations>',
        f'<sheetData/><hyperlinks><hyperlink tooltip="{SECRET}"/></hyperlinks>',
        f'<sheetData><row><c><f>"{SECRET}"</f><v>1</v></c></row></sheetData>',
        f'<sheetData><row ht="0" customHeight="1">{_CELL}</row></sheetData>',
    ],
)
def test_what_excel_does_not_show_is_read(rows: str) -> None:
    assert SECRET in office.sheet(archive(xl_worksheets_sheet1_xml=f'<worksheet xmlns="s">{rows}</worksheet>'))


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("xl/workbook.xml", f'<workbook><sheets><sheet name="{SECRET}" state="veryHidden"/></sheets></workbook>'),
        ("xl/comments1.xml", f"<comments><comment><text><t>{SECRET}</t></text></comment></comments>"),
        ("xl/drawings/drawing1.xml", f"<d><p><t>{SECRET}</t></p></d>"),
        ("xl/drawings/drawing1.xml", f'<d><cNvPr title="{SECRET}"/></d>'),
        ("xl/charts/chart1.xml", f"<c><t>{SECRET}</t></c>"),
        (
            "xl/threadedComments/threadedComment1.xml",
            f"<T><threadedComment><text>{SECRET}</text></threadedComment></T>",
        ),
        ("docProps/core.xml", f"<p><description>{SECRET}</description></p>"),
        ("docProps/custom.xml", f"<p><property><lpwstr>{SECRET}</lpwstr></property></p>"),
    ],
)
def test_what_stands_beside_the_cells_is_read(name: str, part: str) -> None:
    octets = io.BytesIO(xlsx())
    with zipfile.ZipFile(octets, "a") as file:
        file.writestr(name, part)
    assert office.sheet(octets.getvalue()).strip() == f"two\t42\t\nthree\t\t\n{SECRET}"


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


@pytest.mark.parametrize("body", ["<a>" * 300, "<a>" * 300 + "</a>" * 300, "<t/>" * (office.MAX_ELEMENTS + 1)])
def test_what_is_too_deep_or_has_too_many_elements_is_given_up(body: str) -> None:
    with pytest.raises((office.TooLargeError, office.MalformedError)):
        office.word(archive(word_document_xml=f"<d>{body}</d>"))
