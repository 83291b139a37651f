"""SMTP: what a stranger's server is told about the end of the journey. The protocol itself lives in ``arrive``."""

from typing import assert_never

from gatepost.arrive.reply import Reply
from gatepost.decide.paper import Disposition, Outcome
from gatepost.deliver.paper import CarriedOut


def reply_for(done: CarriedOut) -> Reply:
    """Return the one answer to DATA.

    The text names the arrival, so that a postmaster who asks can be helped, and nothing of why: the reason is for the
    record, not for whoever probes the policy (RFC 5321 section 7.7 leaves the text to us).
    """
    arrived = done.recorded.arrived
    decision = done.recorded.decision
    match decision.disposition:
        case Disposition.DELIVER | Disposition.HOLD | Disposition.DISCARD:
            return Reply(250, "2.0.0", f"Accepted as {arrived.email}")
        case Disposition.REJECT:
            return Reply(550, "5.7.1", f"Refused by policy, reference {arrived.email}")
        case Disposition.DEFER:
            if decision.outcome is Outcome.REJECTED_AT_VERIFICATION:  # DNS could not say: RFC 7208 section 8.6
                return Reply(451, "4.7.1", f"Cannot verify now, try again later, reference {arrived.email}")
            if decision.outcome in {Outcome.RATE_LIMITED, Outcome.BUDGET_EXHAUSTED}:
                return Reply(450, "4.7.1", f"Too much for now, try again later, reference {arrived.email}")
            return Reply(451, "4.7.1", f"Deferred by policy, try again later, reference {arrived.email}")
        case _:
            assert_never(decision.disposition)
