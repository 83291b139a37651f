"""The register: where each purpose may go, and nowhere else. Pure."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from gatepost.egress.addresses import closed_by, is_loopback
from gatepost.egress.paper import (
    ANY_HOST,
    ANY_PORT,
    Admitted,
    Destination,
    EgressRefusedError,
    Errand,
    Network,
    Purpose,
    Rule,
)
from gatepost.egress.spelled import closed_as_spelled

LEAVES_MAX = 256
"""Of those given, remembered: each question to DNS needs the same few."""


class Register:
    """Declared destinations; what is in no row is refused.

    Args:
        rows: the destinations.
        allow_private: networks open for whatever strangers and tenants name, though they are loopback or private.
        closed: purposes that are another process's: their rows are shown, and refused.
        barred: hosts that no row opens, not even one for any host, and all names below them.
    """

    def __init__(
        self,
        rows: Iterable[Destination],
        *,
        allow_private: Iterable[Network] = (),
        closed: Iterable[Purpose] = (),
        barred: Iterable[str] = (),
    ) -> None:
        self.rows = tuple(rows)
        self._closed = frozenset(closed)
        self._barred = frozenset(host.lower() for host in barred)
        self.allow_private = tuple(allow_private)
        self._leave = lru_cache(maxsize=LEAVES_MAX)(self._judge)  # what it says of one address, it says for ever

    def without(self, hosts: Iterable[str]) -> "Register":
        """Return the same register in which no row opens these hosts."""
        return Register(self.rows, allow_private=self.allow_private, closed=self._closed, barred=hosts)

    def following(self, rows: Sequence[Destination]) -> "Register":
        """Return the same register with these rows of one purpose in place of the built-in ones; declared ones stay."""
        purposes = {row.purpose for row in rows}
        kept = [row for row in self.rows if row.purpose not in purposes or not row.is_built_in]
        declared = {row.purpose for row in kept}
        added = [row for row in rows if row.purpose not in declared]
        return Register([*kept, *added], allow_private=self.allow_private, closed=self._closed, barred=self._barred)

    def find(self, purpose: Purpose, host: str, port: int) -> Destination:
        """Return the first row that covers a host and port.

        Raises:
            EgressRefusedError: none does, or the host is barred.
        """
        name = host.lower().removesuffix(".")
        if is_among(name, self._barred):
            raise EgressRefusedError(Rule.NOT_ENGAGED)
        for row in () if purpose in self._closed else self.rows:
            if row.purpose is purpose and row.port in {ANY_PORT, port} and _covers(row.host.lower(), name):
                return row
        raise EgressRefusedError(Rule.UNDECLARED)

    def check_spelled(self, purpose: Purpose, host: str, port: int) -> None:
        """See that a destination somebody writes down is none where nobody may connect.

        Of an address this is known at once; a name is judged by where it leads when it is connected to.

        Raises:
            EgressRefusedError: a rule closes it.
        """
        rule = closed_as_spelled(host, self.allow_private)
        if rule is not None:  # a row may open what is closed to all others
            rule = closed_as_spelled(host, (*self.allow_private, *self.find(purpose, host, port).networks))
        if rule is not None:
            raise EgressRefusedError(rule)

    def admit(self, errand: Errand, host: str, port: int, address: str, *, in_clear: bool = False) -> Admitted:
        """Return leave to connect to ``address``, one of those ``host`` resolved to.

        Args:
            errand: why.
            host: the name, an address where nobody said a name.
            port: of TCP or UDP.
            address: where the packets will go.
            in_clear: the caller will not encrypt.

        Raises:
            EgressRefusedError: no row covers the host, a rule closes the address, or it would go unencrypted.
        """
        # What others name, tenants' receivers and recipients' servers, is not remembered: it would outlive an erasure.
        judge = self._leave if errand.purpose is Purpose.DNS else self._judge
        admitted = judge(errand.purpose, host, port, address)
        if admitted.must_encrypt and in_clear:
            raise EgressRefusedError(Rule.CLEAR)
        return admitted

    def _judge(self, purpose: Purpose, host: str, port: int, address: str) -> Admitted:
        row = self.find(purpose, host, port)
        rule = closed_by(address, self.allow_private + row.networks)
        if rule is not None:
            raise EgressRefusedError(rule)
        return Admitted(row, address, not row.is_clear and not is_loopback(address), str(row))


def is_among(host: str, barred: Iterable[str]) -> bool:
    """Tell whether a host is one of those barred, or lies below one."""
    name = host.lower().removesuffix(".")
    return any(name == each or name.endswith(f".{each.removeprefix('*.')}") for each in barred)


def _covers(pattern: str, name: str) -> bool:
    if pattern == ANY_HOST:
        return True
    if pattern.startswith("*."):
        return name.endswith(pattern[1:]) and len(name) >= len(pattern)
    return name == pattern
