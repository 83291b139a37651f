"""The outbound half of a decision: whether this may leave, to whom, how often. Pure.

All gates are asked and the strictest answer counts: what waits for an approval because its recipient is new must not
get out with a secret that another gate would have refused. Of equally strict ones the first counts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

from msgspec import structs

from gatepost.decide import answers, leaks, loops, order
from gatepost.decide.above import both
from gatepost.decide.body import TooLongError
from gatepost.decide.ending import Ending, Judged
from gatepost.decide.gates import TextGoneError
from gatepost.decide.organization import is_same_organization, may_be_answered
from gatepost.decide.outbound_language import Limit, OutboundPolicy, Stop
from gatepost.decide.paper import USUAL_WAIT, Counted, Disposition, Facts, Leaving, Outcome, Seen, Step
from gatepost.decide.reasons import Reason
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope
from gatepost.verify.paper import Content, Evidence, Family

_NOWHERE = Envelope(None, ())
BUILT_IN = OutboundPolicy()
"""What the house does by itself: it answers no machine, lets no canary out, and brakes what goes in circles."""


@dataclass(frozen=True)
class Case:
    """What the gates see; ``below`` is the footer of the policy above, which stands under this policy's own."""

    policy: OutboundPolicy
    evidence: Evidence
    recipients: tuple[Address, ...]
    is_notice: bool
    facts: Facts
    has_text: bool = True
    below: str = ""

    @property
    def content(self) -> Content:
        """What it says; of one whose text is gone, its files alone."""
        return self.evidence.content

    @property
    def plain(self) -> str:
        """Its plain text; raises ``TextGoneError``."""
        if not self.has_text:
            raise TextGoneError
        return self.content.plain

    @property
    def leaving(self) -> Leaving:
        """What is known about where it goes."""
        return self.facts.leaving

    @cached_property
    def texts(self) -> tuple[str, ...] | None:
        """All that it says, also by the names it goes to: whoever has a domain reads mail to any of them.

        None where that is too much to read, or cannot be read. Raises ``TextGoneError``.
        """
        if not self.has_text:
            raise TextGoneError
        try:
            return (*leaks.texts_of(self.content), *(each.local for each in self.recipients))
        except TooLongError:
            return None


Answer = tuple[str, Ending | None] | None
"""What one gate answers: a word for the trace, and how it would end; None where the policy does not ask it."""
Gate = Callable[[Case], Answer]


def listed(policy: OutboundPolicy | None, recipients: tuple[Address, ...], facts: Facts) -> frozenset[str]:
    """Return the keys of those recipients whom the policy names."""
    if policy is None or policy.recipients is None:
        return frozenset()
    named = policy.recipients
    known = facts.leaving.contacts if named.contacts else frozenset()
    if named.thread and facts.answered and facts.answered.was_proven:
        known |= facts.leaving.thread | may_be_answered(facts.answered.author, facts.answered.reply_to)
    return frozenset(each.key for each in recipients if each.key in known or named.name(each))


def judge_both(seen: Seen, own: OutboundPolicy | None, above: OutboundPolicy | None) -> Judged:
    """Judge an outbound message under the mailbox's policy and the tenant's above it, which can only tighten.

    Only the mailbox's own says whom else than it answers the account may write to; the tenant's list narrows that.
    """
    evidence, facts, envelope = seen.evidence, seen.facts, seen.envelope or _NOWHERE
    passed = answers.judge(evidence, envelope, facts.answered, listed(own, envelope.rcpt_to, facts))
    if passed[0].disposition is not Disposition.DELIVER:
        return passed
    case = Case(own or BUILT_IN, evidence, envelope.rcpt_to, envelope.mail_from is None, facts, seen.has_text)
    if above is None:
        return judge(case, passed)
    judged = judge(replace(case, below=above.footer), passed)
    return both(judged, judge(replace(case, policy=above), (passed[0], ())))


