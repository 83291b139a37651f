"""What the public reads: every claim with its value, time, expiry, proof and history, as JSON says it. Pure.

``claims.json`` has the fields of the public contract (``id, text, class, status, value, unit, checked_at, expires_at,
check_id, check_version, control_result, evidence, history_url``) and a few beside them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gatepost.record.trust_log import Stated
from gatepost.trust.leaf import instant
from gatepost.trust.paper import AHEAD, CADENCE, NEVER_RUN, VANISHED, Claim, ClaimClass, Outcome, Shown, status_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A claim as it is shown now. ``withdrawal``: where it is claimed no more, the fact that says so."""

    claim: Claim
    status: Outcome
    last: Shown | None
    withdrawal: Stated | None = None

    @property
    def rests_on(self) -> ClaimClass:
        """What it rests on by its last result: a word, say, though it is looked for in the log."""
        return self.last.result.claim_class if self.last else self.claim.claim_class

    @property
    def reason(self) -> str:
        """Why it is not simply green; empty where it is."""
        if self.claim.not_applicable:
            return self.claim.not_applicable
        if self.last is None:
            return NEVER_RUN
        finding = self.last.result.finding
        is_ahead = self.status is Outcome.COULD_NOT_VERIFY is not finding.outcome
        return AHEAD if is_ahead else finding.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The whole page's facts at one moment."""

    listed: tuple[Listed, ...]
    withdrawn: tuple[Listed, ...]
    at: datetime
    revision: Stated | None
    vkey: str | None

    @property
    def counts(self) -> dict[str, int]:
        """How many claims have each outcome; all six are named."""
        found = Counter(each.status for each in self.listed)
        return {outcome.value: found[outcome] for outcome in Outcome}


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the log says of claims that the folder may no longer hold, by their ids: why they ended, and their words."""

    withdrawals: Mapping[str, Stated] = field(default_factory=dict)
    words: Mapping[str, Stated] = field(default_factory=dict)


def claims_of(
    claims: Sequence[Claim],
    known: Mapping[str, Shown],
    past: Past,
    *,
    at: datetime,
    revision: Stated | None,
    vkey: str | None,
) -> Claims:
    """Return every claim as it stands: those claimed, and those claimed no more."""
    present = [each for each in claims if not each.withdrawn]
    listed = [_listed(each, known.get(each.id), at) for each in present]
    gone = [each for each in claims if each.withdrawn]
    lost = sorted((known.keys() | past.words.keys()) - {each.id for each in claims})
    gone += [_lost(name, known.get(name), past) for name in lost]
    withdrawn = [
        Listed(
            claim=each,
            status=status_of(each, known.get(each.id), at),
            last=known.get(each.id),
            withdrawal=past.withdrawals.get(each.id),
        )
        for each in gone
    ]
    return Claims(listed=tuple(listed), withdrawn=tuple(withdrawn), at=at, revision=revision, vkey=vkey)


def _listed(claim: Claim, last: Shown | None, at: datetime) -> Listed:
    return Listed(claim=claim, status=status_of(claim, last, at), last=last)


def _lost(name: str, last: Shown | None, past: Past) -> Claim:
    """Return a claim that the folder no longer holds, in the words that the log has of it."""
    result = last.result if last else None
    words, withdrawal = past.words.get(name), past.withdrawals.get(name)
    said = words.detail if words else {}
    return Claim(
        id=name,
        text=str(said.get("text", "")),
        topic=str(said.get("topic", "")),
        claim_class=result.claim_class if result else ClaimClass.STATEMENT,
        owner=str(said.get("owner", "")),
        cadence=result.expires_at - result.checked_at if result else CADENCE[ClaimClass.STATEMENT],
        check=result.check_id if result else "",
        withdrawn=str(withdrawal.detail["why"]) if withdrawal else VANISHED,
    )


def spelled(claims: Claims, base: str) -> dict[str, Any]:
    """Return ``claims.json``.

    Args:
        claims: what to tell.
        base: the path or URL that proofs and histories lie below, without a final slash.
    """
    return {
        "generated_at": instant(claims.at),
        "revised_at": None if claims.revision is None else instant(claims.revision.at),
        "revision_sha256": None if claims.revision is None else claims.revision.detail["digest"],
        "log_vkey": claims.vkey,
        "counts": claims.counts,
        "claims": [row(each, base) for each in claims.listed],
        "withdrawn": [{**row(each, base), **_withdrawn(each)} for each in claims.withdrawn],
    }


def _withdrawn(listed: Listed) -> dict[str, str | None]:
    at = None if listed.withdrawal is None else instant(listed.withdrawal.at)
    return {"withdrawn": listed.claim.withdrawn, "withdrawn_at": at}


def row(listed: Listed, base: str) -> dict[str, Any]:
    """Return one claim as ``claims.json`` spells it."""
    claim, last = listed.claim, listed.last
    result = last.result if last else None
    control = result.control if result else None
    return {
        "id": claim.id,
        "text": claim.text,
        "topic": claim.topic,
        "class": listed.rests_on.value,
        "status": listed.status.value,
        "reason": listed.reason,
        "value": result.finding.value if result else None,
        "unit": result.finding.unit if result else "",
        "checked_at": instant(result.checked_at) if result else None,
        "expires_at": instant(result.expires_at) if result else None,
        "check_id": claim.check,
        "check_version": result.check_version if result else "",
        "control_result": None if control is None else {"outcome": control.outcome.value, "value": control.value},
        "absent": claim.absent,
        "owner": claim.owner,
        "attested": _attested(claim),
        "evidence": _evidence(last, base),
        "history_url": f"{base}/history/{claim.id}",
    }


def _attested(claim: Claim) -> dict[str, str] | None:
    word = claim.attestation
    return None if word is None else {"by": word.by, "on": word.on.isoformat(), "until": word.until.isoformat()}


def _evidence(last: Shown | None, base: str) -> dict[str, Any] | None:
    if last is None or last.leaf_index is None:
        return None
    return {"leaf_index": last.leaf_index, "proof_url": f"{base}/log/proofs/{last.leaf_index}.tlog-proof"}


def history_row(shown: Shown, base: str) -> dict[str, Any]:
    """Return one past result."""
    result = shown.result
    return {
        "outcome": result.finding.outcome.value,
        "value": result.finding.value,
        "unit": result.finding.unit,
        "reason": result.finding.reason,
        "checked_at": instant(result.checked_at),
        "expires_at": instant(result.expires_at),
        "text_sha256": result.text_sha256,
        "check_id": result.check_id,
        "check_version": result.check_version,
        "control_result": None if result.control is None else result.control.outcome.value,
        "evidence": _evidence(shown, base),
    }
