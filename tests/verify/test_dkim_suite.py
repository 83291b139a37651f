"""The public DKIM messages (tests/vectors/dkim): pass, not-pass, none, temperror; ``legacy`` must not pass."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gatepost.mail import fields
from gatepost.verify import dkim
from gatepost.verify.paper import Result
from gatepost.verify.signed_data import Body
from zones import ZoneResolver

SUITE = Path(__file__).parent.parent / "vectors" / "dkim" / "messages.jsonl"
NOW = 1_700_000_000
CASES = [json.loads(line) for line in SUITE.read_text(encoding="utf-8").splitlines()]


def zone(dns: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    made: dict[str, dict[str, list[str]]] = {}
    for name, text in dns.items():
        if isinstance(text, dict):
            if text["error"] != "NXDOMAIN":
                made[name] = {"FAIL": []}
        else:
            made[name] = {"TXT": [text]}
    return made


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
async def test_the_message_gets_the_verdict_the_suite_expects(case: dict[str, Any]) -> None:
    raw = base64.b64decode(case["message_b64"])
    if b"\r\n" not in raw:
        raw = raw.replace(b"\n", b"\r\n")  # some sources keep their mails with bare LF
    header = fields.split(raw)
    claims = dkim.read(header)
    keys = await dkim.fetch_keys(ZoneResolver(zone(case["dns"])), claims)
    now = datetime.fromtimestamp(case.get("verify_at", NOW), tz=UTC)
    verdicts = dkim.judge(header, Body(raw[header.body_start :]), claims, keys, now)
    results = {verdict.result for verdict in verdicts}
    match case["expect"]:
        case "pass":
            assert Result.PASS in results, verdicts
        case "none":
            assert not results
        case "temperror":
            assert Result.TEMPERROR in results
            assert Result.PASS not in results
        case _:
            assert Result.PASS not in results
            assert results
