"""What a caller can do about a message that the gate did not let out: one sentence for each reason code."""

from collections.abc import Mapping

from gatepost.decide.reasons import Reason

ADVICE: Mapping[Reason, str] = {
    Reason.SENDER_UNPROVEN: "Submit it with a key of this mailbox.",
    Reason.REPLY_UNKNOWN_PARENT: "Answer a message this mailbox kept, or write to somebody the policy lists.",
    Reason.REPLY_UNPROVEN_PARENT: "Nobody proved who wrote that message; an answer might go to a stranger.",
    Reason.REPLY_FOREIGN_RECIPIENT: "Answer the author, or have the recipient added to outbound.recipients.",
    Reason.REPLY_AUTOMATIC_PARENT: "A machine wrote that message; leave it, or have outbound.toMachines changed.",
    Reason.REPLY_LOOP: "Two machines are answering each other; stop.",
    Reason.BOUNCE_UNVERIFIED_SENDER: "Nobody proved who wrote that message; a bounce would hit a stranger.",
    Reason.BOUNCE_AUTOMATIC_SENDER: "A machine wrote that message; it gets no bounce.",
    Reason.RECIPIENT_UNLISTED: "Write to somebody outbound.recipients names, or have the recipient added.",
    Reason.RECIPIENT_TOO_MANY: "Send it to fewer recipients at once.",
    Reason.RECIPIENT_EXTERNAL: "The policy lets nothing go outside the organisation.",
    Reason.RECIPIENT_FIRST_CONTACT: "The policy lets nothing go to somebody this mailbox never wrote with.",
    Reason.ATTACHMENT_TYPE: "Leave out the attachment whose type the policy does not allow.",
    Reason.ATTACHMENT_NAME: "Leave out the attachment whose name the policy does not allow.",
    Reason.ATTACHMENT_SIZE: "Attach less.",
    Reason.FOOTER_MISSING: "End the text with the policy's footer.",
    Reason.LEAK_SECRET: "Take out the password or key; pass it on some other way.",
    Reason.LEAK_CARD_NUMBER: "Take out the card number.",
    Reason.LEAK_IBAN: "Take out the account number.",
    Reason.LEAK_CANARY: "The text repeats a canary, which no mail may: the agent says what it was not asked to.",
    Reason.LEAK_CORRESPONDENT: "Take out the addresses of people who are not part of this conversation.",
    Reason.LEAK_UNREADABLE: "Send less text, and only files that can be read.",
    Reason.HOLD_DENIED: "A person refused this very message; write another, or leave it.",
    Reason.HOLD_EXPIRED_REFUSED: "Nobody let this very message go in time; write another, or ask a person to look.",
    Reason.HOLD_FULL_DOMAIN: "Too much of this mailbox waits for a person; try again once somebody ruled on some.",
    Reason.HOLD_FULL_MAILBOX: "Too much waits for a person in this mailbox; try again once somebody ruled on some.",
    Reason.SEND_RATE_RECIPIENT: "Too much went to this recipient; try again later.",
    Reason.SEND_RATE_DOMAIN: "Too much went to this domain; try again later.",
    Reason.SEND_RATE_AGENT: "This mailbox sent too much; try again later.",
    Reason.SEND_THREAD_CAP: "This thread had enough answers; try again later.",
    Reason.SEND_PING_PONG: "This goes back and forth faster than people read; try again later.",
}
LATER = frozenset(
    {
        Reason.HOLD_FULL_DOMAIN,
        Reason.HOLD_FULL_MAILBOX,
        Reason.SEND_RATE_RECIPIENT,
        Reason.SEND_RATE_DOMAIN,
        Reason.SEND_RATE_AGENT,
        Reason.SEND_THREAD_CAP,
        Reason.SEND_PING_PONG,
    }
)
"""Reasons that time alone takes away."""
RETRY_S = 900
"""The first message leaves the shorter window within an hour: asking four times in it will do."""


def is_for_now(reason: str) -> bool:
    """Tell whether the same message may get out later."""
    return reason in LATER


def advice(reason: str) -> str:
    """Return what can be done; empty for a reason that is not about outbound mail."""
    return ADVICE.get(Reason(reason), "") if reason in set(Reason) else ""
