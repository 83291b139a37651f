"""What an entry tells of a decision: pure. ``codes`` and ``phrases`` may stand in its leaf, ``persons`` is hidden.

Nothing here is a float: the quick spelling is the canonical one (``canonical_plain``). ``_value_`` is what ``value`` of
an enumeration returns, at a sixth of the cost; each entry has ten.
"""

from gatepost.arrive.paper import Direction
from gatepost.decide import replay
from gatepost.decide.paper import Decided
from gatepost.decide.rules import see
from gatepost.ids import ThreadId
from gatepost.mail.address import Address
from gatepost.record.paper import Json
from gatepost.verify.paper import Evidence, Injection

_SIGNATURES_MAX = 16  # of those a message carries; no honest one has more


def _text(address: Address | None) -> str | None:
    return None if address is None else str(address)


def domains(evidence: Evidence) -> dict[str, Json]:
    """Return what the verdicts speak of: domains, which may be a person's."""
    return {
        "arc_seals": [[seal.instance, seal.domain, seal.selector, seal.claims_aligned] for seal in evidence.arc.seals],
        "dkim": [
            [each.result._value_, each.domain, each.selector, each.algorithm, each.is_aligned]
            for each in evidence.dkim[:_SIGNATURES_MAX]
        ],
        "dmarc": [evidence.dmarc.domain, evidence.dmarc.policy],
        "spf": [evidence.spf.identity, evidence.spf.domain],
    }


def _injection(found: Injection) -> Json:
    """Return the score, in thousandths, and the kinds of signs: words of ours, none of the message's."""
    return [round(found.score * 1000), [family.value for family in found.families]]


def verdicts(evidence: Evidence) -> dict[str, Json]:
    """Return the verdicts as an entry spells them: words and numbers of ours."""
    return {
        "arc": evidence.arc.result._value_,
        "auth": evidence.auth,
        "dkim": evidence.dkim_result._value_,
        "dmarc": evidence.dmarc.result._value_,
        "injection": _injection(evidence.injection),
        "scans": [[scan.scanner, scan.result.value, scan.found] for scan in evidence.scans],
        "is_aligned": evidence.is_aligned,
        "spf": evidence.spf.result._value_,
    }


def codes(decided: Decided, thread: ThreadId | None) -> dict[str, Json]:
    """Return what stands in the leaf as it is: ids, numbers and words of ours, each plain by its type."""
    arrived, decision, evidence = decided.arrived, decided.decision, decided.verified.evidence
    grant, peer = decision.grant, arrived.peer
    return {
        **verdicts(evidence),
        "direction": arrived.direction._value_,
        "disposition": decision.disposition._value_,
        "door": arrived.door._value_,
        "outcome": decision.outcome._value_,
        "reason": decision.reason._value_,
        "rule_index": grant.rule_index if grant else None,
        "size_octets": len(arrived.raw),
        "thread": thread,
        "tls": peer.tls.version if peer and peer.tls else None,
        "in_reply_to": arrived.in_reply_to,
    }


def phrases(decided: Decided) -> dict[str, Json]:
    """Return what may stand in the leaf too, as far as it looks like codes: a policy or a scanner has worded it."""
    decision, scans = decided.decision, decided.verified.evidence.scans
    grant = decision.grant
    told: dict[str, Json] = {
        "capabilities": list(grant.capabilities) if grant else None,
        "scans": [[scan.scanner, scan.result.value, scan.found] for scan in scans],
        "trace": [[step.check, step.result] for step in decision.trace],
    }
    if decision.labels:
        told["labels"] = list(decision.labels)
    if decision.tenant_policy_version:
        told["tenant_policy"] = [decision.tenant_policy_version]
    return told


def persons(decided: Decided) -> dict[str, Json]:
    """Return what may be about a person, of all recipients alike; absent values have no commitment.

    A policy's digest too: policies name addresses, and a short one can be guessed and hashed.
    """
    arrived, evidence = decided.arrived, decided.verified.evidence
    peer = arrived.peer
    values: dict[str, Json] = {
        "blob": arrived.blob,
        "body_hash": decided.verified.body_sha256 if decided.decision.body_hash_wanted else None,
        "detail": decided.decision.detail or None,
        "evidence": domains(evidence),
        "helo": peer.helo if peer else None,
        "mail_from": _text(arrived.envelope.mail_from),
        "message_id": evidence.content.message_id or None,
        "policy_digest": decided.decision.policy_digest,
        "remote_address": str(peer.address) if peer else None,
        "seen": _seen(decided),
        "sender": _text(evidence.author),
        "tenant_policy_digest": decided.decision.tenant_policy_digest or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _seen(decided: Decided) -> Json:
    """Return what the decision saw, where a policy made it, or could: ``gatepost replay`` decides once more by it."""
    if not decided.decision.policy_version and decided.arrived.direction is Direction.INBOUND:
        return None
    return replay.spell(see(decided.verified, decided.facts), decided.verified)
