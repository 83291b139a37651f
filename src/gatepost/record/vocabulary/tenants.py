"""What is told of who there is: tenants, their domains, mailboxes, people and keys. Pure.

``row`` is the digest of a table's row as it was made (``upkeep.admitted``): one exchanged later is not what was said.
"""

from gatepost.record.vocabulary.said import Act, Private


class TenantAdd(Act, frozen=True, kw_only=True, tag="tenant.add"):
    """A tenant was made."""

    plan: str
    name: Private[str]


class TenantPlan(Act, frozen=True, kw_only=True, tag="tenant.plan"):
    """A tenant came onto another plan."""

    plan: str
    was: str


class TenantSecondPerson(Act, frozen=True, kw_only=True, tag="tenant.second_person"):
    """Policies that let in more need a second person from now on, or need none any more."""

    is_needed: bool


class TenantRemove(Act, frozen=True, kw_only=True, tag="tenant.remove"):
    """A tenant was forgotten; its record stays for as long as its plan says."""


class DomainAdd(Act, frozen=True, kw_only=True, tag="domain.add"):
    """The house answers for a domain."""

    row: Private[str] = ""


class DomainRemove(Act, frozen=True, kw_only=True, tag="domain.remove"):
    """The house answers for a domain no more."""


class MailboxAdd(Act, frozen=True, kw_only=True, tag="mailbox.add"):
    """A mailbox was made."""

    address: Private[str]
    row: Private[str] = ""


class MailboxRemove(Act, frozen=True, kw_only=True, tag="mailbox.remove"):
    """A mailbox was closed."""


class MailboxSandbox(Act, frozen=True, kw_only=True, tag="mailbox.sandbox"):
    """Whatever a mailbox sends waits for a person."""


class MailboxPromote(Act, frozen=True, kw_only=True, tag="mailbox.promote"):
    """A mailbox left its sandbox."""


class PersonAdd(Act, frozen=True, kw_only=True, tag="person.add"):
    """A human was let in."""

    role: str
    address: Private[str]
    row: Private[str] = ""


class PersonRemove(Act, frozen=True, kw_only=True, tag="person.remove"):
    """A human was shut out."""


class KeyAdd(Act, frozen=True, kw_only=True, tag="key.add"):
    """An API key was made; for whom is empty where nobody said."""

    role: str
    scopes: list[str]
    label: Private[str]
    person: Private[str] = ""
    row: Private[str] = ""


class KeyRemove(Act, frozen=True, kw_only=True, tag="key.remove"):
    """An API key was made worthless."""
