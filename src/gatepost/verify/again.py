"""Evidence written down where a message has to wait, and read back when it goes on.

DNS is not asked a second time: keys are rotated, records change, and the evidence is of the day the message came. What
the message says is read again from its octets, which are bound to the paper by their hash.
"""

import json
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from gatepost.arrive import resume
from gatepost.mail import fields
from gatepost.mail.reading import of_text
from gatepost.verify import attached, content
from gatepost.verify.attached import TextReader
from gatepost.verify.paper import Content, Evidence, Verified
from gatepost.verify.stages import on_octets

_EVIDENCE = TypeAdapter(Evidence)
_UNREAD = Content(subject="", plain="", html="", reading=of_text(""), message_id="", references=(), reply_to=())


def spell(verified: Verified) -> bytes:
    """Return the paper as JSON, without the octets and what they say."""
    evidence = verified.evidence
    unread = replace(evidence, content=replace(_UNREAD, reply_to=evidence.content.reply_to))
    paper = {"arrived": resume.spell(verified.arrived), "evidence": _EVIDENCE.dump_python(unread, mode="json")}
    return json.dumps(paper, ensure_ascii=False).encode("utf-8", "replace")  # a stranger's lone surrogate becomes "?"


async def reread(spelled: bytes, raw: bytes, reader: TextReader | None = None) -> Verified:
    """Return the paper that was spelled so.

    Args:
        spelled: from ``spell``, under a seal.
        raw: the octets, which the caller has found to be those of the paper.
        reader: reads attached files, where there is one.
    """
    paper: dict[str, Any] = json.loads(spelled)
    arrived = resume.read(paper["arrived"], raw)
    evidence = _EVIDENCE.validate_python(paper["evidence"], strict=False)
    read = replace(await on_octets(raw, _read), reply_to=evidence.content.reply_to)
    if reader is not None and attached.has_files(read.reading):
        read = await attached.read(read, await on_octets(raw, attached.cut, read.reading), reader)
    return Verified(arrived, replace(evidence, content=read))


def _read(raw: bytes) -> Content:
    return content.read(raw, fields.split(raw))
