"""DMARC (RFC 9989; records of RFC 7489 read too): does a proven domain stand for the author's?"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from gatepost.dns.paper import RdType, Status
from gatepost.mail import suffix
from gatepost.verify.answers import Answers
from gatepost.verify.kept import Kept
from gatepost.verify.paper import DmarcVerdict, Result
from gatepost.verify.signature import is_within
from gatepost.verify.tree_walk import POLICIES, DmarcRecord, Walk, walk

_WEAKER = {"reject": "quarantine", "quarantine": "none", "none": "none"}


@dataclass(frozen=True, slots=True, eq=False)
class Discovery:
    """What DNS says of an author domain, before anything was proven.

    Attributes:
        policy: the wish in force; empty where there is none.
        has_policy: DMARC applies to this message.
        is_strict_dkim: adkim=s; ``is_strict_spf``: aspf=s.
    """

    domain: str
    walk: Walk
    policy: str = ""
    has_policy: bool = False
    is_strict_dkim: bool = False
    is_strict_spf: bool = False


_kept: Kept[str, Discovery] = Kept()


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which proven domains stand for the author's.

    Attributes:
        dkim: the d= domains that do.
        spf: whether the SPF domain does.
        is_unsettled: DNS failed where it could have changed that.
    """

    dkim: frozenset[str] = frozenset()
    spf: bool = False
    is_unsettled: bool = False

    @property
    def holds(self) -> bool:
        """Whether any does."""
        return self.spf or bool(self.dkim)


def discover(known: Answers, domain: str) -> Discovery:
    """Find the policy for an author domain (RFC 9989 section 4.10.1)."""
    return _kept.find(known, domain, _discover)


def _discover(known: Answers, domain: str) -> Discovery:
    walked = walk(known, domain)
    record = walked.policy_record
    if record is None:
        return Discovery(domain, walked)
    tag = "p" if record.name == domain else "sp"
    if tag == "sp" and "np" in record.tags:
        exists = known.get(domain, RdType.A)  # RFC 8020: NXDOMAIN alone means it does not exist
        tag = "np" if exists.status is Status.NXDOMAIN else "sp"
    return _found(walked, record, tag)


def _found(walked: Walk, record: DmarcRecord, tag: str) -> Discovery:
    policy = _policy(record, tag)
    if policy and record.word("t") == "y":
        policy = _WEAKER[policy]
    return Discovery(
        walked.start, walked, policy, bool(policy), record.word("adkim", "r") == "s", record.word("aspf", "r") == "s"
    )


def _policy(record: DmarcRecord, tag: str) -> str:
    """Return the wish of ``tag``, falling back np to sp to p; empty where the record is to be ignored.

    A record without a valid p=, or with an invalid sp= or np=, counts as p=none if somebody wants its reports.
    """
    broken = record.word("p") not in POLICIES or any(
        record.word(other, "none") not in POLICIES for other in ("sp", "np")
    )
    if broken:
        return "none" if record.has_report_address else ""
    chain = {"p": ("p",), "sp": ("sp", "p"), "np": ("np", "sp", "p")}[tag]
    return next(record.word(name) for name in chain if name in record.tags)


def may_align(one: str, other: str) -> bool:
    """Tell whether two domains could align under any policy: cheap, without DNS."""
    return (
        one == other
        or is_within(one, other)
        or is_within(other, one)
        or suffix.organizational_domain(one) == suffix.organizational_domain(other)
    )


@lru_cache(maxsize=8192)
def _as_itself(proven: frozenset[str], *, spf: bool) -> Alignment:
    """Return the alignment of proofs that name the author's own domain: it holds under every policy (section 4.4)."""
    return Alignment(proven, spf)


def align(known: Answers, found: Discovery, *, dkim_domains: Iterable[str], spf_domain: str | None) -> Alignment:
    """Compare proven domains with the author's (RFC 9989 sections 4.4 and 4.10.2).

    Args:
        known: asked for the organizational domain of names below the author's.
        found: the author domain's discovery.
        dkim_domains: d= of signatures that passed.
        spf_domain: the domain SPF passed for; None where it did not.
    """
    proven = frozenset(dkim_domains)
    if proven <= {found.domain} and spf_domain in {None, found.domain}:
        return _as_itself(proven, spf=bool(spf_domain))
    dkim: set[str] = set()
    is_unsettled = False
    for domain in proven:
        aligned = _is_aligned(known, found, domain, is_strict=found.is_strict_dkim)
        if aligned:
            dkim.add(domain)
        is_unsettled = is_unsettled or aligned is None
    spf = None if spf_domain else False
    if spf_domain:
        spf = _is_aligned(known, found, spf_domain, is_strict=found.is_strict_spf)
        is_unsettled = is_unsettled or spf is None
    return Alignment(frozenset(dkim), bool(spf), is_unsettled)


def _is_aligned(known: Answers, found: Discovery, domain: str, *, is_strict: bool) -> bool | None:
    """Tell whether one proven domain stands for the author's; None where DNS failed and it might."""
    if domain == found.domain:
        return True
    if found.walk.has_failed:
        return None if may_align(domain, found.domain) else False
    if not found.has_policy:
        # No policy to follow: the public suffix list alone says who belongs to whom.
        return suffix.organizational_domain(domain) == suffix.organizational_domain(found.domain)
    organizational = found.walk.organizational_domain
    if is_strict or not is_within(domain, organizational):
        return False
    other = walk(known, domain)
    if other.has_failed:
        return None
    return other.organizational_domain == organizational


def judge(found: Discovery, alignment: Alignment) -> DmarcVerdict:
    """Spell the verdict (RFC 9989 section 4.10.3; RFC 8601 section 2.7.2)."""
    organizational = found.walk.organizational_domain
    if found.has_policy and alignment.holds:
        result = Result.PASS
    elif found.walk.has_failed or (found.has_policy and alignment.is_unsettled):
        result = Result.TEMPERROR
    elif not found.has_policy:
        result = Result.NONE
    else:
        result = Result.FAIL
    return DmarcVerdict(result, found.domain, found.policy, organizational)
