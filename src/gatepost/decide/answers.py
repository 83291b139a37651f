"""Mail from an agent: an answer to a message the house kept, and nothing else."""

from gatepost.decide.ending import Ending, Judged, refused, unproven
from gatepost.decide.organization import may_be_answered
from gatepost.decide.paper import Answered, Disposition, Outcome, Step
from gatepost.decide.reasons import Reason
from gatepost.mail.envelope import Envelope
from gatepost.verify.paper import Evidence


def judge(evidence: Evidence, envelope: Envelope, answered: Answered | None) -> Judged:
    """Judge an answer: to whoever wrote the proven message it answers, and to nobody else.

    A notice (null reverse-path) is stricter: never to a machine, which might answer it (RFC 3834 section 2), and to
    the author alone.
    """
    is_notice = envelope.mail_from is None
    if not evidence.auth:
        return unproven(Reason.SENDER_UNPROVEN), (Step("submitter", "unknown"),)
    if answered is None:
        return refused(Reason.REPLY_UNKNOWN_PARENT), (Step("parent", "unknown"),)
    if not answered.was_proven:
        reason = Reason.BOUNCE_UNVERIFIED_SENDER if is_notice else Reason.REPLY_UNPROVEN_PARENT
        return refused(reason), (Step("parent", "unproven"),)
    if is_notice and answered.was_automatic:
        return refused(Reason.BOUNCE_AUTOMATIC_SENDER), (Step("parent", "automatic"),)
    proven = Step("parent", "proven")
    allowed = may_be_answered(answered.author, () if is_notice else answered.reply_to)
    if not envelope.rcpt_to or any(recipient.key not in allowed for recipient in envelope.rcpt_to):
        return refused(Reason.REPLY_FOREIGN_RECIPIENT), (proven, Step("recipient", "foreign"))
    reason = Reason.BOUNCE_TO_AUTHOR if is_notice else Reason.REPLY_TO_AUTHOR
    return Ending(Disposition.DELIVER, Outcome.DELIVERED, reason), (proven, Step("recipient", "author"))
