"""What a connection is for, where it may go, and why one was refused. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

from typing_extensions import override

from gatepost.ids import TenantId

Network = IPv4Network | IPv6Network

UNDECLARED = "not declared"
"""What the register says of a region or a transfer mechanism nobody has named."""

ANY_HOST = "*"
ANY_PORT = 0


class Purpose(StrEnum):
    """What a connection may be opened for. A new kind of connection begins with a word here, and so with a row."""

    DNS = "dns"
    MAIL = "mail"  # a recipient's own server
    RELAY = "relay"  # the one that takes all outgoing mail
    WEBHOOK = "webhook"
    BLOBS = "blobs"
    DATABASE = "database"
    EXPORT = "export"  # where a tenant's record is sent on to
    MODEL = "model"  # the endpoint hosted agents think with
    TOOL = "tool"  # an HTTP tool or a calendar of hosted agents
    WITNESS = "witness"  # who cosigns the log's checkpoints
    SCAN = "scan"  # a malware scanner or a classifier
    PROBE = "probe"  # this house's own doors, asked as a stranger would

    __hash__ = str.__hash__  # each connection is looked up by it; Enum's own is slow


class Rule(StrEnum):
    """Which rule refused a connection; stable words of the record."""

    UNDECLARED = "destination.undeclared"
    UNREADABLE = "address.unreadable"
    UNSPECIFIED = "address.unspecified"
    LOOPBACK = "address.loopback"
    PRIVATE = "address.private"
    LINK_LOCAL = "address.link_local"
    METADATA = "address.metadata"
    MULTICAST = "address.multicast"
    RESERVED = "address.reserved"
    NOT_ENGAGED = "supplier.not_engaged"  # its notice is not over; no row opens it
    EXCLUDED = "supplier.excluded"  # this tenant's data do not go there, by its objection
    CLEAR = "transport.clear"  # it would go unencrypted where it must not


def is_success(status: int) -> bool:
    """Tell whether HTTP calls an answer's status a success (RFC 9110 section 15.3)."""
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


class EgressRefusedError(Exception):
    """Connecting there is not allowed, now or later; ``rule`` says which rule forbids it."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.value)
        self.rule = rule


class UnreachableError(Exception):
    """Nobody answered there, or not as the protocol demands. A later attempt may succeed."""


class UntrustedError(UnreachableError):
    """Whoever answered there did not prove to be the one asked for: the certificate is another's, or has run out."""


@dataclass(frozen=True, slots=True)
class NextHop:
    """The relay all outgoing mail is handed to; without one, mail goes to the recipient's MX."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Errand:
    """Why a connection is opened: for which purpose, about which id, on which tenant's behalf (None: the house's).

    ``ref`` is an id of ours and never a name of a person: it stands in the register and in the record. ``is_trial``:
    it is to be refused, which is counted as ever, but nothing to warn of.
    """

    purpose: Purpose
    ref: str = ""
    tenant: TenantId | None = None
    is_trial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One row of the register: where connections of one purpose may go.

    Attributes:
        host: a name, an address, ``*.example.com`` for the names below one, or ``*`` for any.
        port: 0 for any.
        region: where the data go, as the operator declares it.
        mechanism: what the transfer rests on (an adequacy decision, clauses), as the operator declares it.
        decided_by: who allowed it.
        networks: loopback or private networks it may lie in; its own literal address is always among them.
        is_clear: it may go unencrypted: DNS, mail between servers (RFC 7435), or by the operator's word.
        is_built_in: no operator's row, but what the settings or the purpose imply.
    """

    purpose: Purpose
    host: str
    port: int
    region: str = UNDECLARED
    mechanism: str = UNDECLARED
    decided_by: str = UNDECLARED
    networks: tuple[Network, ...] = ()
    is_clear: bool = False
    is_built_in: bool = False

    @override
    def __str__(self) -> str:
        """Spell it ``host:port``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port or ANY_HOST}"


@dataclass(frozen=True, slots=True)
class Admitted:
    """Leave to connect to one address, by a row of the register.

    Attributes:
        must_encrypt: only with TLS, and with the name proven.
        spelled: the row, as connections are counted under it.
    """

    row: Destination
    address: str
    must_encrypt: bool
    spelled: str = ""


class Opened(NamedTuple):
    """Connections that were opened: ``to`` is the register's row, or the id that named the destination."""

    tenant: TenantId | None
    purpose: Purpose
    to: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Connections that were refused, all for one reason."""

    tenant: TenantId | None
    purpose: Purpose
    ref: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Times:
    """How often, and when first and last."""

    count: int
    first_at: datetime
    last_at: datetime
