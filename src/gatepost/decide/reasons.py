"""Every reason code there is: ``subject.fact``, stable for ever (tests hold the checked-in list)."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a decision fell as it did."""

    RULE_MATCHED = "rule.matched"
    RULE_HELD = "rule.held"
    RULE_DEFERRED = "rule.deferred"
    RULE_DISCARDED = "rule.discarded"
    RULE_REJECTED = "rule.rejected"
    SENDER_UNMATCHED = "sender.unmatched"
    SENDER_UNPROVEN = "sender.unproven"
    SENDER_UNSETTLED = "sender.unsettled"  # DNS could not say; a later attempt may know
    AUTHOR_MISSING = "author.missing"
    AUTHOR_AMBIGUOUS = "author.ambiguous"
    CONTENT_GUARD = "content.guard"
    CONTENT_TOO_LONG = "content.too_long"  # more text than guards read in their time bound
    RATE_PER_HOUR = "rate.per_hour"
    RATE_PER_DAY = "rate.per_day"
    BUDGET_PER_MESSAGE = "budget.per_message"
    BUDGET_PER_THREAD = "budget.per_thread"
    BUDGET_PER_SENDER = "budget.per_sender"
    BUDGET_PER_DAY = "budget.per_day"
    SANDBOX_HELD = "sandbox.held"
    HOLD_APPROVED = "hold.approved"
    HOLD_DENIED = "hold.denied"
    HOLD_EXPIRED_DELIVERED = "hold.expired_delivered"
    HOLD_EXPIRED_REFUSED = "hold.expired_refused"
    HOLD_FULL_AUTHOR = "hold.full_author"
    HOLD_FULL_DOMAIN = "hold.full_domain"
    HOLD_FULL_MAILBOX = "hold.full_mailbox"
    POLICY_MISSING = "policy.missing"
    POSTMASTER_OPEN = "postmaster.open"
    REPLY_TO_AUTHOR = "reply.to_author"
    REPLY_UNKNOWN_PARENT = "reply.unknown_parent"
    REPLY_UNPROVEN_PARENT = "reply.unproven_parent"
    REPLY_FOREIGN_RECIPIENT = "reply.foreign_recipient"
    BOUNCE_TO_AUTHOR = "bounce.to_author"
    BOUNCE_UNVERIFIED_SENDER = "bounce.unverified_sender"
    BOUNCE_AUTOMATIC_SENDER = "bounce.automatic_sender"
    REPLY_AUTOMATIC_PARENT = "reply.automatic_parent"  # RFC 3834 section 2: a machine is not answered
    REPLY_LOOP = "reply.loop"  # two machines answer each other
    SEND_LISTED = "send.listed"
    SEND_RATE_RECIPIENT = "send.rate_recipient"
    SEND_RATE_DOMAIN = "send.rate_domain"
    SEND_RATE_AGENT = "send.rate_agent"
    SEND_THREAD_CAP = "send.thread_cap"
    SEND_PING_PONG = "send.ping_pong"  # the house's own brake, where the policy names no cap
    RECIPIENT_UNLISTED = "recipient.unlisted"
    RECIPIENT_TOO_MANY = "recipient.too_many"
    RECIPIENT_EXTERNAL = "recipient.external"
    RECIPIENT_FIRST_CONTACT = "recipient.first_contact"
    ATTACHMENT_TYPE = "attachment.type"
    ATTACHMENT_NAME = "attachment.name"
    ATTACHMENT_SIZE = "attachment.size"
    FOOTER_MISSING = "footer.missing"
    LEAK_SECRET = "leak.secret"  # noqa: S105  # a reason, not a password
    LEAK_CARD_NUMBER = "leak.card_number"
    LEAK_IBAN = "leak.iban"
    LEAK_CANARY = "leak.canary"
    LEAK_CORRESPONDENT = "leak.correspondent"
    LEAK_UNREADABLE = "leak.unreadable"  # more text than guards read in their time bound, or a file nobody can read
    NOTICE_OWN = "notice.own"  # what the house itself tells an account
