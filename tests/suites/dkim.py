"""The public DKIM messages: pass, not-pass, none, temperror; ``legacy`` must not pass (RFC 8301)."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from gatepost.mail import fields
from gatepost.verify import dkim
from gatepost.verify.answers import Answers
from gatepost.verify.paper import Result
from gatepost.verify.signed_data import Body
from suites.case import Case, FailedError, rows, zone_of
from zones import ZoneResolver

NOW = 1_700_000_000


def read(folder: Path) -> Iterator[Case]:
    """Yield the cases of every JSON Lines file."""
    for path in sorted(folder.glob("*.jsonl")):
        for case in rows(path):
            yield Case(case["id"], partial(_check, case))


async def _check(case: dict[str, Any]) -> None:
    raw = base64.b64decode(case["message_b64"])
    if b"\r\n" not in raw:
        raw = raw.replace(b"\n", b"\r\n")  # some sources keep their mails with bare LF
    header = fields.split(raw)
    claims = dkim.read(header)
    known = Answers(ZoneResolver(zone_of(case["dns"])))
    keys = await known.settle(lambda: dkim.keys_of(known, claims))
    now = datetime.fromtimestamp(int(case.get("verify_at", NOW)), tz=UTC)
    verdicts = dkim.judge(header, Body(raw[header.body_start :]), claims, keys, now)
    results = {verdict.result for verdict in verdicts}
    match case["expect"]:
        case "pass":
            is_right = Result.PASS in results
        case "none":
            is_right = not results
        case "temperror":
            is_right = Result.TEMPERROR in results and Result.PASS not in results
        case "not-pass" | "legacy":
            is_right = bool(results) and Result.PASS not in results
        case other:
            raise FailedError(f"an expectation nobody knows: {other}")
    if not is_right:
        found = [f"{verdict.result} ({verdict.reason})" for verdict in verdicts]
        raise FailedError(f"the results are {found}, not {case['expect']}")
