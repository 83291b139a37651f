"""The parser torture: what independent parsers agree on, we read too; nothing crashes, stalls or is lost."""

import hashlib
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from gatepost.mail import fields, mime
from gatepost.verify import content
from suites.case import Case, FailedError, expect, rows

MAX_CPU_S = 2.0
EXPLAINED: dict[str, dict[str, Any]] = {
    # A boundary with = must be quoted (RFC 2045 section 5.1); mail programs take it as it stands, and show the HTML.
    "mikel/mime_emails_raw_email_with_illegal_boundary": {"has_html": True},
    "mikel/plain_emails_raw_email_bad_time": {"has_html": True},
    # A line that is no field ends the header for the parsers of the suite; what follows is obsolete, but a header
    # (RFC 5322 section 4.5), and a mail program that shows it must not show what we have not read.
    "mikel/rfc2822_example13": {"subject": "Saying Hello", "message_id": "1234   @   local(blah)  .machine .example"},
    # The charset of an encoded word may name a language (RFC 2231 section 5).
    "spamassassin/nice_unicode1": {"subject": "Domače omrežje"},
    # No delimiter of the multipart stands anywhere: its octets are kept as a part, where others lose them.
    "rspamd/messages_phish_sender2": {
        "attachments_sha256": ["1960da656a924e9e3c62dee66bdac0c86455190e89e54a1edce49f8e30525630"]
    },
}
"""Messages we read otherwise than two of the three parsers, on purpose: exactly so, and no other way."""


def read(folder: Path) -> Iterator[Case]:
    """Yield the messages that the JSON Lines files list."""
    for path in sorted(folder.glob("*.jsonl")):
        for row in rows(path):
            raw = (folder / row["file"]).read_bytes()
            if hashlib.sha256(raw).hexdigest() != row["sha256"]:
                raise ValueError(f"{row['file']} is not the file that the suite was written for")
            yield Case(row["id"], partial(_check, raw, row["expect"] | EXPLAINED.get(row["id"], {})))


async def _check(source: bytes, wanted: dict[str, Any]) -> None:
    raw = source.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")  # as it would stand on the wire
    started = time.process_time()
    header = fields.split(raw)
    said = content.read(raw, header)
    leaves = mime.read(raw, header).leaves
    if time.process_time() - started > MAX_CPU_S:
        raise FailedError(f"reading it takes more than {MAX_CPU_S} s")
    if wanted["subject"] is not None:
        expect(" ".join(said.subject.split()), " ".join(wanted["subject"].split()), "the subject")
    if wanted["message_id"] is not None:
        expect(said.message_id, wanted["message_id"], "the Message-ID")
    if wanted["has_html"] is not None:
        expect(
            any(leaf.is_body and not leaf.is_listed and leaf.content_type == "text/html" for leaf in leaves),
            wanted["has_html"],
            "HTML",
        )
    if wanted["attachments_sha256"] is not None and not any(leaf.content_type == "message/rfc822" for leaf in leaves):
        digests = wanted["attachments_sha256"]
        found = sorted(_digest(leaf.content, digests) for leaf in leaves if leaf.is_listed)
        expect(found, digests, "the list of attachments")


def _digest(octets: bytes, wanted: list[str]) -> str:
    """Return the content's digest, with the line ends of the suite's file where those are the ones it digested."""
    forms = [octets, octets.replace(b"\r\n", b"\n")]
    digests = [hashlib.sha256(form).hexdigest() for form in forms]
    return next((digest for digest in digests if digest in wanted), digests[0])
