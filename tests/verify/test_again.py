"""Evidence written down where a message waits, and read back."""

from dataclasses import replace
from typing import Any

import pytest

from decide.scene import evidence, inbound
from gatepost.mail import fields
from gatepost.verify import again, content
from gatepost.verify.paper import (
    ArcSeal,
    ArcVerdict,
    AutoMail,
    Family,
    Injection,
    IprevVerdict,
    Marker,
    Result,
    ScanResult,
    ScanVerdict,
    Signal,
    Verified,
)

RAW = (
    b"From: boss@example.com\r\nReply-To: other@example.com\r\nMessage-ID: <1@example.com>\r\n"
    b"References: <0@example.com>\r\nSubject: lunch\r\n\r\nShall we?\r\n"
)


def verified(**changes: Any) -> Verified:
    read = replace(content.read(RAW, fields.split(RAW)), reply_to=())
    return inbound(evidence(content=read, **changes), raw=RAW)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"author": None, "author_problem": "author.ambiguous"},
        {
            "arc": ArcVerdict(Result.PASS, (ArcSeal(1, "lists.example", "s", claims_aligned=True),)),
            "scans": (ScanVerdict("clamd", ScanResult.CLEAN), ScanVerdict("x", ScanResult.FOUND, "eicar", 0.5)),
            "iprev": IprevVerdict(Result.PASS, "192.0.2.1", "mx.example.com"),
            "auto": AutoMail("auto-replied", (Marker.AUTO_SUBMITTED,), 3, is_own=True),
            "injection": Injection(0.75, (Family.ROLE,), (Signal("role.system", Family.ROLE, "text", 0, 4, 1.5),)),
            "body_sha256": "00",
        },
    ],
)
async def test_the_evidence_comes_back_whole_and_nobody_is_asked_again(changes: dict[str, Any]) -> None:
    paper = verified(**changes)
    assert await again.reread(again.spell(paper), RAW) == paper


async def test_a_reply_to_that_nobody_vouched_for_stays_away() -> None:
    found = await again.reread(again.spell(verified()), RAW)
    assert found.evidence.content.reply_to == ()
    assert found.evidence.content.message_id == "1@example.com"


async def test_what_the_message_says_is_not_written_down_twice() -> None:
    assert b"Shall we" not in again.spell(verified())


async def test_half_a_character_of_a_stranger_breaks_nothing() -> None:
    odd = verified(iprev=IprevVerdict(Result.FAIL, "192.0.2.1", "mx\ud800"))
    assert (await again.reread(again.spell(odd), RAW)).evidence.iprev.name == "mx?"
