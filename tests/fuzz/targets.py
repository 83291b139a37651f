"""What is fuzzed: each target makes an input of a chance and reads it. Whatever is read must end in a value of ours."""

import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache, partial
from ipaddress import ip_address
from pathlib import Path

import dns.message

from differential.letters import letter
from fuzz.mutate import worse
from gatepost.dns.paper import RdType
from gatepost.dns.wire import MalformedError, question, read
from gatepost.mail import fields
from gatepost.mail.reading import from_json, to_json
from gatepost.verify import authres, check, stored
from gatepost.verify.extract import Extractor, worker
from gatepost.verify.extract.kinds import Kind
from gatepost.verify.paper import Evidence, Extraction
from hostile_dns import answer
from verify.arrivals import ED25519_RECORD, RSA_RECORD, arrival
from verify.extract import files
from zones import ZoneResolver

VECTORS = Path(__file__).parents[1] / "vectors"
NAME = "house.example"
_KINDS = {
    "docx": Kind.DOCX,
    "xlsx": Kind.XLSX,
    "ics": Kind.CALENDAR,
    "eml": Kind.MESSAGE,
    "html": Kind.HTML,
    "csv": Kind.PLAIN,
}
_SPF = "v=spf1 include:b.example a:%{d2}.x.example mx ptr exists:%{ir}.%{v}._spf.%{d} ip6:2001:db8::/32 exp=e.%{d} -all"
_CALENDAR = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY;LANGUAGE=en:Lunch\\, at noon\r\nDESCRIPTION:Room 4\r\n  and more\r\n"
    b'ORGANIZER;CN="Boss":mailto:boss@a.example\r\nX-ALT-DESC;FMTTYPE=text/html:<p>hi</p>\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n'
)


class BrokenPromiseError(AssertionError):
    """What was read is not what the house promises."""


@dataclass(frozen=True, slots=True)
class Target:
    """``make`` returns an input of a chance, ``feed`` reads it and raises where a promise is broken."""

    name: str
    make: Callable[[random.Random], bytes]
    feed: Callable[[bytes], Awaitable[None]]


@cache
def _mails() -> tuple[bytes, ...]:
    return tuple(
        path.read_bytes()[:60_000] for path in sorted((VECTORS / "mime" / "messages").rglob("*")) if path.is_file()
    )


@cache
def _pages() -> tuple[bytes, ...]:
    rows = map(json.loads, (VECTORS / "injection" / "benign.jsonl").read_text().splitlines())
    return tuple(row["html"].encode() for row in rows if row.get("html"))


def _page(chance: random.Random) -> bytes:
    page = worse(chance.choice(_pages())[:40_000], chance, _pages())
    return b"From: a@a.example\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page


def _signed(chance: random.Random) -> bytes:
    return worse(letter(chance.randrange(1_000_000)).raw, chance, _mails())


async def _read_mail(raw: bytes, records: dict[str, dict[str, list[str]]] | None = None) -> None:
    zone = {f"{selector}._domainkey.{domain}.example": {"TXT": [record]}
            for selector, record in (("rsa", RSA_RECORD), ("ed", ED25519_RECORD))
            for domain in ("a", "b", "sub.a", "hop1", "hop2")}  # fmt: skip
    mail = arrival(raw, mail_from="bob@a.example", helo="mail.a.example", address="2001:db8::1")
    _keep_promises(raw, (await check(mail, ZoneResolver(zone | (records or {})))).evidence)


def _keep_promises(raw: bytes, found: Evidence) -> None:
    """Check what every later room builds on."""
    reading = found.content.reading
    if from_json(to_json(reading)) != reading:
        raise BrokenPromiseError("the reading is not what was stored of it")
    written = json.dumps(stored.spell(found))
    if "\\u0000" in written:
        raise BrokenPromiseError("PostgreSQL stores no NUL")
    if not 0 <= found.injection.score <= 1:
        raise BrokenPromiseError("a score beyond its bounds")
    for signal in found.injection.signals:
        if not 0 <= signal.start <= signal.end:
            raise BrokenPromiseError("a signal beyond its place")
    told = authres.field(authres.results(found), NAME)
    if not told.endswith(b"\r\n") or b"\n" in told.replace(b"\r\n ", b"").replace(b"\r\n\t", b"")[:-2]:
        raise BrokenPromiseError("Authentication-Results breaks its line")
    raw = raw if fields.body_start(raw) < len(raw) else raw + b"\r\n\r\n"
    if fields.split(authres.stamped(raw, "none", NAME)).fields[0].raw + b"\r\n" != authres.field("none", NAME):
        raise BrokenPromiseError("a stranger goes on with our field")
    raw = b"X-First: field\r\n" + raw  # else its own first line could go on with the forged field
    forged = b"Authentication-Results: " + NAME.encode() + b"; dmarc=pass\r\n" + raw
    if authres.without_ours(forged, NAME) != authres.without_ours(raw, NAME):
        raise BrokenPromiseError("a foreign field under our name stays")


