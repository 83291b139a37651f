"""The DNS tree walk (RFC 9989 section 4.10): which DMARC records stand above a name, and whose name it is."""

import asyncio
import re
from dataclasses import dataclass

from gatepost.dns.paper import Answer, RdType, Resolver, Status
from gatepost.mail import taglist

MAX_QUERIES = 8
"""Names asked at most: the name itself, then no more than seven labels (section 4.10)."""
POLICIES = frozenset({"none", "quarantine", "reject"})

_VERSION = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_URI = re.compile(r"[a-z][a-z0-9+.\-]*:[^\s,;]+", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Walk:
    """What stands at and above a name.

    Attributes:
        records: valid ones, longest name first.
        has_failed: DNS did not answer for one of the names.
    """

    start: str
    records: tuple[DmarcRecord, ...]
    has_failed: bool

    @property
    def organizational_domain(self) -> str:
        """The domain the name belongs to (section 4.10.2); the name itself where no record decides."""
        for record in self.records:
            if record.word("psd") == "n":
                return record.name
            if record.word("psd") == "y" and record.name != self.start:
                below = len(self.start.split(".")) - len(record.name.split(".")) - 1
                return self.start.split(".", below)[-1] if below else self.start
        return self.records[-1].name if self.records else self.start

    @property
    def policy_record(self) -> DmarcRecord | None:
        """The record whose wish counts: the name's own, else its organizational domain's, else the suffix's."""
        by_name = {record.name: record for record in self.records}
        organizational = self.organizational_domain
        suffix = next((record for record in self.records if record.word("psd") == "y"), None)
        return by_name.get(self.start) or by_name.get(organizational) or suffix


def names(domain: str) -> list[str]:
    """Return the names to ask, longest first; long ones are shortened to seven labels after the first."""
    labels = domain.split(".")
    tails = [".".join(labels[at:]) for at in range(1, len(labels))]
    return [domain, *tails[-(MAX_QUERIES - 1) :]]


async def walk(resolver: Resolver, domain: str) -> Walk:
    """Ask for every name at once: a message waits for one round trip, not for one a label."""
    asked = names(domain)
    answers = await asyncio.gather(*(resolver.query(f"_dmarc.{name}", RdType.TXT) for name in asked))
    records: list[DmarcRecord] = []
    has_failed = False
    for name, answer in zip(asked, answers, strict=True):
        has_failed = has_failed or answer.status is Status.TEMPERROR
        record = _select(name, answer)
        if record is not None:
            records.append(record)
            if record.word("psd") == "n" or (record.word("psd") == "y" and name != domain):
                break  # the walk stops here; what stands above counts no more
    return Walk(domain, tuple(records), has_failed)


def _select(name: str, answer: Answer) -> DmarcRecord | None:
    """Keep the one DMARC record of an answer; several are none (section 4.10)."""
    found = [text for text in answer.records if _VERSION.match(text)]
    return DmarcRecord(name, taglist.parse_leniently(found[0])) if len(found) == 1 else None
