"""The order in which a decision asks its questions, as data: the gates walk it, the docs draw it, the trace repeats it.

Nothing else says what comes before what. ``docs/policy.md`` and ``docs/outbound.md`` hold the diagrams made of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gatepost.decide.reasons import Reason

PASSED = "senders[]"
"""Stands for a trace's lines about rules that were passed over."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that ends a message's way; or, where it ``is_noted``, one that counts at the end of it.

    Attributes:
        when: what was found, in words.
        end: what becomes of the message, in words.
        reasons: the codes it may end with; none where an earlier question named them.
        is_noted: what is left is asked all the same.
    """

    when: str
    end: str
    reasons: tuple[Reason, ...]
    is_noted: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """One question, or several of a kind.

    Attributes:
        asks: in words.
        checks: the trace's lines about it, in this order; a policy need not ask all of them.
        answers: those that end the way or are noted.
        onward: the answer that leads to the next question.
    """

    asks: str
    checks: tuple[str, ...]
    answers: tuple[Answer, ...]
    onward: str


PROOF = Question(
    "assurance, then requireDkim, then requireSpf",
    ("assurance", "requireDkim", "requireSpf"),
    (
        Answer("missing", "550", (Reason.SENDER_UNPROVEN,)),
        Answer("DNS cannot say", "451", (Reason.SENDER_UNSETTLED,)),
    ),
    "proven",
)
ACTION = Question(
    "the rule's action",
    ("action",),
    (
        Answer(
            "defer, discard, reject",
            "what it says",
            (Reason.RULE_DEFERRED, Reason.RULE_DISCARDED, Reason.RULE_REJECTED),
        ),
        Answer("hold", "noted", (Reason.RULE_HELD,), is_noted=True),
    ),
    "deliver",
)
GUARDS = Question(
    "contentGuards",
    ("contentGuards",),
    (
        Answer("found", "the strictest guard's action", (Reason.CONTENT_GUARD,)),
        Answer("found, and the strictest holds", "noted", (Reason.CONTENT_GUARD,), is_noted=True),
        Answer("too much text", "defaultAction", (Reason.CONTENT_TOO_LONG,)),
    ),
    "clear",
)
RATES = Question(
    "rateLimit.perHour, then perDay",
    ("rateLimit.perHour", "rateLimit.perDay"),
    (Answer("reached", "450", (Reason.RATE_PER_HOUR, Reason.RATE_PER_DAY)),),
    "free",
)
BUDGETS = Question(
    "tokenBudget.perMessage, then perThread, perSender, perDay",
    ("tokenBudget.perMessage", "tokenBudget.perThread", "tokenBudget.perSender", "tokenBudget.perDay"),
    (
        Answer(
            "spent",
            "450",
            (Reason.BUDGET_PER_MESSAGE, Reason.BUDGET_PER_THREAD, Reason.BUDGET_PER_SENDER, Reason.BUDGET_PER_DAY),
        ),
    ),
    "left",
)
RULING = Question(
    "held before, and ruled on?",
    ("approval",),
    (
        Answer("denied", "nothing kept", (Reason.HOLD_DENIED, Reason.HOLD_EXPIRED_REFUSED)),
        Answer("approved, and a hold is noted", "let go", (Reason.HOLD_APPROVED, Reason.HOLD_EXPIRED_DELIVERED)),
    ),
    "no",
)
_WAITING = ("waiting",)
_FULL = (Reason.HOLD_FULL_AUTHOR, Reason.HOLD_FULL_DOMAIN, Reason.HOLD_FULL_MAILBOX)

INWARD = (
    Question("a notice of the house?", ("author",), (Answer("yes", "deliver", (Reason.NOTICE_OWN,)),), "no"),
    Question("postmaster?", ("postmaster",), (Answer("yes", "deliver, no grant", (Reason.POSTMASTER_OPEN,)),), "no"),
    Question("policy stored?", ("policy",), (Answer("no", "550", (Reason.POLICY_MISSING,)),), "yes"),
    Question(
        "one author?", ("author",), (Answer("no", "550", (Reason.AUTHOR_MISSING, Reason.AUTHOR_AMBIGUOUS)),), "yes"
    ),
    Question(
        "first rule that names the author, has not expired, and whose conditions hold",
        (PASSED, "rule"),
        (Answer("none", "defaultAction", (Reason.SENDER_UNMATCHED,)),),
        "the rule",
    ),
    PROOF,
    ACTION,
    GUARDS,
    RATES,
    BUDGETS,
    RULING,
    Question("hold noted, and as much waits as may?", _WAITING, (Answer("yes", "450", _FULL),), "no"),
    Question("hold noted?", (), (Answer("yes", "kept for a person", (Reason.RULE_HELD, Reason.CONTENT_GUARD)),), "no"),
)
"""What is asked of mail from strangers."""
LET_IN = "deliver with the rule's capabilities: rule.matched"

RECIPIENTS = Question(
    "recipients, then recipientsPerMessage",
    ("recipients", "recipientsPerMessage"),
    (Answer("too many", "reject", (Reason.RECIPIENT_UNLISTED, Reason.RECIPIENT_TOO_MANY), is_noted=True),),
    "asked",
)
SHAPE = Question(
    "toMachines, then attachments, footer",
    ("toMachines", "attachments", "footer"),
    (
        Answer(
            "found",
            "as written there",
            (
                Reason.REPLY_AUTOMATIC_PARENT,
                Reason.REPLY_LOOP,
                Reason.ATTACHMENT_TYPE,
                Reason.ATTACHMENT_NAME,
                Reason.ATTACHMENT_SIZE,
                Reason.FOOTER_MISSING,
            ),
            is_noted=True,
        ),
    ),
    "asked",
)
LEAKS = Question(
    "secrets, then cardNumbers, ibans, canaries, otherCorrespondents",
    ("secrets", "cardNumbers", "ibans", "canaries", "otherCorrespondents"),
    (
        Answer(
            "found, or unreadable",
            "as written there",
            (
                Reason.LEAK_SECRET,
                Reason.LEAK_CARD_NUMBER,
                Reason.LEAK_IBAN,
                Reason.LEAK_CANARY,
                Reason.LEAK_CORRESPONDENT,
                Reason.LEAK_UNREADABLE,
            ),
            is_noted=True,
        ),
    ),
    "asked",
)
STRANGERS = Question(
    "external, then firstContact",
    ("external", "firstContact"),
    (Answer("found", "as written there", (Reason.RECIPIENT_EXTERNAL, Reason.RECIPIENT_FIRST_CONTACT), is_noted=True),),
    "asked",
)
PACE = Question(
    "rateLimit.perRecipient, then perDomain, perAgent, repliesPerThread, and the house's own brake",
    ("rateLimit.perRecipient", "rateLimit.perDomain", "rateLimit.perAgent", "repliesPerThread", "pace"),
    (
        Answer(
            "reached",
            "defer",
            (
                Reason.SEND_RATE_RECIPIENT,
                Reason.SEND_RATE_DOMAIN,
                Reason.SEND_RATE_AGENT,
                Reason.SEND_THREAD_CAP,
                Reason.SEND_PING_PONG,
            ),
            is_noted=True,
        ),
    ),
    "asked",
)
STOPS = (RECIPIENTS, SHAPE, LEAKS, STRANGERS, PACE)
"""Asked of all that leaves, each to the end; their lines in the trace begin with ``outbound.``"""

OUTWARD = (
    Question("a mailbox of ours sent it?", ("submitter",), (Answer("no", "422", (Reason.SENDER_UNPROVEN,)),), "yes"),
    Question(
        "the message it answers was kept and proven, and no machine's where a notice answers it?",
        ("parent",),
        (
            Answer(
                "no",
                "422",
                (
                    Reason.REPLY_UNKNOWN_PARENT,
                    Reason.REPLY_UNPROVEN_PARENT,
                    Reason.BOUNCE_UNVERIFIED_SENDER,
                    Reason.BOUNCE_AUTOMATIC_SENDER,
                ),
            ),
        ),
        "yes, or it answers none and goes to whom the policy names",
    ),
    Question(
        "goes to that author, or to whom the policy names?",
        ("recipient",),
        (Answer("no", "422", (Reason.REPLY_FOREIGN_RECIPIENT,)),),
        "yes",
    ),
    *STOPS,
    Question(
        "the strictest of what was noted",
        ("hold",),
        (Answer("reject, defer", "422, 429, with its reason", ()),),
        "hold: noted, or nothing",
    ),
    Question(
        "in its sandbox?", ("sandbox",), (Answer("yes", "noted: hold", (Reason.SANDBOX_HELD,), is_noted=True),), "no"
    ),
    RULING,
    Question("hold noted, and as much waits as may?", _WAITING, (Answer("yes", "429", _FULL[1:]),), "no"),
    Question("hold noted?", (), (Answer("yes", "held, with its reason", ()),), "no"),
)
"""What is asked of mail from an agent."""
LET_OUT = "queued: reply.to_author, send.listed, bounce.to_author"


def diagram(questions: Sequence[Question], end: str) -> str:
    """Return the order as a flowchart in Mermaid; ``end`` is where whoever passes all of it arrives."""
    return "\n".join(["flowchart TD", "    A[message] --> Q1", *_edges(questions, end)])


def _edges(questions: Sequence[Question], end: str) -> Iterator[str]:
    for number, question in enumerate(questions, start=1):
        yield f"    Q{number}{{{_quoted(question.asks)}}}"
        for each, answer in enumerate(question.answers, start=1):
            when = _quoted(answer.when)
            edge = f"-. {when} .->" if answer.is_noted else f"-- {when} -->"
            said = ": ".join(filter(None, (answer.end, ", ".join(answer.reasons))))
            yield f"    Q{number} {edge} E{number}{each}[{_quoted(said)}]"
        yield f"    Q{number} -- {_quoted(question.onward)} --> Q{number + 1}"
    yield f"    Q{len(questions) + 1}[{_quoted(end)}]"


def _quoted(text: str) -> str:
    return f'"{text}"'
