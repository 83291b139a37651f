"""A canary mail, handed in as any server would hand it in."""

import ssl
from dataclasses import dataclass

from gatepost.trust.probe.client import Line, ProbeError, Prober, Reply, unchecked

GUARDED = "canary-to-be-refused"
"""Words that the canaries' own policy guards against."""
FRIEND, STRANGER, UNPROVEN = "friend@canary.invalid", "stranger@canary.invalid", "unproven@canary.invalid"
"""Who writes canaries: names that nobody can prove (RFC 6761)."""
GREETING = "probe.invalid"  # RFC 6761: nobody's name
_GO_ON, _DONE = 300, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail of ours. ``mail_from`` may be empty: the null reverse-path. ``is_automatic``: it says so (RFC 3834)."""

    mail_from: str
    author: str
    to: str
    message_id: str
    words: str = ""
    is_automatic: bool = True

    @property
    def text(self) -> bytes:
        """The message, with CRLF."""
        lines = (
            f"From: <{self.author}>",
            f"To: <{self.to}>",
            f"Message-ID: <{self.message_id}>",
            "Subject: canary",
            *(["Auto-Submitted: auto-generated"] if self.is_automatic else []),
            "Content-Type: text/plain; charset=us-ascii",
            "",
            f"This is a canary of the trust centre: {self.message_id} {self.words}".rstrip(),
            "",
        )
        return "\r\n".join(lines).encode()


async def hand_in(prober: Prober, host: str, port: int, letter: Letter, *, tls: bool) -> Reply:
    """Return the door's answer: to the mail, or to the first command it refused.

    Raises:
        ProbeError: nobody answers, or not in SMTP.
    """
    async with prober.open(host, port) as line:
        greeting = await line.reply()
        if greeting.code >= _GO_ON:
            return greeting
        await line.say(f"EHLO {GREETING}")
        if tls:
            await _secure(line, host)
        return await _transact(line, letter)


async def _secure(line: Line, host: str) -> None:
    if (await line.say("STARTTLS")).code >= _GO_ON:
        raise ProbeError("STARTTLS is not offered")
    try:
        await line.writer.start_tls(unchecked(), server_hostname=host)
    except (OSError, ssl.SSLError) as error:
        raise ProbeError("no handshake") from error
    await line.say(f"EHLO {GREETING}")


async def _transact(line: Line, letter: Letter) -> Reply:
    for command in (f"MAIL FROM:<{letter.mail_from}>", f"RCPT TO:<{letter.to}>"):
        reply = await line.say(command)
        if reply.code >= _GO_ON:
            return reply
    reply = await line.say("DATA")
    if not _GO_ON <= reply.code < _GO_ON + 100:
        return reply
    line.writer.write(letter.text + b".\r\n")
    return await line.reply()
