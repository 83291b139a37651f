"""The bench's mails: 5 KB, 80 % proven, 10 % with a broken signature, 5 % from a wrong address, 5 % with nothing.

How many authors write, and to how many mailboxes, is a part of the load: who writes for the first time costs more than
who is known. So it is an option of each bench that sends them.
"""

import argparse
import base64
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gatepost.deliver.sign import sign
from gatepost.dns import RdType
from gatepost.dns.wire import question
from gatepost.domains.paper import SigningKey
from zone import Zone

SIZE_OCTETS = 5_000
SELECTOR = "bench"
_WORDS = [
    "the",
    "meeting",
    "moves",
    "to",
    "friday",
    "please",
    "confirm",
    "with",
    "your",
    "calendar",
    "and",
    "send",
    "regards",
    "from",
    "all",
    "of",
    "us",
    "here",
]


@dataclass(frozen=True, slots=True)
class Mail:
    """One message ready for the wire (dot-stuffed, without the final dot), and who sends it."""

    mail_from: str
    rcpt_to: str
    octets: bytes


def add_options(parser: argparse.ArgumentParser) -> None:
    """Let whoever starts a bench say who writes to whom."""
    parser.add_argument("--authors", type=int, default=4_000, help="people who write, in a hundred domains, in turn")
    parser.add_argument("--mailboxes", type=int, default=50, help="whom they write to, by chance")


class Senders:
    """Domains with SPF, DKIM and DMARC, all signing with one RSA-2048 key, and people who write from them in turn."""

    def __init__(self, zone: Zone, count: int, prefix: str, authors: int = 0) -> None:
        """Let ``authors`` people write, one from each domain where it is 0; nobody twice before all have."""
        self.domains = [f"{prefix}{number}.example" for number in range(count)]
        self._authors = authors or count
        self._sent = 0
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._der = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        text = f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"
        for at, domain in enumerate(self.domains):
            passes = bool(at % 20)  # one in twenty does not list the address the bench sends from
            zone.add(domain, "TXT", "v=spf1 ip4:127.0.0.1 -all" if passes else "v=spf1 ip4:192.0.2.1 -all")
            zone.add(f"{SELECTOR}._domainkey.{domain}", "TXT", text)
            zone.add(f"_dmarc.{domain}", "TXT", "v=DMARC1; p=reject")

    def spell_out(self, zone: Zone) -> None:
        """Let the name server work out beforehand what the house will ask: its own time is nobody's to be measured.

        To be called when no further record is added.
        """
        for domain in self.domains:
            for name in (domain, f"{SELECTOR}._domainkey.{domain}", f"_dmarc.{domain}"):
                zone.spell(question(name, RdType.TXT, 0))

    def mails(self, count: int, recipients: Sequence[str], at: datetime, seed: int) -> Iterator[Mail]:
        """Yield mails of the mix, with the same texts for the same seed, from whose turn it is."""
        chance = random.Random(seed)  # noqa: S311  # reproducible, not secret
        for number in range(count):
            turn, at_domain = divmod(self._sent % self._authors, len(self.domains))
            self._sent += 1
            domain, recipient = self.domains[at_domain], chance.choice(recipients)
            author = f"bench{turn or ''}@{domain}"
            text = _letter(chance, author, recipient, number, at)
            kind = chance.random()
            if kind < 0.95:  # noqa: PLR2004  # the mix, in the docstring
                text = sign(text, [SigningKey(domain, SELECTOR, "rsa-sha256", self._der)], at=at)
            if 0.80 <= kind < 0.90:  # noqa: PLR2004  # as above
                text += b"changed on the way\r\n"
            yield Mail(author, recipient, text.replace(b"\r\n.", b"\r\n.."))


def _letter(chance: random.Random, author: str, recipient: str, number: int, at: datetime) -> bytes:
    header = (
        f"From: Bench <{author}>\r\nTo: <{recipient}>\r\nSubject: Number {number}\r\n"
        f"Date: {at:%a, %d %b %Y %H:%M:%S +0000}\r\nMessage-ID: <{number}.{chance.random()}.{author}>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    lines = []
    size = len(header)
    while size < SIZE_OCTETS:
        line = " ".join(chance.choice(_WORDS) for _ in range(12))
        lines.append(line)
        size += len(line) + 2
    return (header + "\r\n".join(lines) + "\r\n").encode()
