"""Small real files of the kinds we read."""

import io
import zipfile
import zlib


def archive(**members: str) -> bytes:
    """A zip file; underscores in names stand for slashes, a final ``_xml`` for the suffix."""
    octets = io.BytesIO()
    with zipfile.ZipFile(octets, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in members.items():
            file.writestr(name.replace("_", "/").replace("/xml", ".xml"), text)
    return octets.getvalue()


def docx(*paragraphs: str, declaration: str = "") -> bytes:
    """A Word file of these paragraphs."""
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    return archive(word_document_xml=f'{declaration}<w:document xmlns:w="w"><w:body>{body}</w:body></w:document>')


def xlsx() -> bytes:
    """An Excel file: a shared string, a number, an inline string, and a cell that points nowhere."""
    return archive(
        xl_sharedStrings_xml='<sst xmlns="s"><si><t>one</t></si><si><r><t>t</t></r><r><t>wo</t></r></si></sst>',
        xl_worksheets_sheet1_xml='<worksheet xmlns="s"><sheetData><row><c t="s"><v>1</v></c><c><v>42</v></c></row>'
        '<row><c t="inlineStr"><is><t>three</t></is></c><c t="s"><v>99</v></c></row></sheetData></worksheet>',
    )


def pdf(
    text: str = "Hello words", *, trailer: str = "", root: str = "", page: str = "", more: tuple[str, ...] = ()
) -> bytes:
    """A PDF of one page; ``more`` are objects from 7 on."""
    drawn = f"BT /F1 12 Tf 10 100 Td ({text}) Tj ET"
    objects = [
        f"<</Type/Catalog/Pages 2 0 R{root}>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>{page}>>",
        f"<</Length {len(drawn)}>>stream\n{drawn}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        "<</Filter/Standard/V 1/R 2/O(xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx)/U(yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy)/P -4>>",
        *more,
    ]
    octets = b"%PDF-1.4\n"
    offsets = []
    for number, one in enumerate(objects, 1):
        offsets.append(len(octets))
        octets += f"{number} 0 obj\n{one}\nendobj\n".encode()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    return (
        octets
        + (
            f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer<</Size {len(objects) + 1}/Root 1 0 R"
            f"{trailer}>>\nstartxref\n{len(octets)}\n%%EOF"
        ).encode()
    )


ENCRYPTED_PDF = pdf(trailer="/Encrypt 6 0 R/ID[<00><00>]")


def pdf_bomb(size_octets: int) -> bytes:
    """A PDF whose page unfolds to so many octets, deflated until it no longer shrinks: about two thousand of them."""
    packer, piece = zlib.compressobj(9), bytes(1_000_000)
    packed = b"".join(packer.compress(piece) for _ in range(size_octets // len(piece))) + packer.flush()
    times = 1
    while len(again := zlib.compress(packed, 9)) < len(packed):
        packed, times = again, times + 1
    drawn = packed.hex() + ">"
    filters = "/ASCIIHexDecode" + "/FlateDecode" * times
    return pdf(page="/Contents 7 0 R", more=(f"<</Length {len(drawn)}/Filter[{filters}]>>stream\n{drawn}\nendstream",))
