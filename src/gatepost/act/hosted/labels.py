"""Whose words a turn has read: operator above matched sender above anybody. A turn is as good as the lowest of them."""

from enum import IntEnum

from gatepost.mailbox.paper import Email

POSTMASTER = "postmaster"


class Label(IntEnum):
    """Whose words something rests on; the lower, the less it may set in motion by itself."""

    ANYBODY = 0
    SENDER = 1
    OPERATOR = 2

    @property
    def word(self) -> str:
        """As the record and the doors spell it."""
        return self.name.lower()


def label_of(email: Email) -> Label:
    """Return the label of what a kept message's author says in it.

    A sender's is whom a rule of the policy matched and who was proven. Nobody matched a rule to reach postmaster.
    What stands quoted in it, or attached to it, anybody may have written.
    """
    is_matched = email.is_proven and email.recipient.local.lower() != POSTMASTER
    return Label.SENDER if is_matched else Label.ANYBODY
