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
