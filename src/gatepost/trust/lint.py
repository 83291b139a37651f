"""Read the operator's folder as a sceptic would: vague words, nobody named, nothing behind a sentence. Pure."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from gatepost.egress import Purpose
from gatepost.mail.address import Address, AddressError
from gatepost.trust.borrowed import borrowed
from gatepost.trust.operator import Operator
from gatepost.trust.paper import Claim, ClaimClass
from gatepost.trust.registers import Document
from gatepost.trust.ways import NAMED_BY_CUSTOMERS

REFERENCE = tuple([f"A{number}" for number in range(1, 71)] + [f"B{number}" for number in range(1, 42)])
"""The rows every operator is expected to take a stand on: 111."""

_VAGUE = re.compile(
    r"\b(?:best[- ]in[- ]class|bank[- ]grade|military[- ]grade|state[- ]of[- ]the[- ]art|world[- ]class"
    r"|industry[- ](?:standard|leading)|cutting[- ]edge|robust|seamless(?:ly)?|comprehensive(?:ly)?"
    r"|working (?:towards|toward|on)|in (?:progress|the process of)|as soon as (?:possible|practicable)"
    r"|strive[sd]?|endeavou?rs?|committed to|take(?:s)? .{0,40} seriously|where (?:possible|appropriate)"
    r"|from time to time|appropriate measures|reasonable (?:efforts|measures)|fully compliant|100 ?% secure"
    r"|unbreakable|immutable|tamper-proof|guarantee[sd]?"
    r"|(?:industry |security )?best[- ]practices?|(?:enterprise|government|hospital)[- ]grade|next[- ]gen(?:eration)?"
    r"|(?:top|highest|utmost|number one) priority|utmost|(?:completely|totally|absolutely|perfectly) (?:safe|secure)"
    r"|highly (?:available|secure|scalable)|(?:secure|private) by design|do(?:es)? (?:everything|our best|whatever)"
    r"|(?:regularly|periodically|frequently|routinely|continually)|in a timely manner|timely|promptly|quickly|swiftly"
    r"|without undue delay|adequate(?:ly)?|sufficient(?:ly)?|trusted by|peace of mind)\b",
    re.IGNORECASE,
)
_BARE_COMPLIANT = re.compile(
    r"\b(?:(?:[Ii]s|[Aa]re|[Ww]e're|[Ff]ully) (?:\w+ )?(?:GDPR|ISO[ -]?27001|SOC ?2)?[ -]?compliant"
    r"|compl(?:y|ies|ying) with (?:the )?[A-Z]\w*|compliance with (?:the )?[A-Z]\w*"
    r"|[A-Z][\w ]{1,24}[- ]certified|certified (?:to|for|under))\b"
)
"""A duty is kept or not, row by row: of a whole law nobody can show that."""

_CADENCE_MAX = {
    ClaimClass.PROBE: timedelta(days=1),
    ClaimClass.INTROSPECTION: timedelta(days=1),
    ClaimClass.LEDGER: timedelta(days=1),
    ClaimClass.DRILL: timedelta(days=35),
    ClaimClass.ATTESTED: timedelta(days=31),
    ClaimClass.STATEMENT: timedelta(days=31),
}
"""How seldom a claim may be looked at: three times as long it may stand green."""

_PLANNED = re.compile(r"\*Planned, ([^*]+):\*")
_CLAIM_LINK = re.compile(r"\[([AB]\d+)\]\(/trust/claims/\1\)")
"""How a text says that a sentence is not in force yet: ``*Planned, [A59](/trust/claims/A59):* backups are ...``."""

_NAMED = {
    "role": ("contacts", "role"),
    "document": ("documents", "id"),
    "supplier": ("suppliers", "id"),
    "commitment": ("commitments", "id"),
    "registration": ("registrations", "id"),
}
"""Arguments of checks that name a row: of which register, and by what."""
_WORDS = frozenset({ClaimClass.ATTESTED, ClaimClass.STATEMENT})
_TEXT_MAX_CHARS = 400
_NOBODY = frozenset({"", "-", "n/a", "none", "tbd", "todo", "nobody", "everyone", "team"})


def faults(operator: Operator, checks: frozenset[str], now: datetime) -> list[str]:
    """Return one sentence for each thing that must not be published so; in the order of the folder.

    Args:
        operator: the folder.
        checks: ids of the checks there are.
        now: today.
    """
    found = [fault for claim in operator.claims for fault in faults_of_claim(claim, now)]
    found += _bindings(operator, checks)
    present = {claim.id for claim in operator.claims}
    missing = [identifier for identifier in REFERENCE if identifier not in present]
    if missing:
        found.append(f"claims.toml: no stand is taken on {', '.join(missing)}: claim it, or say why it does not apply")
    found += [fault for document in operator.documents for fault in _document(operator, document, now)]
    found += _ways_out(operator)
    found += _people(operator)
    found += _rota(operator)
    found += borrowed(operator)
    return found


def faults_of_claim(claim: Claim, now: datetime) -> Iterator[str]:
    """Yield what is wrong with one claim by itself."""
    where = f"claim {claim.id}"
    if claim.owner.strip().lower() in _NOBODY:
        yield f"{where}: nobody owns it"
    for vague in (*_VAGUE.finditer(claim.text), *_BARE_COMPLIANT.finditer(claim.text)):
        yield f"{where}: {vague[0]!r} cannot be checked; say what is done, how much, by when"
    if len(claim.text) > _TEXT_MAX_CHARS or not claim.text.rstrip().endswith((".", "?")):
        yield f"{where}: one or two whole sentences of at most {_TEXT_MAX_CHARS} characters"
    if claim.not_applicable or claim.withdrawn:
        return
    if not (claim.check or claim.absent or claim.attestation):
        yield f"{where}: neither a check nor an attestation stands behind it; it cannot be published"
    if claim.cadence > (slowest := _CADENCE_MAX[claim.claim_class]):
        yield f"{where}: every {claim.cadence} is too seldom for a {claim.claim_class.value}; at least every {slowest}"
    if not claim.check and claim.attestation and claim.claim_class not in _WORDS:
        yield f"{where}: only a word stands behind it: its kind is attested or statement, not {claim.claim_class.value}"
    if claim.claim_class in _WORDS and claim.attestation is None:
        yield f"{where}: {claim.claim_class.value} needs attested_by, attested_on and attested_until"
    if claim.attestation is not None:
        yield from _attestation(claim, where, now)


def _attestation(claim: Claim, where: str, now: datetime) -> Iterator[str]:
    word = claim.attestation
    if word is None:
        return
    if word.by.strip().lower() in _NOBODY:
        yield f"{where}: nobody attests it"
    if datetime.combine(word.until, time(), UTC) + timedelta(days=1) <= now:
        yield f"{where}: its attestation ended on {word.until}; renew it or withdraw the claim"
    if word.on > now.date():
        yield f"{where}: it is attested on {word.on}, which is still to come"
    if word.until <= word.on or (word.until - word.on).days > 366:  # noqa: PLR2004  # days of a leap year
        yield f"{where}: an attestation holds for a year at most, and ends after it begins"


def _bindings(operator: Operator, checks: frozenset[str]) -> Iterator[str]:
    for claim in operator.claims:
        if claim.check and claim.check not in checks:
            yield f"claim {claim.id}: there is no check {claim.check}; `gatepost trust lint --checks` lists them"
        if claim.check and claim.absent:
            yield f"claim {claim.id}: it has a check, and says that there is none"
        for name, rows in _NAMED.items():
            wanted = claim.arguments.get(name)
            if wanted is not None and wanted not in {getattr(each, rows[1]) for each in getattr(operator, rows[0])}:
                yield f"claim {claim.id}: {rows[0]} have no {wanted}; add it, or say why the claim does not apply"
    known = {claim.id for claim in operator.claims}
    for duty in operator.duties:
        strange = [claim for claim in duty.claims if claim not in known]
        if strange or not duty.claims:
            yield f"duty {duty.id}: no claim {', '.join(strange) or 'at all'} evidences it"


def _document(operator: Operator, document: Document, now: datetime) -> Iterator[str]:
    text = operator.text_of(document)
    if not text.strip():
        yield f"{document.file}: it is empty, and is published"
    if "\ufffd" in text:
        yield f"{document.file}: it is not UTF-8 throughout, and is shown with signs in place of letters"
    for number, line in enumerate(text.splitlines(), 1):
        for vague in _VAGUE.finditer(line):
            yield f"{document.file}:{number}: {vague[0]!r} cannot be checked"
    absent = {claim.id for claim in operator.claims if claim.absent}
    for name in (each for words in _PLANNED.findall(text) for each in _CLAIM_LINK.findall(words)):
        if name not in absent:
            yield f"{document.file}: {name} is called planned, and claims.toml does not say what would have to be built"
    due = datetime.combine(document.reviewed_on, time(), UTC) + timedelta(days=document.review_days)
    if due <= now:
        yield f"{document.file}: its review was due on {due.date()}"


def _rota(operator: Operator) -> Iterator[str]:
    known = {each.ref for each in operator.responders}
    for each in operator.responders:
        try:
            Address.parse(each.address)
        except AddressError:
            yield f"oncall.toml: {each.ref}: the address cannot be read"
    for shift in operator.rota:
        strange = [ref for ref in shift.responders if ref not in known]
        if strange or not shift.responders:
            yield f"oncall.toml: level {shift.level}: {', '.join(strange) or 'nobody'} cannot be called"


def _ways_out(operator: Operator) -> Iterator[str]:
    known = {each.id for each in operator.suppliers}
    for each in operator.ways_out:
        where = f"residency.toml: ways_out {each.purpose}"
        if each.purpose not in set(Purpose):
            yield f"{where}: there is no such purpose; one of {', '.join(Purpose)}"
        elif each.by_customers and each.purpose not in NAMED_BY_CUSTOMERS:
            yield f"{where}: customers do not name these; only of {', '.join(sorted(NAMED_BY_CUSTOMERS))}"
        if not (each.supplier or each.by_customers or each.own):
            yield f"{where}: nobody says who is reached: a supplier, whom customers name, or a machine of your own"
        if each.supplier and each.supplier not in known:
            yield f"{where}: suppliers.toml has no supplier {each.supplier}"


def _people(operator: Operator) -> Iterator[str]:
    rows = [
        *(("contact", each.role, each.owner) for each in operator.contacts),
        *(("document", each.id, each.owner) for each in operator.documents),
        *(("commitment", each.id, each.owner) for each in operator.commitments),
        *(("supplier", each.id, each.owner) for each in operator.suppliers),
        *(("duty", each.id, each.owner) for each in operator.duties),
        *(("connector", each.id, each.owner) for each in operator.connectors),
        *(("transfer", each.id, each.owner) for each in operator.transfers),
        *(("store", each.setting, each.owner) for each in operator.stores),
        *(("ways_out", each.purpose, each.owner) for each in operator.ways_out),
        *(("review", each.release, each.owner) for each in operator.reviews),
    ]
    for kind, name, owner in rows:
        if owner.strip().lower() in _NOBODY:
            yield f"{kind} {name}: nobody owns it"
    known = {name.casefold() for each in operator.members for name in (each.ref, each.role)}
    for kind, name, owner in [*rows, *(("claim", each.id, each.owner) for each in operator.claims)]:
        if known and owner.strip().casefold() not in known | _NOBODY:
            yield f"{kind} {name}: {owner!r} owns it, and people.toml has no such role or reference"