def judge(case: Case, passed: Judged) -> Judged:
    """Ask the gates about a message that may be an answer at all; ``passed`` is what ``answers`` said."""
    strictest, steps = passed
    wait = case.policy.wait or USUAL_WAIT
    for check, gate in _IN_ORDER:
        answer = gate(case)
        if answer is None:
            continue
        said, ending = answer
        steps += (Step(f"outbound.{check}", said),)
        if ending is not None and ending.outcome is Outcome.REJECTED_AT_CONTENT_GUARD:
            wait = wait.refusing()  # what a guard found is not let go by silence
        if ending is not None and ending.disposition.strictness > strictest.disposition.strictness:
            strictest = ending
    if case.policy.wait and strictest.disposition is Disposition.HOLD:
        steps += (Step("outbound.hold", str(wait)),)
    return structs.replace(strictest, wait=wait), steps


def _end(disposition: Disposition, reason: Reason, outcome: Outcome = Outcome.REJECTED_AT_POLICY) -> Ending | None:
    return None if disposition is Disposition.DELIVER else Ending(disposition, outcome, reason)


def _recipients(case: Case) -> Answer:
    if case.policy.recipients is None:
        return None
    strangers = {each.key for each in case.recipients} - listed(case.policy, case.recipients, case.facts)
    return ("unlisted", _end(Disposition.REJECT, Reason.RECIPIENT_UNLISTED)) if strangers else ("listed", None)


def _recipients_max(case: Case) -> Answer:
    limit, count = case.policy.recipients_max, len(case.recipients)
    if limit is None:
        return None
    ending = _end(Disposition.REJECT, Reason.RECIPIENT_TOO_MANY) if count > limit else None
    return f"{count} of {limit}", ending


def _stop(stop: Stop, finds: Callable[[Case], bool], reason: Reason, case: Case) -> Answer:
    wanted = case.policy.stop(stop)
    if wanted is Disposition.DELIVER:
        return None
    return ("found", _end(wanted, reason)) if finds(case) else ("clear", None)


def _leak(stop: Stop, finds: Callable[[Case, tuple[str, ...]], bool], reason: Reason, case: Case) -> Answer:
    wanted = case.policy.stop(stop)
    if wanted is Disposition.DELIVER:
        return None
    outcome = Outcome.REJECTED_AT_CONTENT_GUARD
    if case.texts is None:  # what cannot be read cannot be let out unread
        return "unreadable", _end(wanted, Reason.LEAK_UNREADABLE, outcome)
    return ("found", _end(wanted, reason, outcome)) if finds(case, case.texts) else ("clear", None)


def _is_external(case: Case) -> bool:
    author = case.evidence.author
    return author is None or not all(is_same_organization(each.domain, author.domain) for each in case.recipients)


def _is_first_contact(case: Case) -> bool:
    return not all(each.key in case.leaving.contacts for each in case.recipients)


def _canaries(case: Case) -> Answer:
    """Look for the house's canaries, which ``verify`` saw or did not, and for the policy's own."""
    if any(sign.family is Family.CANARY for sign in case.evidence.injection.signals):
        ending = _end(case.policy.stop(Stop.CANARIES), Reason.LEAK_CANARY, Outcome.REJECTED_AT_CONTENT_GUARD)
        return "found", ending
    marks = case.policy.marks
    return (
        _leak(Stop.CANARIES, lambda _, texts: leaks.has_mark(texts, marks), Reason.LEAK_CANARY, case) if marks else None
    )


def _machine(case: Case) -> Answer:
    answered = case.facts.answered
    if case.is_notice or answered is None or not answered.was_automatic:
        return None
    return "automatic", loops.judge_machine(case.evidence.auto, case.policy.to_machines)


