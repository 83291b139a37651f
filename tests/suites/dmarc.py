"""The public DMARC cases: policy discovery, alignment and the verdict, by RFC 9989."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from gatepost.mail import fields
from gatepost.verify import author, dmarc
from gatepost.verify.answers import Answers
from suites.case import Case, FailedError, expect, rows, zone_of
from zones import ZoneResolver


def read(folder: Path) -> Iterator[Case]:
    """Yield the cases of every JSON Lines file."""
    for path in sorted(folder.glob("*.jsonl")):
        for case in rows(path):
            yield Case(case["id"], partial(_check, case))


async def _check(case: dict[str, Any]) -> None:
    found_author = author.find(fields.split(f"From: {case['header_from']}\r\n\r\n".encode())).address
    if found_author is None:
        raise FailedError("the From field has no author")
    known = Answers(ZoneResolver(zone_of(case["zone"])))
    domain = found_author.domain
    found = await known.settle(lambda: dmarc.discover(known, domain))
    verdicts = []
    for spf_domain in case["spf_pass_domains"] or [None]:
        align = partial(dmarc.align, known, found, dkim_domains=case["dkim_pass_domains"], spf_domain=spf_domain)
        alignment = await known.settle(align)
        verdicts.append(dmarc.judge(found, alignment))
    verdict = next((one for one in verdicts if one.result.value == "pass"), verdicts[0])
    wanted = case["expect"]
    expect(verdict.result.value, wanted.get("result", verdict.result.value), "the result")
    expect(verdict.policy, wanted.get("policy", verdict.policy), "the policy")
    expect(verdict.domain, wanted.get("header_from", verdict.domain), "the author domain")
    expect(verdict.organizational_domain, wanted.get("domain", verdict.organizational_domain), "the organization")
