"""Every reason for which mail is turned away before a decision: one closed list.

The words are stable for ever: they are counted per hour in the record. None of them says anything about a person.
"""

from enum import StrEnum


class Refusal(StrEnum):
    """``subject.fact``: why the session did not take a mail."""

    SENDER_MALFORMED = "sender.malformed"
    RECIPIENT_MALFORMED = "recipient.malformed"
    RECIPIENT_UNKNOWN = "recipient.unknown"
    RECIPIENT_UNSETTLED = "recipient.unsettled"  # our own look-up failed; the client was asked to try again
    RECIPIENT_OTHER_POLICY = "recipient.other_policy"  # one DATA has one answer; asked to come separately
    RECIPIENT_TOO_MANY = "recipient.too_many"
    RELAY_DENIED = "relay.denied"
    ADDRESS_NEEDS_SMTPUTF8 = "address.needs_smtputf8"
    SIZE_EXCEEDED = "size.exceeded"
    LINE_BARE_LF = "line.bare_lf"
    LINE_BARE_CR = "line.bare_cr"
    LINE_NUL = "line.nul"
    LINE_TOO_LONG = "line.too_long"
    LIMIT_ERRORS = "limit.errors"
    LIMIT_CONNECTIONS = "limit.connections"
    LIMIT_TRANSACTIONS = "limit.transactions"
    LIMIT_TIME = "limit.time"
    HOUSE_EMPTY = "house.empty"  # nobody gave this house a domain yet; the client was asked to try again
    HOUSE_UNSETTLED = "house.unsettled"  # receiving failed inside the house; the client was asked to try again
    POLICY_UNREADABLE = "policy.unreadable"  # what failed is that this release cannot read the policy in force
