"""Mail from an agent: an answer to a message the house kept, or mail to whom the policy names, and nothing else."""

from gatepost.decide.ending import Ending, Judged, refused, unproven
from gatepost.decide.organization import may_be_answered
from gatepost.decide.paper import Answered, Disposition, Outcome, Step
from gatepost.decide.reasons import Reason
from gatepost.mail.envelope import Envelope
from gatepost.verify.paper import Evidence


def judge(
    evidence: Evidence, envelope: Envelope, answered: Answered | None, listed: frozenset[str] = frozenset()
) -> Judged:
    """Judge whom it goes to: whoever wrote the proven message it answers, and those ``listed`` by the policy.

    A notice (null reverse-path) is stricter: never to a machine, which might answer it (RFC 3834 section 2), and to
    the author alone.

    Args:
        evidence: what was found about it.
        envelope: whom it goes to.
        answered: the message it answers; None where there is none, or it is unknown.
        listed: keys of recipients that the policy names.
    """
    if not evidence.auth:
        return unproven(Reason.SENDER_UNPROVEN), (Step("submitter", "unknown"),)
    if answered is None:
        return _to_nothing(envelope, listed)
    return _to_parent(envelope, answered, listed)


def _to_nothing(envelope: Envelope, listed: frozenset[str]) -> Judged:
    """Judge mail that answers nothing: only whom the policy names may get it."""
    if envelope.mail_from is None or not envelope.rcpt_to or any(to.key not in listed for to in envelope.rcpt_to):
        return refused(Reason.REPLY_UNKNOWN_PARENT), (Step("parent", "unknown"),)
    return Ending(Disposition.DELIVER, Outcome.DELIVERED, Reason.SEND_LISTED), (Step("recipient", "listed"),)


def _to_parent(envelope: Envelope, answered: Answered, listed: frozenset[str]) -> Judged:
    is_notice = envelope.mail_from is None
    if not answered.was_proven:
        reason = Reason.BOUNCE_UNVERIFIED_SENDER if is_notice else Reason.REPLY_UNPROVEN_PARENT
        return refused(reason), (Step("parent", "unproven"),)
    if is_notice and answered.was_automatic:
        return refused(Reason.BOUNCE_AUTOMATIC_SENDER), (Step("parent", "automatic"),)
    proven = Step("parent", "proven")
    implied = may_be_answered(answered.author, () if is_notice else answered.reply_to)
    allowed = implied if is_notice else implied | listed
    if not envelope.rcpt_to or any(recipient.key not in allowed for recipient in envelope.rcpt_to):
        return refused(Reason.REPLY_FOREIGN_RECIPIENT), (proven, Step("recipient", "foreign"))
    is_author = all(recipient.key in implied for recipient in envelope.rcpt_to)
    reason = Reason.REPLY_TO_AUTHOR if is_author else Reason.SEND_LISTED
    said = Step("recipient", "author" if is_author else "listed")
    return Ending(Disposition.DELIVER, Outcome.DELIVERED, Reason.BOUNCE_TO_AUTHOR if is_notice else reason), (
        proven,
        said,
    )
