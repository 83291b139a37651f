"""What the message says: for guards, for people and for agents. A stranger's words, data only."""

import re

from gatepost.mail import mime
from gatepost.mail.encoded_word import decode_text
from gatepost.mail.fields import Header
from gatepost.mail.mime import Leaf
from gatepost.verify import author, html_text, unseen
from gatepost.verify.paper import MAX_SPAN_CHARS, Attachment, Content, ModelView, Reading, Span, Technique

MAX_TEXT_CHARS = 2_000_000
MAX_REFERENCES = 100
MAX_ID_CHARS = 998  # RFC 5322 section 2.1.1: no line is longer

_MESSAGE_ID = re.compile(r"<([^<>\s]{1,998})>")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")  # an encoded word may hold line ends (RFC 2047 section 5)


def read(raw: bytes, header: Header) -> Content:
    """Read the content once, for every later use; total."""
    tree = mime.read(raw, header)
    plain: list[str] = []
    shown: list[str] = []
    htmls: list[str] = []
    hidden: list[str] = []
    is_cut = False
    for leaf in tree.leaves:
        if not leaf.is_body:
            continue
        if leaf.content_type == "text/plain":
            plain.append(leaf.text)
            shown.append(leaf.text)
            continue
        source = leaf.text
        views = html_text.split(source)
        htmls.append(source)
        hidden.append(views.hidden)
        is_cut = is_cut or views.is_cut
        if not leaf.has_plain_twin:
            shown.append(views.visible)
    human, spelt = unseen.part("\n".join(shown))
    subject, spelt_subject = unseen.part(_subject(header))
    html = "\n".join(htmls)[:MAX_TEXT_CHARS]
    spans = [
        Span(technique, place, 0, length, text[:MAX_SPAN_CHARS])
        for technique, place, length, text in (
            (Technique.DISPLAY_NONE, "html", len(html), "\n".join(part for part in hidden if part)),
            (Technique.TAG_CHARACTERS, "text", len(human), spelt),
            (Technique.TAG_CHARACTERS, "subject", len(subject), spelt_subject),
        )
        if text
    ]
    reading = Reading(
        human=human[:MAX_TEXT_CHARS],
        model=ModelView(human[:MAX_TEXT_CHARS]),
        spans=tuple(spans),
        attachments=tuple(_attachment(leaf) for leaf in tree.leaves if not leaf.is_body),
        is_malformed=tree.is_malformed,
        is_cut=is_cut or len(human) > MAX_TEXT_CHARS,
    )
    return Content(
        subject=subject,
        plain="\n".join(plain)[:MAX_TEXT_CHARS],
        html=html,
        reading=reading,
        message_id=_message_id(header),
        references=_references(header),
        reply_to=author.addresses(header, b"reply-to"),
    )


def _subject(header: Header) -> str:
    field = header.first(b"subject")
    return _CONTROLS.sub(" ", decode_text(field.text)) if field is not None else ""


def _attachment(leaf: Leaf) -> Attachment:
    return Attachment(leaf.number, leaf.filename, leaf.content_type, len(leaf.content))


def _message_id(header: Header) -> str:
    field = header.first(b"message-id")
    if field is None:
        return ""
    found = _MESSAGE_ID.search(field.text)
    return found[1] if found else field.text.strip("<> \t")[:MAX_ID_CHARS]


def _references(header: Header) -> tuple[str, ...]:
    """Return the thread's Message-IDs, oldest first: References, then In-Reply-To (RFC 5322 section 3.6.4)."""
    found: dict[str, None] = {}
    for name in (b"references", b"in-reply-to"):
        for field in header.all(name)[:1]:
            found |= dict.fromkeys(_MESSAGE_ID.findall(field.text))
    return tuple(found)[-MAX_REFERENCES:]
