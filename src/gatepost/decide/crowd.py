"""How much may wait for a person at once, whatever the policy says (docs/adr/0145). Pure."""

from dataclasses import astuple, dataclass

from gatepost.arrive.paper import Direction
from gatepost.decide.ending import Ending, Judged
from gatepost.decide.organization import organizational_domain
from gatepost.decide.paper import Decided, Disposition, Facts, Outcome, Step, Waiting
from gatepost.decide.reasons import Reason
from gatepost.ids import AccountId

MOST = Waiting(author=20, domain=200, mailbox=1_000)
"""Of one proven author; of an organisation, of all that nobody proved, or of the agent; in the mailbox."""
AGENT = "agent"
"""Stands for whoever writes from the mailbox itself; no domain is called so."""

_FULL = (Reason.HOLD_FULL_AUTHOR, Reason.HOLD_FULL_DOMAIN, Reason.HOLD_FULL_MAILBOX)


@dataclass(frozen=True, slots=True)
class Whose:
    """With whose messages one is counted that would wait.

    Attributes:
        account: in whose mailbox, or from which.
        author: a proven author's address key; empty where there is none, and nothing is counted then.
        domain: the author's organisation; empty stands for all that nobody proved.
    """

    account: AccountId
    author: str = ""
    domain: str = ""


def whose(decided: Decided) -> Whose:
    """Return with whose a message is counted. A forged name is nobody's: it fills nobody's place."""
    arrived, author = decided.arrived, decided.verified.evidence.author
    if arrived.direction is Direction.OUTBOUND:
        return Whose(arrived.account, domain=AGENT)
    if author is None or not decided.decision.is_author_proven:
        return Whose(arrived.account)
    return Whose(arrived.account, author.key, organizational_domain(author.domain))


def admitted(judged: Judged, facts: Facts) -> Judged:
    """Ask what would wait to come again, where as much waits already as may.

    What was ruled on waits no more, and a message whose fellows nobody counted is not asked.
    """
    ending, trace = judged
    waiting = facts.waiting
    if ending.disposition is not Disposition.HOLD or waiting is None or facts.ruling is not None:
        return judged
    counts = list(zip(astuple(waiting), astuple(MOST), strict=True))
    steps = (*trace, Step("waiting", ", ".join(f"{count} of {most}" for count, most in counts)))
    full = next((reason for (count, most), reason in zip(counts, _FULL, strict=True) if count >= most), None)
    if full is None:
        return ending, steps
    return Ending(Disposition.DEFER, Outcome.RATE_LIMITED, full, labels=ending.labels), steps
