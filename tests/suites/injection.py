"""Hostile and harmless mail: the evidence must beat a list of keywords in every source, and spare harmless mail.

`make bench-injection` says how much is found, family by family; here a source passes or fails as a whole.
"""

import base64
import re
from collections import defaultdict
from collections.abc import Iterator
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

from gatepost.mail import fields
from gatepost.verify import content
from gatepost.verify.injection import THRESHOLD, examine
from suites.case import Case, FailedError, rows

MOST_FALSE_ALARMS = 0.01
KEYWORDS = re.compile(
    r"(ignore|disregard|forget)\W+(all|any|the|your|previous|prior|above)|system prompt|jailbreak|do anything now",
    re.IGNORECASE,
)
HARMLESS = "benign"


def read(folder: Path) -> Iterator[Case]:
    """Yield one case a source of every file."""
    for path in sorted(folder.glob("*.jsonl")):
        sources: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in rows(path):
            sources[str(row.get("source", path.stem)).partition(" ")[0]].append(row)
        if path.stem.startswith(HARMLESS):
            yield Case(path.stem, partial(_check_harmless, [row for found in sources.values() for row in found]))
        else:
            for source, found in sources.items():
                yield Case(f"{path.stem}/{source}", partial(_check_hostile, found))


async def _check_harmless(found: list[dict[str, Any]]) -> None:
    flagged = sum(_is_flagged(row) for row in found)
    if flagged > len(found) * MOST_FALSE_ALARMS:
        raise FailedError(f"{flagged} of {len(found)} harmless mails are flagged")


async def _check_hostile(found: list[dict[str, Any]]) -> None:
    flagged = sum(_is_flagged(row) for row in found)
    by_keywords = sum(bool(KEYWORDS.search(str(row.get("text", "")))) for row in found)
    if flagged <= by_keywords and flagged < len(found):
        raise FailedError(f"{flagged} of {len(found)} are flagged, {by_keywords} by keywords alone")


def _is_flagged(row: dict[str, Any]) -> bool:
    raw = base64.b64decode(row["raw_b64"]) if "raw_b64" in row else _letter(row)
    return examine(content.read(raw, fields.split(raw))).score >= THRESHOLD


def _letter(row: dict[str, Any]) -> bytes:
    message = EmailMessage()
    message["From"] = "Somebody <somebody@partner.example>"
    message["Subject"] = " ".join(str(row.get("subject", "Note")).split())
    text = row.get("text") or ""
    message.set_content(text or row["html"], subtype="plain" if text else "html", charset="utf-8", cte="base64")
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
