"""The DNS tree walk (RFC 9989 section 4.10): which DMARC records stand above a name, and whose name it is."""

import re
from dataclasses import dataclass
from functools import lru_cache

from gatepost.dns.paper import RdType, Status
from gatepost.mail import taglist
from gatepost.verify.answers import Answers

MAX_QUERIES = 8
"""Names asked at most: the name itself, then no more than seven labels (section 4.10)."""
SMALL_OCTETS = 8_192
"""What is read from answers no larger is remembered with them; a stranger's may have half a megabyte."""
POLICIES = frozenset({"none", "quarantine", "reject"})

_PREFIX = "_dmarc."
_VERSION = re.compile(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_URI = re.compile(r"[a-z][a-z0-9+.\-]*:[^\s,;]+", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class DmarcRecord:
    """One DMARC policy record and the name it was found at.

    ``tags`` are lowercase names with values as written; unknown ones are kept and ignored.
    """

    name: str
    tags: dict[str, str]

    def word(self, tag: str, default: str = "") -> str:
        """Return a tag's value in lower case."""
        return self.tags.get(tag, default).lower()

    @property
    def has_report_address(self) -> bool:
        """Whether rua= holds at least one URI (section 4.7)."""
        return any(_URI.fullmatch(uri.strip()) for uri in self.tags.get("rua", "").split(","))


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """What stands at and above a name.

    Attributes:
        records: valid ones, longest name first.
        has_failed: DNS did not answer for one of the names.
        organizational_domain: the domain the name belongs to (section 4.10.2); the name itself where no record decides.
        policy_record: the one whose wish counts: the name's own, else its organizational domain's, else the suffix's.
    """

    start: str
    records: tuple[DmarcRecord, ...]
    has_failed: bool
    organizational_domain: str
    policy_record: DmarcRecord | None


@lru_cache(maxsize=8192)
def record_names(domain: str) -> tuple[str, ...]:
    """Return where records may be published, longest name first; long ones skip to their last seven labels."""
    labels = domain.split(".")
    tails = [".".join(labels[at:]) for at in range(1, len(labels))]
    return tuple(_PREFIX + name for name in (domain, *tails[-(MAX_QUERIES - 1) :]))


def walk(known: Answers, domain: str) -> Walk:
    """Ask for every name at once: a message waits for one round trip, not for one a label.

    The same answers give the very same walk, as mail of one domain comes often, unless they are large.
    """
    answers = known.all(record_names(domain), RdType.TXT)
    is_small = sum(answer.octets for answer in answers) <= SMALL_OCTETS
    return (_read_often if is_small else _read)(
        domain,
        tuple([None if answer.status is Status.TEMPERROR else answer.records for answer in answers]),
    )


def _read(domain: str, answers: tuple[tuple[str, ...] | None, ...]) -> Walk:
    """Walk up to the first record that ends it; None stands for a failure."""
    records: list[DmarcRecord] = []
    has_failed = False
    for name, texts in zip(record_names(domain), answers, strict=True):
        has_failed = has_failed or texts is None
        record = _select(name.removeprefix(_PREFIX), texts or ())
        if record is not None:
            records.append(record)
            if record.word("psd") in {"n", "y"}:
                break  # the walk stops here; what stands above counts no more
    organizational = _organizational_domain(domain, records)
    return Walk(domain, tuple(records), has_failed, organizational, _policy_record(domain, organizational, records))


_read_often = lru_cache(maxsize=4096)(_read)


def _select(name: str, texts: tuple[str, ...]) -> DmarcRecord | None:
    """Keep the one DMARC record of an answer; several are none (section 4.10)."""
    found = [text for text in texts if _VERSION.match(text)]
    return DmarcRecord(name, taglist.parse_leniently(found[0])) if len(found) == 1 else None


def _organizational_domain(start: str, records: list[DmarcRecord]) -> str:
    for record in records:
        if record.word("psd") == "n":
            return record.name
        if record.word("psd") == "y" and record.name != start:
            below = len(start.split(".")) - len(record.name.split(".")) - 1
            return start.split(".", below)[-1] if below else start
    return records[-1].name if records else start


def _policy_record(start: str, organizational: str, records: list[DmarcRecord]) -> DmarcRecord | None:
    by_name = {record.name: record for record in records}
    suffix = next((record for record in records if record.word("psd") == "y"), None)
    return by_name.get(start) or by_name.get(organizational) or suffix