async def _read_records(octets: bytes) -> None:
    texts = octets.decode("latin-1").split("\x1e")
    spf, policy, key, *_ = [*texts, "", "", ""]
    zone = {
        "a.example": {"TXT": [spf], "MX": ["10 mx.a.example"], "A": ["192.0.2.1"]},
        "b.example": {"TXT": [spf]},
        "mail.a.example": {"TXT": [spf]},
        "_dmarc.a.example": {"TXT": [policy]},
        "_dmarc.example": {"TXT": [policy]},
        "rsa._domainkey.a.example": {"TXT": [key]},
        ip_address("2001:db8::1").reverse_pointer: {"PTR": ["mail.a.example", "x" * 70, ""]},
    }
    await _read_mail(letter(3).raw, zone)


def _records(chance: random.Random) -> bytes:
    kept = (_SPF, "v=DMARC1; p=reject; sp=none; np=quarantine; psd=u; t=y; rua=mailto:a@b.example!9m", RSA_RECORD)
    octets = [one.encode() for one in kept]
    return b"\x1e".join(worse(one, chance, octets) if chance.random() < 0.6 else one for one in octets)


def _packet(chance: random.Random) -> bytes:
    asked = dns.message.from_wire(question("a.example", RdType.MX, 7))
    kept = answer(asked, "a.example. 300 MX 10 mx.a.example.", "a.example. 300 MX 20 b.example.").to_wire(
        max_size=65535
    )
    return worse(kept, chance, [kept])


async def _read_packet(packet: bytes) -> None:
    for rdtype in RdType:
        try:
            read(packet, name="a.example", rdtype=rdtype, number=7)
        except MalformedError:
            continue


_WORD = b'<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>x</w:t></w:r></w:p></w:body></w:document>'
_SHEET = b'<worksheet><sheetData><row><c t="s"><v>0</v></c><c><is><t>x</t></is></c></row></sheetData></worksheet>'
_WHOLE = {"docx": files.docx("one", "two"), "xlsx": files.xlsx(), "pdf": files.pdf("Hello words"), "ics": _CALENDAR}


def _file(kind: str, chance: random.Random) -> bytes:
    if kind in {"docx", "xlsx"} and chance.random() < 0.5:
        member, inner = ("word_document_xml", _WORD) if kind == "docx" else ("xl_worksheets_sheet1_xml", _SHEET)
        return files.archive(**{member: worse(inner, chance, [inner]).decode("utf-8", "replace")})
    others = [_WHOLE[kind], files.ENCRYPTED_PDF] if kind in _WHOLE else _pages() if kind == "html" else _mails()
    return worse(_WHOLE.get(kind) or chance.choice(others), chance, others)


async def _read_file(kind: Kind, octets: bytes) -> None:
    outcome, _ = worker.extract(kind, octets)
    if outcome is Extraction.CRASHED:
        raise BrokenPromiseError("a reader of files ended in an error nobody named")


async def _read_apart(extractor: Extractor, octets: bytes) -> None:
    await extractor.read(Kind.PDF, octets)


TARGETS = (
    Target("mail", lambda chance: worse(chance.choice(_mails()), chance, _mails()), _read_mail),
    Target("signed", _signed, _read_mail),
    Target("page", _page, _read_mail),
    Target("records", _records, _read_records),
    Target("dns", _packet, _read_packet),
    *(Target(kind, partial(_file, kind), partial(_read_file, number)) for kind, number in _KINDS.items()),
)


def pdf(extractor: Extractor) -> Target:
    """Return the target whose reader may die, and is in a process of its own for that."""
    return Target("pdf", partial(_file, "pdf"), partial(_read_apart, extractor))
