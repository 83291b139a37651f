"""The parser torture: what independent parsers agree on, we read too; nothing crashes, stalls or is lost."""

import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from gatepost.mail import fields, mime
from gatepost.mail.encoded_word import decode_text
from gatepost.mail.fields import Header
from gatepost.mail.mime import Leaf
from gatepost.verify import content
from suites.case import Case, ExplainedError, FailedError, expect, rows

MAX_CPU_S = 2.0
_BARE_BOUNDARY = re.compile(
    rb"""(?P<kept>^content-type[ \t]*:(?:[^\r]|\r\n[ \t])*?boundary=[^\s;"=:/?@,<>()\[\]]*)[=:/?@,<>()\[\]][^\s;]*""",
    re.IGNORECASE | re.MULTILINE,
)
_ENCODED_WORD = re.compile(r"=\?[^?\s]+\?[bq]\?[^?\s]*\?=", re.IGNORECASE)


def _with_boundary_cut(raw: bytes, header: Header) -> bytes:
    """Cut an unquoted boundary at the first sign that no token may hold."""
    return _BARE_BOUNDARY.sub(rb"\g<kept>", raw[: header.body_start], count=1) + raw[header.body_start :]


def _with_header_cut(raw: bytes, header: Header) -> bytes:
    """End the header at the first line that is no field; an mbox's own first line is none of the message."""
    at = 0
    for field in header.fields:
        if not field.name and not (at == 0 and field.raw.startswith(b"From ")):
            return raw[:at] + b"\r\n" + raw[at:]
        at += len(field.raw) + 2
    return raw


def _with_words_alone(raw: bytes, header: Header) -> bytes:
    """Decode each encoded word of the subject by itself."""
    subject = header.first(b"subject")
    if subject is None:
        return raw
    alone = "".join(decode_text(word) for word in _ENCODED_WORD.findall(subject.text))
    return raw.replace(subject.raw, b"Subject: " + alone.encode())


EXPLANATIONS = {
    "unquoted-boundary": _with_boundary_cut,
    "no-field-no-end": _with_header_cut,
    "split-character": _with_words_alone,
}
"""What we read otherwise than two of the suite's three parsers, on purpose, by its row of docs/standards.md.

Each writes a message so that we, too, read it as those parsers do: a case is explained where that gives what the suite
wants, and in no other way. None knows a case by its name.
"""


def read(folder: Path) -> Iterator[Case]:
    """Yield the messages that the JSON Lines files list."""
    for path in sorted(folder.glob("*.jsonl")):
        for row in rows(path):
            raw = (folder / row["file"]).read_bytes()
            if hashlib.sha256(raw).hexdigest() != row["sha256"]:
                raise ValueError(f"{row['file']} is not the file that the suite was written for")
            yield Case(row["id"], partial(_check, raw, row["expect"]))


async def _check(source: bytes, wanted: dict[str, Any]) -> None:
    raw = source.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")  # as it would stand on the wire
    started = time.process_time()
    header = fields.split(raw)
    found = _read(raw, header, wanted)
    if time.process_time() - started > MAX_CPU_S:
        raise FailedError(f"reading it takes more than {MAX_CPU_S} s")
    for name, value in found.items():
        if value != _spaced(wanted[name]):
            for row, rewritten in EXPLANATIONS.items():
                other = rewritten(raw, header)
                if other != raw and _read(other, fields.split(other), wanted)[name] == _spaced(wanted[name]):
                    raise ExplainedError(row)
        expect(value, _spaced(wanted[name]), name)


def _read(raw: bytes, header: Header, wanted: dict[str, Any]) -> dict[str, object]:
    """Return what we read of what the suite wants to know; ``null`` in the suite is nothing to compare."""
    said = content.read(raw, header)
    leaves = mime.read(raw, header).leaves
    found: dict[str, object] = {
        "subject": " ".join(said.subject.split()),
        "message_id": said.message_id,
        "has_html": any(leaf.is_body and not leaf.is_listed and leaf.content_type == "text/html" for leaf in leaves),
    }
    if not any(leaf.content_type == "message/rfc822" for leaf in leaves):
        found["attachments_sha256"] = _attachments(leaves, wanted["attachments_sha256"] or [])
    return {name: value for name, value in found.items() if wanted[name] is not None}


def _spaced(wanted: object) -> object:
    return " ".join(wanted.split()) if isinstance(wanted, str) else wanted


def _attachments(leaves: Sequence[Leaf], wanted: list[str]) -> list[str]:
    return sorted(_digest(leaf.content, wanted) for leaf in leaves if leaf.is_listed)


def _digest(octets: bytes, wanted: list[str]) -> str:
    """Return the content's digest, with the line ends of the suite's file where those are the ones it digested."""
    forms = [octets, octets.replace(b"\r\n", b"\n")]
    digests = [hashlib.sha256(form).hexdigest() for form in forms]
    return next((digest for digest in digests if digest in wanted), digests[0])
