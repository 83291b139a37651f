"""Machines that answer machines, and how that ends (RFC 3834, RFC 5321 section 6.3). Pure."""

from gatepost.decide.ending import Ending
from gatepost.decide.outbound_language import Limit
from gatepost.decide.paper import Counted, Disposition, Outcome
from gatepost.decide.reasons import Reason
from gatepost.verify.paper import AutoMail

BRAKE = Limit(hour=20, day=100)
"""Answers in one thread where the policy names no cap: more than people read, and the end of a game of ping-pong."""
RECIPIENT_BRAKE = Limit(hour=60, day=500)
"""The same for one recipient: the other side may begin a new thread each time."""
ANSWERS_BRAKE = Limit(day=100)
"""An answer to somebody who got so much that day: to begin a new thread each time is no way past a thread's brake."""
OWN_IDS_MAX = 3
"""Messages of ours that a message to a machine may build on, where the policy lets machines be answered at all."""


def judge_machine(auto: AutoMail, wanted: Disposition) -> Ending | None:
    """Judge an answer to automatic mail.

    Args:
        auto: what is known of the answer itself; the ids it refers to are those of the thread.
        wanted: what the policy says of such answers.
    """
    if auto.own_references > OWN_IDS_MAX:
        return Ending(Disposition.REJECT, Outcome.REJECTED_AT_POLICY, Reason.REPLY_LOOP)
    if wanted is Disposition.DELIVER:
        return None
    return Ending(wanted, Outcome.REJECTED_AT_POLICY, Reason.REPLY_AUTOMATIC_PARENT)


def judge_pace(replies: Counted, recipient: Counted, *, is_capped: bool, is_answer: bool) -> Ending | None:
    """Put the brake on what goes back and forth faster than anybody reads.

    Args:
        replies: answers in the thread.
        recipient: mail to the recipient.
        is_capped: the policy has a cap of its own for the thread.
        is_answer: it answers a message; nobody's mail is the cause of what does not.
    """
    to_recipient = (RECIPIENT_BRAKE, ANSWERS_BRAKE) if is_answer else (RECIPIENT_BRAKE,)
    if (not is_capped and BRAKE.is_passed(replies)) or any(each.is_passed(recipient) for each in to_recipient):
        return Ending(Disposition.DEFER, Outcome.RATE_LIMITED, Reason.SEND_PING_PONG)
    return None
