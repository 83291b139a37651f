"""What guards find in a large message, asked in a thread before a decision needs it.

To judge megabytes of words takes up to a third of a second, in which an event loop would do nothing else. A guard's
answer depends on the text alone and on no fact, so it can be had before the transaction; the policy in force is known
inside it only, and one that came since is asked then.
"""

from collections.abc import Iterable, Sequence

from gatepost.decide import rules
from gatepost.decide.gates import ask_guards
from gatepost.decide.language import Policy
from gatepost.decide.paper import NOT_ASKED, Facts, Findings
from gatepost.verify.aside import LARGE
from gatepost.verify.paper import Content, Verified

INLINE_OCTETS = 65_536
"""Guards read a message that is larger, or files whose text is, in a thread; of others they are asked where it is
decided, which takes some milliseconds at the most."""


def is_large(verified: Verified) -> bool:
    """Tell whether guards may have much to read: a small file may hold a long text."""
    if len(verified.arrived.raw) > INLINE_OCTETS:
        return True
    attachments = verified.evidence.content.reading.attachments
    return bool(attachments) and sum(len(each.text) for each in attachments) > INLINE_OCTETS


async def find(verified: Verified, policies: Iterable[Policy | None], known: Findings = NOT_ASKED) -> Findings:
    """Return what the guards of these policies find in a large message; those that no decision would ask find nothing.

    Args:
        verified: the message.
        policies: whose guards may be asked; None is no policy.
        known: what some answered already.
    """
    seen = rules.see(verified, Facts())
    asked = [each for each in policies if each and each.digest not in known and rules.may_ask_guards(seen, each)]
    if not asked:
        return known
    return {**known, **await LARGE.run(_found, asked, verified.evidence.content)}


def _found(policies: Sequence[Policy], content: Content) -> Findings:
    return {each.digest: ask_guards(each, content) for each in policies}
