"""The house's outgoing sockets: each admitted, counted, and connected to the very address that was admitted."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import structlog

from gatepost.clock import Clock
from gatepost.egress.paper import (
    Admitted,
    EgressRefusedError,
    Errand,
    Opened,
    Purpose,
    Refused,
    Rule,
    UnreachableError,
)
from gatepost.egress.register import Register, is_among
from gatepost.egress.spelled import addresses_in
from gatepost.egress.tally import Counter, Tally
from gatepost.ids import TenantId

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")

ADDRESSES_MAX = 8
"""How many addresses of one name are tried."""

NAMED_BY_TENANTS = frozenset({Purpose.WEBHOOK, Purpose.EXPORT})

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""From a host name to its addresses, best first; none where it has none or DNS fails."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Place:
    """One address under one name, on one errand: nobody else's request goes through a connection to it."""

    errand: Errand
    scheme: str
    host: str
    port: int
    address: str
    trust: ssl.SSLContext


@dataclass(frozen=True, slots=True)
class Connected:
    """A TCP connection. ``must_encrypt``: nothing but a TLS handshake may be said on it."""

    socket: socket.socket
    address: str
    must_encrypt: bool

    def notice_silence(
        self, *, keepalives_idle: int, keepalives_interval: int, keepalives_count: int, tcp_user_timeout: int
    ) -> None:
        """Let the system notice a way that swallows everything: seconds, and milliseconds for the last (tcp(7))."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in (
            (socket.TCP_KEEPIDLE, keepalives_idle),
            (socket.TCP_KEEPINTVL, keepalives_interval),
            (socket.TCP_KEEPCNT, keepalives_count),
            (socket.TCP_USER_TIMEOUT, tcp_user_timeout),
        ):
            self.socket.setsockopt(socket.IPPROTO_TCP, option, value)


class Egress:
    """Opens outgoing connections on behalf of the rooms above, and vouches for those a library opens by itself.

    Args:
        register: where connections may go.
        resolve: finds the addresses of names.
        clock: when it happened.
    """

    def __init__(self, register: Register, resolve: Resolve, clock: Clock) -> None:
        self.register = register
        self.excluded: Mapping[TenantId, frozenset[str]] = {}
        """Hosts that one tenant's data do not go to, by its objection."""
        self._resolve = resolve
        self.clock = clock
        self._counter = Counter()

    @property
    def has_counted(self) -> bool:
        """Whether anything was opened or refused since the last time."""
        return self._counter.has_counted

    def take(self) -> Tally:
        """Return what was opened and refused since the last time."""
        return self._counter.take()

    def put_back(self, tally: Tally) -> None:
        """Keep counts that could not be written."""
        self._counter.put_back(tally)

    def admit(self, errand: Errand, host: str, port: int, address: str, *, in_clear: bool = False) -> Admitted:
        """Return leave to connect to ``address`` at once, and count the connection as opened.

        Raises:
            EgressRefusedError: the register or a rule forbids it; that is counted too.
        """
        admitted = self._check(errand, host, port, address, in_clear=in_clear)
        self._count(errand, admitted)
        return admitted

    async def vouch(self, errand: Errand, host: str, port: int, *, in_clear: bool = False) -> list[str]:
        """Return the open addresses of ``host`` for a library that opens its sockets itself; counts one connection.

        Raises:
            EgressRefusedError: it has addresses, and all are closed; or no row covers it.
            UnreachableError: it has no address.
        """
        addresses = await self.addresses(errand, host, port)
        refusal: EgressRefusedError | None = None
        admitted: list[Admitted] = []
        for address in addresses:
            try:
                admitted.append(self._check(errand, host, port, address, in_clear=in_clear))
            except EgressRefusedError as error:
                refusal = error
        if not admitted:
            raise refusal or UnreachableError("the name has no address")
        self._count(errand, admitted[0])
        return [each.address for each in admitted]

    async def connect(
        self,
        errand: Errand,
        host: str,
        port: int,
        *,
        timeout_s: float,
        addresses: Sequence[str] | None = None,
        in_clear: bool = False,
    ) -> Connected:
        """Return a TCP connection to the first open address that answers.

        Args:
            errand: why.
            host: the name as the register knows it, or an address.
            port: of TCP.
            timeout_s: for all addresses together; each gets its share of what is left.
            addresses: of ``host``, where the caller has them already.
            in_clear: the caller will not encrypt.

        Raises:
            EgressRefusedError: it has addresses, and all are closed; or no row covers it.
            UnreachableError: no open address answered in time.
        """
        found = await self.addresses(errand, host, port) if addresses is None else list(addresses)[:ADDRESSES_MAX]
        deadline = asyncio.get_running_loop().time() + timeout_s
        refusal: EgressRefusedError | None = None
        is_tried = False
        for left, address in zip(range(len(found), 0, -1), found, strict=True):
            try:
                admitted = self.admit(errand, host, port, address, in_clear=in_clear)
            except EgressRefusedError as error:
                refusal = error
                continue
            is_tried = True
            share_s = (deadline - asyncio.get_running_loop().time()) / left
            with suppress(OSError, TimeoutError):
                return Connected(await _tcp(address, port, share_s), address, admitted.must_encrypt)
        if refusal is not None and not is_tried:
            raise refusal
        raise UnreachableError("no address answered")

    async def first(
        self,
        errand: Errand,
        host: str,
        port: int,
        reach: Callable[[str, float], Awaitable[T]],
        *,
        timeout_s: float,
        missed: tuple[type[Exception], ...] = (UnreachableError,),
    ) -> T:
        """Return what ``reach`` makes of the first address that answers.

        Args:
            errand: why.
            host: the name as the register knows it, or an address.
            port: of TCP.
            reach: takes an address, which it has admitted, and the seconds it has to connect.
            timeout_s: for all of it; the last address still has time to answer.
            missed: what ``reach`` raises where nothing was said yet, so that the next may answer; the first of these
                also says that there is no address.

        Raises:
            EgressRefusedError: it has addresses, and all are closed; or no row covers it.
            Exception: one of ``missed``, or whatever else ``reach`` raises.
        """
        addresses = await self.addresses(errand, host, port)
        refusal: EgressRefusedError | None = None
        failure: Exception | None = None
        for address in addresses:
            try:
                return await reach(address, timeout_s / (len(addresses) + 1))
            except EgressRefusedError as error:
                refusal = error
            except missed as error:
                failure = error
        raise failure or refusal or missed[0]("the name has no address")

    async def connect_local(self, path: str, *, timeout_s: float) -> socket.socket:
        """Return a connection to a socket file of this machine: nothing leaves it, so no row of the register speaks.

        Raises:
            UnreachableError: nobody listens there.
        """
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.get_running_loop().sock_connect(made, path)
        except BaseException as error:
            made.close()
            if isinstance(error, OSError | TimeoutError):
                raise UnreachableError("nobody listens at the socket") from error
            raise
        return made

    def transport(self, place: Place) -> "httpx2.AsyncHTTPTransport":
        """Return what speaks HTTP over one connection to a place whose address was admitted."""
        from gatepost.egress.hearing import Transport  # noqa: PLC0415  # much to import, for who makes requests

        return Transport(place.trust)

    def datagrams(self, errand: Errand, host: str, port: int) -> socket.socket:
        """Return a UDP socket that speaks with one address alone.

        Raises:
            EgressRefusedError: it is closed.
            OSError: there is no way to it.
        """
        self.admit(errand, host, port, host)
        made = socket.socket(_family(host), socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            made.connect((host, port))
        except OSError:
            made.close()
            raise
        return made

    async def addresses(self, errand: Errand, host: str, port: int) -> list[str]:
        """Return the addresses of a host; nobody is asked about one that no row covers.

        An address is its own, and ``localhost`` needs no DNS (RFC 6761 section 6.3).

        Raises:
            EgressRefusedError: no row covers it.
        """
        try:
            self._check_tenant(errand, host)
            self.register.find(errand.purpose, host, port)
        except EgressRefusedError as refusal:
            self._refuse(errand, refusal.rule)
            raise
        return addresses_in(host) or list(await self._resolve(host))[:ADDRESSES_MAX]

    def check_spelled(self, errand: Errand, host: str, port: int) -> None:
        """See that a destination that is being written down is none where nobody may connect (``Register``).

        Raises:
            EgressRefusedError: a rule closes it; counted as any other refusal.
        """
        try:
            self.register.check_spelled(errand.purpose, host, port)
        except EgressRefusedError as refusal:
            self._refuse(errand, refusal.rule)
            raise

    def _check(self, errand: Errand, host: str, port: int, address: str, *, in_clear: bool) -> Admitted:
        try:
            self._check_tenant(errand, host)
            return self.register.admit(errand, host, port, address, in_clear=in_clear)
        except EgressRefusedError as refusal:
            self._refuse(errand, refusal.rule)
            raise

    def _check_tenant(self, errand: Errand, host: str) -> None:
        hosts = self.excluded.get(errand.tenant) if errand.tenant is not None else None
        if hosts and is_among(host, hosts):
            raise EgressRefusedError(Rule.EXCLUDED)

    def _count(self, errand: Errand, admitted: Admitted) -> None:
        """Count one connection: under an id where a tenant named the destination."""
        to = errand.ref if errand.purpose in NAMED_BY_TENANTS and errand.ref else admitted.spelled
        self._counter.opened(Opened(errand.tenant, errand.purpose, to), self.clock())

    def _refuse(self, errand: Errand, rule: Rule) -> None:
        self._counter.refused(Refused(errand.tenant, errand.purpose, errand.ref, rule), self.clock())
        if not errand.is_trial:
            log.warning("egress.refused", purpose=errand.purpose.value, ref=errand.ref, rule=rule.value)


async def _tcp(address: str, port: int, timeout_s: float) -> socket.socket:
    made = socket.socket(_family(address), socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        async with asyncio.timeout(timeout_s):
            await asyncio.get_running_loop().sock_connect(made, (address, port))
    except BaseException:
        made.close()
        raise
    return made


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
