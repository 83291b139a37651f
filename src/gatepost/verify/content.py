"""What the message says: for guards, for people and for agents. A stranger's words, data only."""

import re

from gatepost.mail.encoded_word import decode_text
from gatepost.mail.fields import Header
from gatepost.verify import author
from gatepost.verify.paper import Content
from gatepost.verify.reading.read import read as read_bodies

MAX_REFERENCES = 100
MAX_ID_CHARS = 998  # RFC 5322 section 2.1.1: no line is longer
MAX_SHOWN_CHARS = 1_000

_LIST_ID = re.compile(r"<([^<>\s\x00-\x1f\x7f]{1,255})>\s*\Z")
_MESSAGE_ID = re.compile(r"<([^<>\s\x00-\x1f\x7f]{1,998})>")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")


def read(raw: bytes, header: Header) -> Content:
    """Read the content once, for every later use; total."""
    bodies = read_bodies(raw, header)
    return Content(
        subject=bodies.subject,
        plain=bodies.plain,
        html=bodies.html,
        reading=bodies.reading,
        message_id=message_id_of(header),
        references=_references(header),
        reply_to=author.addresses(header, b"reply-to"),
        from_shown=_shown(header, b"from"),
        to_shown=", ".join(filter(None, (_shown(header, b"to"), _shown(header, b"cc")))),
        list_id=_list_id(header),
        headers=_written(header),
    )


def _written(header: Header) -> str:
    """Return every field on a line of its own, unfolded, its name in lower case."""
    lines = [name + b": " + raw.partition(b":")[2].replace(b"\r\n", b"").strip(b" \t") for name, raw in header.fields]
    return b"\n".join(lines).decode("utf-8", "replace")


def _shown(header: Header, name: bytes) -> str:
    """Return the topmost field of that name, decoded; strangers may address thousands, and whole lists are no use."""
    field = header.first(name)
    return decode_text(field.text[:MAX_SHOWN_CHARS]) if field else ""


def message_id_of(header: Header) -> str:
    """Return the Message-ID without its brackets; empty where there is none."""
    field = header.first(b"message-id")
    if field is None:
        return ""
    found = _MESSAGE_ID.search(field.text)
    return found[1] if found else _CONTROLS.sub("", field.text.strip("<> \t")[:MAX_ID_CHARS])


def _list_id(header: Header) -> str:
    """Return the mailing list's identifier without its description, lowercase (RFC 2919 section 3); or nothing."""
    found = header.all(b"list-id")
    written = _LIST_ID.search(found[0].text) if len(found) == 1 else None
    return written[1].lower() if written else ""


def _references(header: Header) -> tuple[str, ...]:
    """Return the thread's Message-IDs, oldest first: References, then In-Reply-To (RFC 5322 section 3.6.4)."""
    found: dict[str, None] = {}
    for name in (b"references", b"in-reply-to"):
        for field in header.all(name)[:1]:
            found |= dict.fromkeys(_MESSAGE_ID.findall(field.text))
    return tuple(found)[-MAX_REFERENCES:]
