"""What guards find in a large message, asked in a thread before a decision needs it.

To judge megabytes of words takes up to a third of a second, in which an event loop would do nothing else. A guard's
answer depends on the text alone and on no fact, so it can be had before the transaction. The policy in force is known
inside it only: where it is one that came since, the transaction ends and the guards are asked first (``recall``).
"""

from collections.abc import Iterable, Sequence

from gatepost.decide import rules
from gatepost.decide.gates import ask_guards
from gatepost.decide.language import Policy
from gatepost.decide.paper import NOT_ASKED, Facts, Findings
from gatepost.verify.aside import LARGE
from gatepost.verify.paper import Content, Verified
from gatepost.verify.stages import INLINE_OCTETS


def is_large(verified: Verified) -> bool:
    """Tell whether guards may have much to read: a small file may hold a long text.

    Of what is not large they are asked where it is decided, which takes some milliseconds at the most.
    """
    if len(verified.arrived.raw) > INLINE_OCTETS:
        return True
    attachments = verified.evidence.content.reading.attachments
    return bool(attachments) and sum(len(each.text) for each in attachments) > INLINE_OCTETS


async def find(verified: Verified, policies: Iterable[Policy | None], facts: Facts) -> Findings:
    """Return what the guards of these policies find in a large message; those that no decision would ask find nothing.

    Args:
        verified: the message.
        policies: whose guards may be asked; None is no policy.
        facts: what is known of it already: the word of whoever rules on what was held.
    """
    asked = unasked(verified, policies, facts, NOT_ASKED)
    return await LARGE.run(_found, asked, verified.evidence.content) if asked else NOT_ASKED


def unasked(verified: Verified, policies: Iterable[Policy | None], facts: Facts, known: Findings) -> list[Policy]:
    """Return the policies whose guards a decision may ask, and that ``known`` does not speak of."""
    seen = rules.see(verified, facts)
    return [each for each in policies if each and each.digest not in known and rules.may_ask_guards(seen, each)]


def _found(policies: Sequence[Policy], content: Content) -> Findings:
    return {each.digest: ask_guards(each, content) for each in policies}
