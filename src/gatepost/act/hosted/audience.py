"""Who may hear what a turn has read: the people of each message, its author and its recipients."""

from contextlib import suppress

from gatepost.mail import address_list
from gatepost.mail.address import Address
from gatepost.mail.address_list import AddressListError
from gatepost.mailbox.paper import Email

Audience = frozenset[str]
"""Addresses, by the key they are compared by."""


def audience_of(email: Email) -> Audience:
    """Return the people of a message: who wrote it and to whom, in To and Cc, as far as those fields can be read.

    Its author chose the fields, and may tell his own words to whomever he likes.
    """
    named: list[Address] = [email.author, email.recipient, *email.reply_to]
    with suppress(AddressListError):
        named += [each.address for each in address_list.parse(email.to_shown)]
    return frozenset(each.key for each in named)
