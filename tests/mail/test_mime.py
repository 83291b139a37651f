import binascii
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.mail import fields, mime
from gatepost.mail.mime import Tree


def read(raw: bytes) -> Tree:
    return mime.read(raw, fields.split(raw))


def multipart(kind: str, *parts: bytes) -> bytes:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    return f"Content-Type: multipart/{kind}; boundary=b\r\n\r\n".encode() + body + b"--b--\r\n"


TEXT = b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nh=E9"
HTML = b"Content-Type: text/html\r\n\r\n<b>h</b>"
FILE = b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n\r\n%PDF'
MAIL = b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner"


def test_a_mail_without_structure_is_one_text() -> None:
    (leaf,) = read(b"Subject: x\r\n\r\nhello\r\n").leaves
    assert (leaf.number, leaf.content_type, leaf.text, leaf.is_body) == (1, "text/plain", "hello\n", True)


def test_leaves_are_numbered_and_decoded() -> None:
    tree = read(multipart("mixed", TEXT, FILE, MAIL))
    assert [leaf.number for leaf in tree.leaves] == [1, 2, 3]
    assert tree.leaves[0].text == "hé"
    assert (tree.leaves[1].filename, tree.leaves[1].content) == ("a.pdf", b"%PDF")
    assert (tree.leaves[2].content_type, tree.leaves[2].is_body) == ("message/rfc822", False)
    assert not tree.is_malformed


def test_a_part_knows_which_alternative_it_stands_in() -> None:
    assert [leaf.alternative for leaf in read(multipart("alternative", TEXT, HTML)).leaves] == ["", ""]
    assert [leaf.alternative for leaf in read(multipart("mixed", TEXT, HTML)).leaves] == [None, None]
    inner = multipart("alternative", TEXT, HTML).replace(b"--b", b"--c").replace(b"boundary=b", b"boundary=c")
    assert [leaf.alternative for leaf in read(multipart("mixed", inner, FILE)).leaves] == ["1", "1", None]


def test_bad_base64_is_marked_and_read_as_far_as_it_goes() -> None:
    tree = read(b"Content-Transfer-Encoding: base64\r\n\r\naGVsbG8!!\r\n")
    assert tree.is_malformed
    assert tree.leaves[0].text.startswith("hello")


def test_nesting_beyond_the_cap_is_marked_and_kept_as_text() -> None:
    raw = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (at, at) for at in range(3000))
    tree = read(raw)
    assert tree.is_malformed
    assert tree.leaves


@pytest.mark.timeout(10)
def test_parts_beyond_the_cap_are_dropped_and_marked() -> None:
    tree = read(multipart("mixed", *[TEXT] * (mime.MAX_PARTS + 1)))
    assert tree.is_malformed
    assert len(tree.parts) == mime.MAX_PARTS
    assert not read(multipart("mixed", *[TEXT] * (mime.MAX_PARTS - 1))).is_malformed


@pytest.mark.parametrize(
    "field",
    [
        b'Content-Disposition: attachment; filename="a\x00b.txt"',
        b"Content-Disposition: attachment; filename*=utf-8''a%00%0D%0Ab.txt",
        b'Content-Disposition: attachment; filename="=?utf-8?q?a=00b.txt?="',
        b'Content-Type: text/ht\x00ml; name="a\x00b.txt"',
    ],
)
def test_no_name_and_no_type_holds_a_control_character(field: bytes) -> None:
    leaf = read(field + b"\r\n\r\nx").leaves[0]
    assert (leaf.content_type, leaf.filename) == ("text/plain", "ab.txt")


def test_two_content_types_are_marked_and_the_first_counts() -> None:
    tree = read(b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n<b>")
    assert tree.is_malformed
    assert tree.leaves[0].content_type == "text/plain"


def test_a_line_that_is_no_field_does_not_end_the_header_for_one_reader_only() -> None:
    tree = read(b"nonsense\r\nContent-Type: text/html\r\n\r\n<b>x</b>")
    assert tree.leaves[0].content_type == "text/html"
    assert tree.is_malformed


SAMPLE = multipart("mixed", TEXT, multipart("alternative", TEXT, HTML).replace(b"--b", b"--c"), FILE, MAIL)


@given(st.integers(0, len(SAMPLE)), st.integers(0, 30), st.binary(max_size=20))
def test_no_mutation_raises(at: int, gone: int, put: bytes) -> None:
    for leaf in read(SAMPLE[:at] + put + SAMPLE[at + gone :]).leaves:
        assert isinstance(leaf.text, str)


def uuencoded(name: bytes, content: bytes) -> bytes:
    lines = b"".join(binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45))
    return (b"begin 644 " + name + b"\n" + lines + b"`\nend\n").replace(b"\n", b"\r\n")


def test_a_file_uuencoded_in_a_text_is_a_part_of_its_own() -> None:
    content = b"%PDF-1.7 " + bytes(range(256))
    body = b"See below.\r\n\r\n" + uuencoded(b"a b.pdf", content) + b"\r\n" + uuencoded(b"b.txt", b"words") + b"Bye\r\n"
    tree = read(multipart("mixed", b"\r\n" + body, b"Content-Type: image/png\r\n\r\nx"))
    assert [(leaf.number, leaf.filename, leaf.is_body, leaf.is_listed) for leaf in tree.leaves] == [
        (1, "", True, False), (2, "a b.pdf", False, True), (3, "b.txt", False, True), (4, "", False, True),
    ]  # fmt: skip
    raw = multipart("mixed", b"\r\n" + body, b"Content-Type: image/png\r\n\r\nx")
    leaves = [part for part in tree.parts if not part.is_multipart]
    assert [mime.content_of(raw, part) for part in leaves[1:3]] == [content, b"words"]
    assert b"begin 644" in tree.leaves[0].content
    assert len(read(b"Subject: x\r\n\r\n" + uuencoded(b"a", b"b") * 50).leaves) == 51


@pytest.mark.parametrize(
    "body",
    [b"begin 644 a.txt\r\nno such lines\r\nend\r\n", b"begin 644 a.txt\r\nend\r\n", b"begin 644 a.txt\r\n#86)C\r\n",
     b"We begin 644 a.txt\r\n#86)C\r\nend\r\n"],
)  # fmt: skip
def test_what_only_begins_as_one_is_text(body: bytes) -> None:
    assert len(read(b"Subject: x\r\n\r\n" + body).leaves) == 1


@pytest.mark.parametrize(
    "piece", [b"begin 644 a\r\n", b"begin 644 a\r\n#86)C\r\n", b"#86)C\r\n", b"begin 644 a\r\n\r\nend\r\n"]
)
def test_hostile_beginnings_take_linear_time(piece: bytes) -> None:
    read(b"Subject: x\r\n\r\nbegin 644 a\r\n" + piece * (3_000_000 // len(piece)))


def test_a_long_file_uuencoded_is_found_whole() -> None:
    content = bytes(range(1, 251)) * 600
    tree = read(b"Content-Type: text/plain\r\n\r\nSee below.\r\n" + uuencoded(b"a.bin", content) + b"Bye\r\n")
    assert [leaf.content for leaf in tree.leaves[1:]] == [content]


@pytest.mark.parametrize("end", [b"end\r\n", b""], ids=["a file", "no end"])
def test_lines_that_look_uuencoded_take_memory_as_they_are_long(end: bytes) -> None:
    raw = b"Content-Type: text/plain\r\n\r\nbegin 644 a\r\n" + b"M\r\n" * 300_000 + end
    tracemalloc.start()
    read(raw)
    _, peak_octets = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_octets < 10 * len(raw)  # measured: 3 times; 140 times where each line was a turn of one repeat
