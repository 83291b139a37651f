"""Foreign and our own abuse scripts, played against a real server: see tests/vectors/smtp/README.md."""

import json
from pathlib import Path
from typing import Any

import pytest

from arrive.loopback import Client, certificate, served
from arrive.playbook import Hamlet

CASES: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "vectors" / "smtp" / "cases.jsonl").read_text("utf-8").splitlines()
]
PLACES = {
    "{FROM}": "sender@client.example",
    "{RCPT}": "agent@ours.example",
    "{LOCAL_DOMAIN}": "ours.example",
    "{ID}": "case-1",
}
NOT_OURS = {"open-relay", "relay-trick-3", "relay-trick-4", "relay-trick-5"}


def fill(text: str) -> str:
    for place, value in PLACES.items():
        text = text.replace(place, value)
    return text


def fits(pattern: str, reply: str) -> bool:
    return any(
        len(reply) > 3 and all(want in {"x", got} for want, got in zip(choice, reply[:3], strict=True))
        for choice in pattern.split("|")
    )


async def play(case: dict[str, Any], client: Client) -> list[str]:
    """Play the steps; return the final line of every reply read on the way."""
    replies: list[str] = []
    for step in case["steps"]:
        if step.get("tls"):
            await client.start_tls()
            continue
        if step.get("expect_no_bytes"):
            assert await client.silence(0.2)
            continue
        if "bdat" in step:
            octets = fill(step["bdat"]).encode("latin-1")
            await client.send(b"BDAT %d%s\r\n" % (len(octets), b" LAST" if step["last"] else b"") + octets)
        elif "send_utf8" in step:
            await client.send(fill(step["send_utf8"]).encode("utf-8"))
        else:
            await client.send(fill(step["send"]).encode("latin-1"))
        replies.append((await client.reply() or [""])[-1])
        if "expect" in step:
            assert fits(step["expect"], replies[-1]), (step["expect"], replies)
    return replies


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
async def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    hamlet = Hamlet()
    async with served(hamlet, tls=certificate(tmp_path)) as (_, port):
        client = await Client.greeted(port)
        replies = await play(case, client)
        expected = case["expect"]
        for pattern in expected.get("replies", [])[1:]:
            replies.append((await client.reply())[-1])
            assert fits(pattern, replies[-1]), replies
        if "allowed_first_reply" in expected:
            assert any(fits(pattern, replies[-1]) for pattern in expected["allowed_first_reply"])
        await client.close()
    messages = [arrived.raw for arrived in hamlet.arrived if isinstance(arrived.raw, bytes)]
    assert len(messages) <= expected.get("max_messages", 2)
    if "stored_body_contains" in expected:
        assert expected["stored_body_contains"].encode() in messages[0]
    if expected.get("stored_bytes_identical"):
        sent = fill(case["steps"][-1]["send"]).encode("latin-1")
        assert messages == [sent.removesuffix(b".\r\n")]
    if expected.get("no_silent_corruption") and messages:
        assert messages == [fill(case["steps"][-1]["send"]).encode("latin-1").removesuffix(b".\r\n")]
    if case["group"].startswith("smuggling-") and case["id"].startswith("eod-"):
        assert messages == [], "whatever does not end its lines with CRLF is refused whole"
    if case["id"] in NOT_OURS:
        assert replies[-1].startswith("5")
    for raw in messages:
        assert raw.count(b"\r\n") == raw.count(b"\r") == raw.count(b"\n")
