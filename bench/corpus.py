"""The bench's mails: 5 KB, 80 % proven, 10 % with a broken signature, 5 % from a wrong address, 5 % with nothing.

How many authors write, and to how many mailboxes, is a part of the load: who writes for the first time costs more than
who is known. So are size and kind: what costs nothing in five kilobytes of text may cost milliseconds in a page of
HTML. All of these are options of each bench that sends mails.
"""

import argparse
import base64
import quopri
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
    parser.add_argument("--octets", type=int, default=SIZE_OCTETS, help="the size of each mail, without its signature")
    parser.add_argument("--html", action="store_true", help="pages of HTML, of which a tenth is said in plain text too")


@dataclass(frozen=True, slots=True)
class Shape:
    """What mails look like: their size before they are signed, and whether they are pages of HTML."""

    octets: int = SIZE_OCTETS
    is_html: bool = False

    @classmethod
    def of(cls, options: argparse.Namespace) -> "Shape":
        """Return what the options of ``add_options`` ask for."""
        return cls(options.octets, options.html)


TEXT = Shape()


class Senders:
    """Domains with SPF, DKIM and DMARC, all signing with one RSA-2048 key, and people who write from them in turn."""

    def __init__(self, zone: Zone, count: int, prefix: str, authors: int = 0, shape: Shape = TEXT) -> None:
        """Let ``authors`` people write, one from each domain where it is 0; nobody twice before all have."""
        self.domains = [f"{prefix}{number}.example" for number in range(count)]
        self._authors = authors or count
        self._shape = shape
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
            text = _letter(chance, self._shape, author, recipient, number, at)
            kind = chance.random()
            if kind < 0.95:  # noqa: PLR2004  # the mix, in the docstring
                text = sign(text, [SigningKey(domain, SELECTOR, "rsa-sha256", self._der)], at=at)
            if 0.80 <= kind < 0.90:  # noqa: PLR2004  # as above
                text += b"changed on the way\r\n"
            yield Mail(author, recipient, text.replace(b"\r\n.", b"\r\n.."))


def _letter(chance: random.Random, shape: Shape, author: str, recipient: str, number: int, at: datetime) -> bytes:
    header = (
        f"From: Bench <{author}>\r\nTo: <{recipient}>\r\nSubject: Number {number}\r\n"
        f"Date: {at:%a, %d %b %Y %H:%M:%S +0000}\r\nMessage-ID: <{number}.{chance.random()}.{author}>\r\n"
        "MIME-Version: 1.0\r\n"
    )
    left = shape.octets - len(header)
    if not shape.is_html:
        start = "Content-Type: text/plain; charset=utf-8\r\n\r\n"
        return (header + start + _lines(chance, left - len(start)) + "\r\n").encode()
    mark = f"=_{number}"
    start = (
        f'Content-Type: multipart/alternative; boundary="{mark}"\r\n\r\n'
        f"--{mark}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{_lines(chance, shape.octets // 10)}\r\n"
        f"--{mark}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    end = f"\r\n--{mark}--\r\n"
    return (header + start).encode() + _page(chance, left - len(start) - len(end)) + end.encode()


def _lines(chance: random.Random, octets: int) -> str:
    lines: list[str] = []
    size = 0
    while size < octets:
        lines.append(_said(chance, 12))
        size += len(lines[-1]) + 2
    return "\r\n".join(lines)


def _page(chance: random.Random, octets: int) -> bytes:
    """Return a table with inline styles and some links, as newsletters have it, in quoted-printable."""
    rows = [b"<html><head><style>td { padding: 4px }</style></head><body><table>"]
    size = 0
    while size < octets:
        said = _said(chance, 6)
        if chance.random() < 0.1:  # noqa: PLR2004  # one row in ten
            said = f'<a href="https://www.example.com/{chance.randrange(10**9)}">{said}</a>'
        row = f'<tr><td style="padding:4px;color:#333">{said}</td></tr>'.encode()
        rows.append(quopri.encodestring(row))
        size += len(rows[-1]) + 2
    return b"\r\n".join([*rows, b"</table></body></html>"]).replace(b"=\n", b"=\r\n")


def _said(chance: random.Random, words: int) -> str:
    return " ".join(chance.choice(_WORDS) for _ in range(words))
