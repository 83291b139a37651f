"""The public ARC validation suite (tests/vectors/arc): every chain ends as the suite says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatepost.mail import fields
from gatepost.verify import arc
from gatepost.verify.paper import Result
from gatepost.verify.signed_data import Body
from verify.arrivals import NOW
from zones import ZoneResolver

SUITE = Path(__file__).parent.parent / "vectors" / "arc" / "arc-draft-validation-tests.yml"
WORDS = {"Pass": Result.PASS, "Fail": Result.FAIL, "None": Result.NONE, "": Result.FAIL}


def cases() -> Iterator[Any]:
    with SUITE.open(encoding="utf-8") as stream:
        for scenario in yaml.safe_load_all(stream):
            for name, case in scenario["tests"].items():
                yield pytest.param(scenario["txt-records"], case, id=name)


@pytest.mark.parametrize(("records", "case"), list(cases()))
async def test_the_chain_ends_as_the_suite_says(records: dict[str, str] | None, case: dict[str, Any]) -> None:
    raw = case["message"].encode().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    header = fields.split(raw)
    chain = arc.read(header)
    zone = {name: {"TXT": [text]} for name, text in (records or {}).items()}
    keys = await arc.fetch_keys(ZoneResolver(zone), chain)
    verdict = arc.judge(header, Body(raw[header.body_start :]), chain, keys, NOW, "d1.example.org")
    assert verdict.result is WORDS[case["cv"] or ""], verdict.reason
