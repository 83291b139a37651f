"""Foreign and our own abuse scripts, played against a real server on loopback: see tests/vectors/smtp/README.md."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from arrive.loopback import Client, certificate, served
from arrive.playbook import Hamlet
from gatepost.mail import fields
from suites.case import Case, FailedError, expect, rows

PLACES = {
    "{FROM}": "sender@client.example",
    "{RCPT}": "agent@ours.example",
    "{LOCAL_DOMAIN}": "ours.example",
    "{ID}": "case-1",
}


def read(folder: Path) -> Iterator[Case]:
    """Yield the conversations of every JSON Lines file."""
    for path in sorted(folder.glob("*.jsonl")):
        for case in rows(path):
            yield Case(case["id"], partial(_check, case))


def _fill(text: str) -> str:
    for place, value in PLACES.items():
        text = text.replace(place, value)
    return text


def _fits(pattern: str, reply: str) -> bool:
    return any(
        len(reply) > len(choice)
        and all(want in {"x", got} for want, got in zip(choice, reply[: len(choice)], strict=True))
        for choice in pattern.split("|")
    )


def _must_fit(pattern: str, reply: str) -> None:
    if not _fits(pattern, reply):
        raise FailedError(f"the reply is {reply!r}, not {pattern}")


async def _play(case: dict[str, Any], client: Client) -> list[str]:
    """Play the steps; return the final line of every reply read on the way."""
    replies: list[str] = []
    for step in case["steps"]:
        if step.get("tls"):
            await client.start_tls()
            continue
        if step.get("expect_no_bytes"):
            expect(await client.silence(0.2), wanted=True, what="the silence")
            continue
        if "bdat" in step:
            octets = _fill(step["bdat"]).encode("latin-1")
            await client.send(b"BDAT %d%s\r\n" % (len(octets), b" LAST" if step["last"] else b"") + octets)
        elif "send_utf8" in step:
            await client.send(_fill(step["send_utf8"]).encode("utf-8"))
        else:
            await client.send(_fill(step["send"]).encode("latin-1"))
        replies.append((await client.reply() or [""])[-1])
        if "expect" in step:
            _must_fit(step["expect"], replies[-1])
    return replies


async def _check(case: dict[str, Any]) -> None:
    hamlet = Hamlet()
    wanted = case["expect"]
    with tempfile.TemporaryDirectory() as folder:
        async with served(hamlet, tls=certificate(Path(folder))) as (_, port):
            client = await Client.greeted(port)
            replies = await _play(case, client)
            for pattern in wanted.get("replies", [])[1:]:
                replies.append((await client.reply())[-1])
                _must_fit(pattern, replies[-1])
            await client.close()
    if "allowed_first_reply" in wanted:
        _must_fit("|".join(wanted["allowed_first_reply"]), replies[-1])
    if wanted.get("must_not_relay_outside"):
        _must_fit("5xx|4xx", replies[-1])
    _check_messages(case, [arrived.raw for arrived in hamlet.arrived if isinstance(arrived.raw, bytes)])


def _check_messages(case: dict[str, Any], messages: list[bytes]) -> None:
    wanted = case["expect"]
    if len(messages) > wanted.get("max_messages", 2):
        raise FailedError(f"{len(messages)} messages were taken")
    sent = _fill(case["steps"][-1].get("send", "")).encode("latin-1").removesuffix(b".\r\n")
    if "stored_body_contains" in wanted and not any(wanted["stored_body_contains"].encode() in raw for raw in messages):
        raise FailedError("the stored body lacks what was sent")
    if wanted.get("stored_bytes_identical") or (wanted.get("no_silent_corruption") and messages):
        expect(messages, [sent], "what is stored")
    smuggled = _fill(wanted.get("must_not_deliver_subject", ""))
    for raw in messages:
        if any(smuggled and smuggled in field.text for field in fields.split(raw).all(b"subject")):
            raise FailedError("a smuggled message was delivered")
        if not raw.count(b"\r\n") == raw.count(b"\r") == raw.count(b"\n"):
            raise FailedError("a stored message has bare line ends: whoever relays it smuggles")