def _attachments(case: Case) -> Answer:
    allowed, attached = case.policy.attachments, case.content.reading.attachments
    if allowed is None:
        return None
    reason = None
    if allowed.types is not None and not all(each.file.is_surely(allowed.types) for each in attached):
        reason = Reason.ATTACHMENT_TYPE
    elif allowed.names is not None and not all(
        any(name.is_in(each.filename.encode("utf-8", "replace")) for name in allowed.names) for each in attached
    ):
        reason = Reason.ATTACHMENT_NAME
    elif (allowed.octets is not None and any(each.size_octets > allowed.octets for each in attached)) or (
        allowed.count is not None and len(attached) > allowed.count
    ):
        reason = Reason.ATTACHMENT_SIZE
    return (reason.value, _end(allowed.otherwise, reason)) if reason else ("allowed", None)


def _footer(case: Case) -> Answer:
    if not case.policy.footer or case.is_notice:
        return None
    wanted, text = case.policy.footer.split(), case.plain.split()
    endings = (wanted, [*wanted, *case.below.split()])  # the first where both policies want the same
    is_there = any(text[-len(ending) :] == ending for ending in endings)
    return ("present", None) if is_there else ("missing", _end(Disposition.REJECT, Reason.FOOTER_MISSING))


def _limit(
    limit_of: Callable[[OutboundPolicy], Limit | None],
    counts_of: Callable[[Leaving], Counted],
    reason: Reason,
    case: Case,
) -> Answer:
    limit, counts = limit_of(case.policy), counts_of(case.leaving)
    if limit is None or limit == Limit():
        return None
    ending = _end(Disposition.DEFER, reason, Outcome.RATE_LIMITED) if limit.is_passed(counts) else None
    return f"{counts.hour} of {_shown(limit.hour)}, {counts.day} of {_shown(limit.day)}", ending


def _shown(limit: int | None) -> str:
    return "any" if limit is None else str(limit)


def _pace(case: Case) -> Answer:
    ending = loops.judge_pace(
        case.leaving.replies,
        case.leaving.recipient,
        is_capped=case.policy.replies is not None,
        is_answer=case.facts.answered is not None,
    )
    return ("too fast", ending) if ending else None


_GATES: Mapping[str, Gate] = {
    "recipients": _recipients,
    "recipientsPerMessage": _recipients_max,
    "toMachines": _machine,
    "attachments": _attachments,
    "footer": _footer,
    "secrets": partial(_leak, Stop.SECRETS, lambda _, texts: any(map(leaks.has_credential, texts)), Reason.LEAK_SECRET),
    "cardNumbers": partial(
        _leak, Stop.CARD_NUMBERS, lambda _, texts: any(map(leaks.has_card_number, texts)), Reason.LEAK_CARD_NUMBER
    ),
    "ibans": partial(_leak, Stop.IBANS, lambda _, texts: any(map(leaks.has_iban, texts)), Reason.LEAK_IBAN),
    "canaries": _canaries,
    "otherCorrespondents": partial(
        _leak, Stop.OTHER_CORRESPONDENTS, lambda case, _: case.leaving.others != 0, Reason.LEAK_CORRESPONDENT
    ),
    "external": partial(_stop, Stop.EXTERNAL, _is_external, Reason.RECIPIENT_EXTERNAL),
    "firstContact": partial(_stop, Stop.FIRST_CONTACT, _is_first_contact, Reason.RECIPIENT_FIRST_CONTACT),
    "rateLimit.perRecipient": partial(
        _limit, lambda policy: policy.per_recipient, lambda to: to.recipient, Reason.SEND_RATE_RECIPIENT
    ),
    "rateLimit.perDomain": partial(
        _limit, lambda policy: policy.per_domain, lambda to: to.domain, Reason.SEND_RATE_DOMAIN
    ),
    "rateLimit.perAgent": partial(_limit, lambda policy: policy.per_agent, lambda to: to.agent, Reason.SEND_RATE_AGENT),
    "repliesPerThread": partial(_limit, lambda policy: policy.replies, lambda to: to.replies, Reason.SEND_THREAD_CAP),
    "pace": _pace,
}
_IN_ORDER = tuple((check, _GATES[check]) for question in order.STOPS for check in question.checks)
