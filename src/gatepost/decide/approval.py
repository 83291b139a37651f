"""What a person's word changes in a decision: it lets a held message go, and nothing else through. Pure."""

from msgspec.structs import replace

from gatepost.decide.ending import Ending, Judged
from gatepost.decide.paper import Disposition, Facts, Outcome, Ruling, Step
from gatepost.decide.reasons import Reason


def sandboxed(judged: Judged, facts: Facts) -> Judged:
    """Let what a sandboxed account may send wait for a person."""
    ending, trace = judged
    if not facts.is_sandboxed or ending.disposition is not Disposition.DELIVER:
        return judged
    wait = ending.wait.refusing()  # silence lets nothing out of a sandbox
    held = Ending(Disposition.HOLD, Outcome.DELIVERED, Reason.SANDBOX_HELD, wait=wait)
    return held, (*trace, Step("sandbox", "held"))


def ruled(ending: Ending, trace: tuple[Step, ...], ruling: Ruling) -> Judged:
    """Return how the way of a held message ends, once somebody ruled on it.

    The policy in force speaks again, so an approval turns ``hold`` into ``deliver`` and leaves every other ending as it
    is: what would be refused today is refused, whoever approves. A denial ends the way wherever it led. Silence
    delivers what the policy in force would still let go by silence, and nothing else.
    """
    is_kept_silent = ruling.is_expiry and ending.disposition is Disposition.HOLD and not ending.wait.is_delivered
    if not ruling.is_approved or is_kept_silent:
        reason = Reason.HOLD_EXPIRED_REFUSED if ruling.is_expiry else Reason.HOLD_DENIED
        denied = Ending(Disposition.DISCARD, Outcome.REJECTED_AT_POLICY, reason)
        return denied, (*trace, Step("approval", "expired" if ruling.is_expiry else "denied"))
    step = Step("approval", "expired open" if ruling.is_expiry else "approved")
    if ending.disposition is not Disposition.HOLD:
        return ending, (*trace, step)
    reason = Reason.HOLD_EXPIRED_DELIVERED if ruling.is_expiry else Reason.HOLD_APPROVED
    let_go = replace(ending, disposition=Disposition.DELIVER, outcome=Outcome.DELIVERED, reason=reason, detail="")
    return let_go, (*trace, step)
