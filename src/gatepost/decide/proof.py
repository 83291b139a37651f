"""Whether the evidence proves the author as surely as a rule asks: pass, fail, or not yet known."""

from enum import StrEnum
from itertools import takewhile
from typing import assert_never

from gatepost.decide.grammar import Assurance
from gatepost.decide.language import Rule
from gatepost.decide.organization import is_same_organization
from gatepost.verify.paper import Evidence, Result
from gatepost.verify.signed_data import LIST_ID


class Proof(StrEnum):
    """``UNSETTLED``: a DNS failure hides the answer. It is never a pass; a later attempt may know."""

    PASS = "pass"  # noqa: S105  # a verdict, not a password
    FAIL = "fail"
    UNSETTLED = "unsettled"


def of_assurance(evidence: Evidence, rule: Rule) -> Proof:
    """Weigh ``match.assurance``."""
    match rule.assurance:
        case Assurance.NONE:
            return Proof.PASS
        case Assurance.ALIGNED:
            return _known(evidence.is_aligned, may_change=evidence.is_unsettled)
        case Assurance.DMARC:
            return _dmarc(evidence)
        case Assurance.DMARC_OR_ALIGNED:
            return _dmarc_or_aligned(evidence)
        case Assurance.SIGNED_BY:
            return _signed_by(evidence, rule)
        case Assurance.ARC:
            is_proven = evidence.is_aligned or has_trusted_seal(evidence, rule)
            may_change = evidence.is_unsettled or evidence.arc.result is Result.TEMPERROR
            return _known(is_proven, may_change=may_change)
        case _:  # pragma: no cover  # mypy proves there is no other
            assert_never(rule.assurance)


def has_trusted_seal(evidence: Evidence, rule: Rule) -> bool:
    """Tell whether a sealer that the rule trusts vouches for the author's domain, and all later ones are trusted too.

    A chain that verifies says who sealed, not that they told the truth: whoever sealed could have rewritten all that
    came before (RFC 8617 section 9.5). So the newest seals count, up to the first that is not trusted.
    """
    arc = evidence.arc
    if rule.assurance is not Assurance.ARC or arc.result is not Result.PASS or not arc.seals:
        return False
    newest_first = sorted(arc.seals, key=lambda seal: seal.instance, reverse=True)
    trusted = takewhile(lambda seal: seal.domain.lower() in rule.vouchers, newest_first)
    return any(seal.claims_aligned for seal in trusted)


def of_dkim(evidence: Evidence) -> Proof:
    """Weigh ``requireDkim``: a signature of the author's own organisation. Anybody can have a pass of their own."""
    author = evidence.author.domain if evidence.author else ""
    is_proven = any(verdict.result is Result.PASS and verdict.is_aligned for verdict in evidence.dkim)
    may_change = any(
        verdict.result is Result.TEMPERROR and (verdict.is_aligned or is_same_organization(verdict.domain, author))
        for verdict in evidence.dkim
    )
    return _known(is_proven, may_change=may_change)


def of_spf(evidence: Evidence) -> Proof:
    """Weigh ``requireSpf``: a pass for a domain of the author's own organisation (relaxed alignment)."""
    author = evidence.author.domain if evidence.author else ""
    if not is_same_organization(evidence.spf.domain, author):
        return Proof.FAIL
    result = evidence.spf.result
    return _known(result is Result.PASS, may_change=result is Result.TEMPERROR)


def _dmarc(evidence: Evidence) -> Proof:
    """A domain without DMARC can never pass; a published one may, once DNS has answered for SPF and DKIM too."""
    result = evidence.dmarc.result
    may_change = result is Result.TEMPERROR or (result is Result.FAIL and evidence.is_unsettled)
    return _known(result is Result.PASS, may_change=may_change)


def _dmarc_or_aligned(evidence: Evidence) -> Proof:
    """Weigh by alignment what publishes no DMARC, and by DMARC what does."""
    if evidence.dmarc.result is not Result.NONE:
        return _dmarc(evidence)
    return _known(evidence.is_aligned, may_change=evidence.is_unsettled)


def is_signed_for(evidence: Evidence, rule: Rule) -> bool:
    """Tell whether one of the signers the rule trusts for its authors has signed the message."""
    return rule.assurance is Assurance.SIGNED_BY and _signed_by(evidence, rule) is Proof.PASS


def _signed_by(evidence: Evidence, rule: Rule) -> Proof:
    """Weigh signatures of exactly these domains. One that leaves something open to additions proves nothing.

    Nor does one that leaves the List-Id open, to a rule that goes by it: a provider signs for many lists, and whoever
    had mail by one of them could pass it on under the name of another.
    """
    theirs = [each for each in evidence.dkim if each.domain.lower() in rule.vouchers]
    is_proven = any(
        each.result is Result.PASS
        and not each.unsigned_octets
        and not each.unsigned_twin
        and not (rule.is_by_list and LIST_ID in each.unsigned_fields)
        for each in theirs
    )
    return _known(is_proven, may_change=any(each.result is Result.TEMPERROR for each in theirs))


def _known(is_proven: bool, *, may_change: bool) -> Proof:  # noqa: FBT001  # the one positional fact
    if is_proven:
        return Proof.PASS
    return Proof.UNSETTLED if may_change else Proof.FAIL
