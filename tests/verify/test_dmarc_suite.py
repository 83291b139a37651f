"""The public DMARC cases (tests/vectors/dmarc): policy discovery, alignment and the verdict, by RFC 9989."""

import json
from pathlib import Path
from typing import Any

import pytest

from gatepost.mail import fields
from gatepost.verify import author, dmarc
from zones import ZoneResolver

SUITE = Path(__file__).parent.parent / "vectors" / "dmarc" / "eval.jsonl"
CASES = [json.loads(line) for line in SUITE.read_text(encoding="utf-8").splitlines()]


def zone(written: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    made: dict[str, dict[str, list[str]]] = {}
    for name, records in written.items():
        if "error" in records:
            made[name] = {} if records["error"] == "NXDOMAIN" else {"FAIL": []}
        else:
            made[name] = {
                kind: ["".join(value) if isinstance(value, list) else str(value) for value in values]
                for kind, values in records.items()
            }
    return made


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
async def test_the_case_ends_as_the_suite_says(case: dict[str, Any]) -> None:
    found_author = author.find(fields.split(f"From: {case['header_from']}\r\n\r\n".encode())).address
    assert found_author is not None
    resolver = ZoneResolver(zone(case["zone"]))
    found = await dmarc.discover(resolver, found_author.domain)
    spf_domain = next(iter(case["spf_pass_domains"]), None)
    alignment = await dmarc.align(resolver, found, dkim_domains=case["dkim_pass_domains"], spf_domain=spf_domain)
    verdict = dmarc.judge(found, alignment)
    expect = case["expect"]
    assert verdict.result.value == expect.get("result", verdict.result.value)
    assert verdict.policy == expect.get("policy", verdict.policy)
    assert verdict.domain == expect.get("header_from", verdict.domain)
    assert verdict.organizational_domain == expect.get("domain", verdict.organizational_domain)
