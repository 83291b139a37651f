"""How much the SMTP door takes from one client, and who may come in at all."""

import math
from collections import Counter
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Every number the SMTP door obeys. Octets count line ends; durations are seconds."""

    size_max_octets: int = field(default=26_214_400, metadata={"doc": "Largest message (RFC 1870 SIZE)."})
    command_line_max_octets: int = field(
        default=2048, metadata={"doc": "Longest command line; RFC 5321 asks for 512, extensions for more."}
    )
    text_line_max_octets: int = field(
        default=65_536,
        metadata={"doc": "Longest line in a message; RFC 5321 asks for 1000, much honest HTML mail has longer."},
    )
    recipients_max: int = field(default=100, metadata={"doc": "Recipients a message (RFC 9422 RCPTMAX)."})
    transactions_max: int = field(default=10_000, metadata={"doc": "Messages a connection (RFC 9422 MAILMAX)."})
    errors_max: int = field(default=20, metadata={"doc": "Refused commands since the last accepted message."})
    idle_commands_max: int = field(
        default=100, metadata={"doc": "NOOP, RSET, VRFY and the like since the last accepted message."}
    )
    small_chunks_max: int = field(
        default=1000,
        metadata={"doc": "BDAT chunks of less than 1,024 octets since the last accepted message (RFC 3030)."},
    )
    idle_s: float = field(default=300, metadata={"doc": "Wait for the next whole command (RFC 5321 4.5.3.2.7)."})
    data_s: float = field(default=900, metadata={"doc": "From the go-ahead to the end of the message."})
    handshake_s: float = field(default=30, metadata={"doc": "For the TLS handshake."})
    answer_s: float = field(default=240, metadata={"doc": "For our own answer; then 451, and the client retries."})
    connections_per_address_max: int = field(default=50, metadata={"doc": "At once, per IPv4 address or IPv6 /64."})
    connections_max: int = field(default=1000, metadata={"doc": "At once, in all."})
    disk_free_min_octets: int = field(default=268_435_456, metadata={"doc": "With less free on disk no mail is taken."})
    spooled_max_octets: int = field(
        default=4_294_967_296, metadata={"doc": "Of large messages not yet answered; beyond it no mail is taken."}
    )
    hurry_s: float = field(
        default=10, metadata={"doc": "With all places taken, whoever got nothing done for so long makes room."}
    )
    in_flight_max: int = field(default=1000, metadata={"doc": "Messages that came in and are not yet answered."})
    commit_max_s: float = field(default=5, metadata={"doc": "A commit that takes longer stops the intake."})

    @property
    def abandon_octets(self) -> int:
        """Past this much of one message nobody waits for its end: the connection is closed."""
        return 2 * self.size_max_octets


Household = int | str
"""Who counts as one client."""

STINGY_OCTETS = 5_000
"""In ``hurry_s`` seconds, of a message: whoever brings less is dismissed first. The slowest modems brought more."""
SMALL_CHUNK_OCTETS = 1_024
"""A chunk below this costs more to take than what it brings is worth; honest clients send few of them."""
RECIPIENTS_ASKED_FACTOR = 10
"""Times ``recipients_max`` in one transaction, the refused and repeated counted too: beyond it somebody plays."""
FREED_SHARE = 0.1
"""Of all places, at once: enough for those who wait, and no more of the idle than that."""


class Patience:
    """Counts what one client does without bringing an acceptable message."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._errors = 0
        self._idle_commands = 0
        self._small_chunks = 0
        self._transactions = 0

    def error(self) -> bool:
        """Count a refused command; True where it was one too many."""
        self._errors += 1
        return self._errors >= self._limits.errors_max

    def idle_command(self) -> bool:
        """Count a command that leads nowhere; True where it was one too many."""
        self._idle_commands += 1
        return self._idle_commands >= self._limits.idle_commands_max

    def chunk(self, size_octets: int) -> bool:
        """Count a chunk; True where so many were small that it was one too many."""
        self._small_chunks += size_octets < SMALL_CHUNK_OCTETS
        return self._small_chunks > self._limits.small_chunks_max

    def transaction(self) -> bool:
        """Count a transaction; True where it is one too many."""
        self._transactions += 1
        return self._transactions > self._limits.transactions_max

    def renew(self) -> None:
        """Begin again after an accepted message; transactions stay counted."""
        self._errors = self._idle_commands = self._small_chunks = 0


class Admissions:
    """Counts who is inside; ``limits`` may be exchanged meanwhile."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._inside: Counter[Household] = Counter()
        self._total = 0

    def admit(self, address: IPv4Address | IPv6Address) -> bool:
        """Let one more connection in from ``address``, or answer False and count nothing."""
        key = household(address)
        if self.is_full or self._inside[key] >= self.limits.connections_per_address_max:
            return False
        self._inside[key] += 1
        self._total += 1
        return True

    @property
    def is_full(self) -> bool:
        """Nobody else is let in, wherever from."""
        return self._total >= self.limits.connections_max

    @property
    def places_short(self) -> int:
        """How many places to free so that those who come next find one."""
        free = self.limits.connections_max - self._total
        return max(0, math.ceil(FREED_SHARE * self.limits.connections_max) - free)

    def leave(self, address: IPv4Address | IPv6Address) -> None:
        """Count one connection out that had been admitted."""
        key = household(address)
        self._inside[key] -= 1
        if not self._inside[key]:
            del self._inside[key]
        self._total -= 1


def client_address(text: str) -> IPv4Address | IPv6Address:
    """Return the client's address; an IPv4 client of an IPv6 socket is an IPv4 client."""
    address = ip_address(text)
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def household(address: IPv4Address | IPv6Address) -> Household:
    """Return what counts as one client: whoever holds one IPv6 address usually holds its /64."""
    if isinstance(address, IPv4Address):
        return int(address)
    return str(ip_network((address, 64), strict=False))
