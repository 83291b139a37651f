"""Measure the whole verification of a 5 KB message with warm DNS beside the least there is, and beside other libraries.

Five ways over the same mails, in turns. Each message is timed several times by itself, and its least counts: that time
nothing interrupted it, whatever else the machine does, so this is CPU time with a finer clock. `plain` does what a
signature cannot do without (split the header, canonicalise, hash, RSA-2048 with a key at hand) and no more;
`authenticate` is the house's `verify.authenticate`: SPF twice, iprev, DKIM, ARC, DMARC; `authentication` is
`verify.check` with the content read before: that, auto-mail, and everything put together; `ours` is `verify.check` as
it is, the whole evidence: that, both views of the content, signs of an injection, the language. `libraries` is dkimpy,
pyspf and authheaders, with the same DNS answers at hand. `newsletter` is what `ours` takes for unsigned mails of 50 KB,
nearly all of it HTML: rows of a table, every other one with a link, below a style sheet. Ends with one line of JSON.
The ratios belong to this program; the times to the machine.
"""

import argparse
import asyncio
import base64
import contextlib
import hashlib
import json
import os
import quopri
import random
import re
import statistics
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from types import ModuleType
from typing import Any

import authheaders
import spf
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from typing_extensions import override

from corpus import Mail, Senders
from gatepost.app.process import settle_in
from gatepost.arrive.paper import Arrived, Peer
from gatepost.dns import CachingResolver, Client
from gatepost.domains.paper import Destination
from gatepost.egress import Destination as Exit
from gatepost.egress import Egress, Purpose, Register
from gatepost.ids import AccountId, BlobId, EmailId, TenantId
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope
from gatepost.verify import authenticate, content, injection, tongue
from gatepost.verify.check import check
from zone import Zone, serve

PEER = ip_address("127.0.0.1")
NOW = datetime.now(UTC)  # noqa: TID251  # a program's own clock
DOMAINS = 20
PAGES = 30
WORDS = ["answer", "attached", "budget", "confirm", "delivery", "invoice", "meeting", "order", "project", "question"]
CHUNK = 60
"""Mails before the next way takes its turn: what disturbs the machine then disturbs all of them, and each finds its own
code in the processor's caches, as in a loop of its own."""

_SPACES = re.compile(rb"[ \t]+")
_SPACES_AT_END = re.compile(rb"[ \t]+\r\n")
_SIGNATURE_TAG = re.compile(rb"(\bb=)[^;]*")


