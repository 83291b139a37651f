"""Where an address leads, and what signs for a domain."""

from dataclasses import dataclass, field
from datetime import datetime

from gatepost.ids import AccountId, TenantId
from gatepost.mail.address import Address


class DomainError(ValueError):
    """What was asked of a domain or a route cannot be done; the text says why and quotes no address."""


class DomainTakenError(DomainError):
    """A tenant of this house answers for the domain already."""


class DomainMissingError(DomainError):
    """This tenant does not answer for the domain."""


class RouteTakenError(DomainError):
    """The address leads somewhere already."""


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain we answer for. ``postmaster``: who reads its postmaster's mail, always (RFC 5321 section 4.5.1)."""

    name: str
    tenant: TenantId
    postmaster: AccountId
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Route:
    """An address and the account it leads to."""

    address: Address
    account: AccountId


@dataclass(frozen=True, slots=True)
class Destination:
    """The account a recipient routes to; all recipients of one DATA share it.

    ``is_postmaster``: RFC 5321 section 4.5.1, mail that no policy may refuse and no agent is woken for.
    """

    tenant: TenantId
    account: AccountId
    is_postmaster: bool = False


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A DKIM key of one of our domains (RFC 6376 section 3.6.1).

    Attributes:
        algorithm: ``rsa-sha256`` or ``ed25519-sha256``.
        private_der: the private key, PKCS #8 DER, unwrapped; never logged.
    """

    domain: str
    selector: str
    algorithm: str
    private_der: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """One record the operator must publish: owner name, type and text, in zone-file spelling."""

    name: str
    rdtype: str
    text: str
