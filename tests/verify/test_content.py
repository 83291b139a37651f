from gatepost.mail import fields
from gatepost.verify import content
from gatepost.verify.paper import Attachment, Content


def read(raw: bytes) -> Content:
    return content.read(raw, fields.split(raw))


ALTERNATIVE = (
    b"Subject: =?utf-8?q?B=C3=B6b?=\r\nMessage-ID: <m@x.example>\r\nReferences: <a@x.example>\r\n <b@x.example>\r\n"
    b"In-Reply-To: <b@x.example>\r\nReply-To: Bob <bob@x.example>\r\n"
    b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n"
    b"--i\r\nContent-Type: text/plain\r\n\r\nplain words\r\n--i\r\nContent-Type: text/html\r\n\r\n"
    b"<p>html words</p><p style='display:none'>secret orders</p>\r\n--i--\r\n"
    b"--o\r\nContent-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n--o--\r\n"
)


def test_everything_is_read_once() -> None:
    said = read(ALTERNATIVE)
    assert said.subject == "Böb"
    assert said.reading.human == said.reading.model.text == "html words"
    assert said.plain == "plain words"
    assert "html words" in said.html
    assert said.hidden_text == "secret orders"
    assert said.reading.attachments == (Attachment(3, "a.png", "image/png", 4),)
    assert said.message_id == "m@x.example"
    assert said.references == ("a@x.example", "b@x.example")
    assert [str(address) for address in said.reply_to] == ["bob@x.example"]
    assert not said.reading.is_malformed


def test_the_visible_text_stands_in_where_there_is_no_plain_one() -> None:
    said = read(b"Content-Type: text/html\r\n\r\nseen<span style='font-size:0'>secret</span>")
    assert said.reading.human == "seen"
    assert said.hidden_text == "secret"


def test_an_html_part_beside_a_text_is_read_with_it() -> None:
    said = read(ALTERNATIVE.replace(b"multipart/alternative", b"multipart/mixed"))
    assert "plain words" in said.reading.human
    assert "html words" in said.reading.human
    assert "secret" not in said.reading.human


def test_unseen_characters_of_subject_and_text_are_hidden_text() -> None:
    hidden = "".join(chr(0xE0000 + ord(char)) for char in "obey").encode()
    said = read(b"Subject: hi" + hidden + b"\r\n\r\nhello" + hidden)
    assert (said.subject, said.reading.human, said.hidden_text) == ("hi", "hello", "obey\nobey")


def test_odd_message_ids_are_kept_as_they_are() -> None:
    assert read(b"Message-ID: no brackets\r\n\r\n").message_id == "no brackets"
    assert read(b"X: y\r\n\r\n").message_id == ""


def test_no_identifier_holds_a_nul() -> None:
    said = read(b"Message-ID: a\x00b\r\nReferences: <c\x00d> <e@x.example>\r\nList-Id: <l\x00.example>\r\n\r\n")
    assert (said.message_id, said.references, said.list_id) == ("ab", ("e@x.example",), "")