class Notes(Zone):
    """A zone that also answers from memory, as the other libraries ask."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}

    @override
    def add(self, name: str, rdtype: str, text: str) -> None:
        super().add(name, rdtype, text)
        self.texts[name] = text

    def octets(self, name: bytes, timeout: int = 5) -> bytes | None:
        """Answer dkimpy."""
        del timeout
        found = self.texts.get(name.decode().rstrip("."))
        return found.encode() if found else None

    def words(self, name: str) -> str | None:
        """Answer authheaders."""
        return self.texts.get(name.rstrip("."))


def _tags(value: bytes) -> dict[bytes, bytes]:
    return {tag.strip(): text for tag, equals, text in (part.partition(b"=") for part in value.split(b";")) if equals}


def _relaxed(raw: bytes) -> bytes:
    name, _, value = raw.partition(b":")
    return name.strip().lower() + b":" + _SPACES.sub(b" ", value.replace(b"\r\n", b"")).strip()


def plain(raw: bytes, keys: dict[bytes, RSAPublicKey]) -> None:
    """Verify the one DKIM signature of a well-formed message, and nothing else."""
    head, _, body = raw.partition(b"\r\n\r\n")
    found: dict[bytes, list[bytes]] = {}
    lines: list[bytes] = []
    for line in head.split(b"\r\n"):
        if line[:1] in b" \t" and lines:
            lines[-1] += b"\r\n" + line
        else:
            lines.append(line)
    for line in lines:
        found.setdefault(line.partition(b":")[0].strip().lower(), []).append(line)
    signature = found[b"dkim-signature"][0]
    tags = _tags(signature.partition(b":")[2])
    picked = [
        found[name].pop() for name in map(bytes.lower, map(bytes.strip, tags[b"h"].split(b":"))) if found.get(name)
    ]
    signed = [_relaxed(line) for line in (*picked, _SIGNATURE_TAG.sub(rb"\1", signature))]
    if b"\t" in body or b"  " in body or b" \r\n" in body:
        body = _SPACES.sub(b" ", _SPACES_AT_END.sub(b"\r\n", body))
    body_hash = hashlib.sha256(body.rstrip(b"\r\n") + b"\r\n").digest()
    if base64.b64encode(body_hash) == b"".join(tags[b"bh"].split()):
        keys[tags[b"d"].strip()].verify(
            base64.b64decode(b"".join(tags[b"b"].split())),
            hashlib.sha256(b"\r\n".join(signed)).digest(),
            PKCS1v15(),
            Prehashed(SHA256()),
        )


def libraries(mail: Mail, notes: Notes) -> None:
    """Verify with the Python libraries a gateway would take: DKIM, SPF, then DMARC over both."""
    domain = mail.mail_from.partition("@")[2]
    result, _ = spf.check2(i="127.0.0.1", s=mail.mail_from, h=f"mx.{domain}")
    sender = authheaders.SPFAuthenticationResult(result=result, smtp_mailfrom=domain)
    signature = authheaders.check_dkim(mail.octets, dnsfunc=notes.octets)
    authheaders.check_dmarc(mail.octets, sender, signature, dnsfunc=notes.words)


def ask_notes(notes: Notes) -> None:
    """Let pyspf ask the notes, too: it takes no resolver, only a function of its module."""

    def lookup(name: str, qtype: str, *_: object, **__: object) -> list[tuple[tuple[str, str], object]]:
        found = notes.texts.get(name.rstrip("."))
        return [((name, qtype), (found.encode(),))] if found and qtype == "TXT" else []

    spf.DNSLookup = lookup
    # Its public suffix list would be parsed anew for each question, a hundred times the cost of all else together.
    suffixes = authheaders.dmarc_lookup.PublicSuffixList
    once = cache(lambda path: suffixes(Path(path).read_text().splitlines()))
    authheaders.dmarc_lookup.PublicSuffixList = lambda opened: once(opened.name)


def arrived(mail: Mail) -> Arrived:
    """Write the paper of a mail."""
    sender = Address.parse(mail.mail_from)
    return Arrived.by_smtp(
        email=EmailId("em_bench"),
        destination=Destination(TenantId("tn_bench"), AccountId(1)),
        envelope=Envelope(sender, (Address.parse("agent@house.example"),)),
        peer=Peer(PEER, f"mx.{sender.domain}", None),
        raw=mail.octets,
        blob=BlobId(hashlib.sha256(mail.octets).hexdigest()),
        received_at=NOW,
    )


Way = Callable[[Mail], Awaitable[object]]


def newsletters(count: int) -> list[Mail]:
    """Write mails of text and HTML, as most real mail is; no two alike."""
    sheet = "".join(f".{word}{{padding:{at}px}}a.{word}:hover{{color:#00f}}" for at, word in enumerate(WORDS, 1))
    mails = []
    for number in range(count):
        chance = random.Random(number)  # noqa: S311  # words of no meaning
        lines = (" ".join(chance.choices(WORDS, k=8)) for _ in range(80))
        rows = []
        for row in range(330):
            words = " ".join(chance.choices(WORDS, k=5))
            link = f'<a href="https://news.example/{number}/{row}" style="color:#06c">more</a>' if row % 2 else ""
            cell = f'<td class="{chance.choice(WORDS)}" style="padding:4px;color:#333">{words} {link}</td>'
            rows.append(f"<tr>{cell}</tr>\n")
        page = f"<!doctype html><style>{sheet}</style><body><table>{''.join(rows)}</table></body>"
        html = quopri.encodestring(page.encode()).decode()
        whole = (
            "From: <news@news.example>",
            "To: <agent@house.example>",
            "Subject: News",
            "MIME-Version: 1.0",
            'Content-Type: multipart/alternative; boundary="="',
            "",
            "--=",
            "Content-Type: text/plain",
            "",
            *lines,
            "--=",
            "Content-Type: text/html",
            "Content-Transfer-Encoding: quoted-printable",
            "",
            html,
            "--=--",
        )
        octets = "\n".join(whole).replace("\n", "\r\n").encode()
        mails.append(Mail("news@news.example", "agent@house.example", octets))
    return mails


async def measure(mails: list[Mail], notes: Notes, port: int, rounds: int) -> dict[str, float]:
    """Return what each way costs, in microseconds a message."""
    papers = {mail.octets: arrived(mail) for mail in mails}
    keys = _keys(notes)
    async with CachingResolver(_client(port), lambda: NOW) as resolver:

        async def bare(mail: Mail) -> None:
            plain(mail.octets, keys)

        reading = Reading()

        async def ours(mail: Mail) -> object:
            reading.remember(is_wanted=False)
            return await check(papers[mail.octets], resolver)

        async def who(mail: Mail) -> object:
            return await authenticate(papers[mail.octets], resolver)

        async def authentication(mail: Mail) -> object:
            reading.remember(is_wanted=True)
            return await check(papers[mail.octets], resolver)

        async def others(mail: Mail) -> None:
            libraries(mail, notes)

        for mail in mails:
            await authentication(mail)
        settle_in()
        ways: dict[str, Way] = {
            "plain": bare, "authenticate": who, "authentication": authentication, "ours": ours, "libraries": others,
        }  # fmt: skip
        costs = await _in_turns(ways, mails, rounds)
        pages = newsletters(PAGES)
        papers.update({mail.octets: arrived(mail) for mail in pages})
        return costs | await _in_turns({"newsletter": ours}, pages, rounds)


class Reading:
    """Stands before what reads the content; asked to, it says again what was read in the same message before."""

    def __init__(self) -> None:
        self._ways: list[tuple[ModuleType, str, Callable[..., object], Callable[..., object]]] = []
        self._is_remembered = False
        self._stand_before(content, "read", lambda raw: raw)
        self._stand_before(injection, "examine", id)
        self._stand_before(tongue, "of", lambda text: text)

    def remember(self, *, is_wanted: bool) -> None:
        """Say again what was said before, or read anew."""
        if is_wanted != self._is_remembered:
            self._is_remembered = is_wanted
            for module, name, reads, says in self._ways:
                setattr(module, name, says if is_wanted else reads)

    def _stand_before(self, module: ModuleType, name: str, key_of: Callable[[Any], object]) -> None:
        reads = getattr(module, name)
        said: dict[object, object] = {}

        def say(asked: object, *args: object, **kwargs: object) -> object:
            key = key_of(asked)
            if key not in said:
                said[key] = reads(asked, *args, **kwargs)
            return said[key]

        self._ways.append((module, name, reads, say))


async def _in_turns(ways: dict[str, Way], mails: list[Mail], rounds: int) -> dict[str, float]:
    """Return the mean over the messages of the least each took. Who comes first changes each time."""
    least: dict[str, dict[bytes, float]] = {name: {} for name in ways}
    chunks = [mails[at : at + CHUNK] for at in range(0, len(mails), CHUNK)]
    for turn in range(rounds * len(chunks)):
        order = deque(ways.items())
        order.rotate(turn)
        for at, (name, way) in enumerate(order):
            chunk = chunks[(turn + at * len(chunks) // len(ways)) % len(chunks)]  # nobody finds it in a cache
            for mail in chunk:
                started = time.perf_counter()
                await way(mail)
                took_us = (time.perf_counter() - started) * 1e6
                least[name][mail.octets] = min(took_us, least[name].get(mail.octets, took_us))
    return {name: statistics.fmean(each.values()) for name, each in least.items()}


def _client(port: int) -> Client:
    async def nobody(_: str) -> list[str]:
        return []

    rows = [Exit(purpose=Purpose.DNS, host="*", port=0, is_clear=True)]
    register = Register(rows, allow_private=(ip_network("127.0.0.0/8"),))
    return Client([("127.0.0.1", port)], Egress(register, nobody, lambda: NOW), os.urandom, timeout_s=1.0)


def _keys(notes: Notes) -> dict[bytes, RSAPublicKey]:
    keys: dict[bytes, RSAPublicKey] = {}
    for name, text in notes.texts.items():
        if "._domainkey." in name:
            key = load_der_public_key(base64.b64decode(text.partition("p=")[2]))
            if isinstance(key, RSAPublicKey):
                keys[name.partition("._domainkey.")[2].encode()] = key
    return keys


async def main(count: int, rounds: int) -> None:
    """Print a table and one line of JSON."""
    notes = Notes()
    senders = Senders(notes, DOMAINS, "v")
    mails = [
        mail for mail in senders.mails(count * 3, ["agent@house.example"], NOW, seed=1) if b"DKIM-Sig" in mail.octets
    ]
    mails = [replace(mail, octets=mail.octets.replace(b"\r\n..", b"\r\n.")) for mail in mails][:count]
    ask_notes(notes)
    async with serve(notes) as port:
        costs = await measure(mails, notes, port, rounds)
    ratios = {
        "ours_to_plain": costs["ours"] / costs["plain"],
        "authentication_to_plain": costs["authentication"] / costs["plain"],
        "authenticate_to_plain": costs["authenticate"] / costs["plain"],
        "ours_to_libraries": costs["ours"] / costs["libraries"],
        "authentication_to_libraries": costs["authentication"] / costs["libraries"],
    }
    for name, cost in costs.items():
        print(f"{name:22} {cost:8.1f} us a message")
    print(json.dumps({name: round(value, 3) for name, value in ratios.items()}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(options.count, options.rounds))
