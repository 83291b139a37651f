"""Ordinary conversations, held with aiosmtpd and with us: the same codes, the same octets."""

import asyncio
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from arrive.loopback import Client, served
from arrive.playbook import HOST, PLACES, Hamlet

HELLO = ["EHLO client.example"]
MAIL = [*HELLO, "MAIL FROM:<a@client.example>"]
RCPT = [*MAIL, "RCPT TO:<agent@ours.example>"]
CONVERSATIONS: dict[str, list[str]] = {
    "plain": [*RCPT, "DATA", "Subject: x\r\n\r\nhello\r\n.", "QUIT"],
    "helo": ["HELO client.example", *MAIL[1:], "RCPT TO:<agent@ours.example>", "DATA", "x\r\n.", "QUIT"],
    "two-recipients": [*RCPT, "RCPT TO:<alias@ours.example>", "DATA", "x\r\n.", "QUIT"],
    "dots": [*RCPT, "DATA", "..\r\n...\r\n.a\r\na.\r\n.", "QUIT"],
    "empty-lines": [*RCPT, "DATA", "\r\n\r\nx\r\n\r\n.", "QUIT"],
    "eight-bit": [*HELLO, "MAIL FROM:<a@b.example> BODY=8BITMIME", RCPT[-1], "DATA", "\xff\xfeä\r\n."],
    "null-sender": [*HELLO, "MAIL FROM:<>", RCPT[-1], "DATA", "x\r\n."],
    "declared-size": [*HELLO, "MAIL FROM:<a@b.example> SIZE=100", RCPT[-1], "DATA", "x\r\n."],
    "declared-too-big": [*HELLO, "MAIL FROM:<a@b.example> SIZE=99999999999"],
    "unknown-parameter": [*HELLO, "MAIL FROM:<a@b.example> FOO=BAR"],
    "two-messages": [*RCPT, "DATA", "one\r\n.", *RCPT[1:], "DATA", "two\r\n.", "QUIT"],
    "reset": [*RCPT, "RSET", "DATA", "QUIT"],
    "no-hello": ["MAIL FROM:<a@b.example>"],
    "no-mail": [*HELLO, "RCPT TO:<agent@ours.example>"],
    "nested": [*MAIL, MAIL[-1]],
    "unknown-recipient": [*MAIL, "RCPT TO:<nobody@ours.example>", RCPT[-1], "DATA", "x\r\n."],
    "vrfy": [*HELLO, "VRFY agent@ours.example"],
    "expn": [*HELLO, "EXPN staff"],
    "unknown": [*HELLO, "WIBBLE"],
    "noop": [*HELLO, "NOOP", "noop", "RSET"],
}


class Reference:
    """The same hamlet behind aiosmtpd."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        if address not in PLACES:
            return "550 5.1.1 unknown"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        assert isinstance(envelope.content, bytes)
        self.messages.append(envelope.content)
        return "250 2.0.0 OK"


async def codes(port: int, conversation: list[str]) -> list[str]:
    client = await Client.connect(port)
    heard = [(await client.reply())[-1][:3]]
    for said in conversation:
        await client.send(f"{said}\r\n".encode("latin-1"))
        heard.append((await client.reply())[-1][:3])
    await client.close()
    return heard


def alike(ours: str, theirs: str) -> bool:
    """The same code, but that we tell unknown commands, DATA without recipients and the like by another 5yz."""
    return ours == theirs or (ours[0] == theirs[0] == "5")


@pytest.mark.parametrize("name", CONVERSATIONS)
async def test_both_say_the_same(name: str) -> None:
    conversation = CONVERSATIONS[name]
    reference = Reference()
    loop = asyncio.get_running_loop()
    keywords: dict[str, Any] = {"hostname": HOST, "enable_SMTPUTF8": True, "data_size_limit": 26_214_400}
    listener = await loop.create_server(lambda: SMTP(reference, loop=loop, **keywords), "127.0.0.1", 0)
    try:
        theirs = await codes(listener.sockets[0].getsockname()[1], conversation)
    finally:
        listener.close()
    hamlet = Hamlet()
    async with served(hamlet) as (_, port):
        ours = await codes(port, conversation)
    assert all(alike(one, other) for one, other in zip(ours, theirs, strict=True)), (ours, theirs)
    assert [arrived.raw for arrived in hamlet.arrived] == reference.messages
