"""The one way out: every outgoing connection, its register, its refusals."""

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from collections import deque
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx2
import structlog
from typing_extensions import override

log = structlog.get_logger()

REGISTER_MAX = 1_000
"""How many connections the register remembers."""

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in disguise
_METADATA = frozenset({ip_address("fd00:ec2::254")})  # a cloud's instance metadata; its IPv4 twin is link-local


@dataclass(frozen=True, slots=True)
class NextHop:
    """The relay all outgoing mail is handed to; without one, mail goes to the recipient's MX."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Opened:
    """One outgoing connection: for which purpose, on behalf of which id, to which machine."""

    purpose: str
    ref: str
    address: str
    port: int


class EgressRefusedError(Exception):
    """Connecting there is not allowed; the text says which rule forbids it."""


class Egress:
    """Opens outgoing connections on behalf of the rooms above.

    Args:
        allow_private: let connections reach loopback and private networks. Link-local addresses, and with them every
            cloud's metadata service, stay closed.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._register: deque[Opened] = deque(maxlen=REGISTER_MAX)

    @property
    def register(self) -> tuple[Opened, ...]:
        """The latest connections, oldest first."""
        return tuple(self._register)

    def check_address(self, address: str) -> str:
        """Return ``address`` where connecting to it is allowed.

        Raises:
            EgressRefusedError: it is not an IP address, or a rule closes it.
        """
        try:
            found = _unmask(ip_address(address.partition("%")[0]))
        except ValueError as error:
            raise EgressRefusedError("not an IP address") from error
        if found.is_link_local or found in _METADATA:
            raise EgressRefusedError("link-local and metadata addresses are closed")
        if found.is_multicast or found.is_unspecified:
            raise EgressRefusedError("not the address of one machine")
        if found.is_loopback or not found.is_global:
            if not self._allow_private:
                raise EgressRefusedError("loopback and private addresses are closed")
        elif found.is_reserved:
            raise EgressRefusedError("reserved addresses are closed")
        return address

    def note(self, purpose: str, ref: str, address: str, port: int) -> None:
        """Enter one connection in the register. ``ref`` is an id, never a name of a person."""
        self._register.append(Opened(purpose, ref, address, port))
        log.info("egress.opened", purpose=purpose, ref=ref)

    async def stream(self, purpose: str, ref: str, host: str, port: int) -> tuple[StreamReader, StreamWriter]:
        """Return a connection to the very address that was checked and registered.

        Raises:
            EgressRefusedError: connecting there is not allowed.
            OSError: nobody is there.
        """
        try:
            address = self.check_address(await _resolve(host, port))
        except httpx2.ConnectError as error:
            raise OSError("the name does not resolve") from error
        self.note(purpose, ref, address, port)
        return await asyncio.open_connection(address, port)

    async def local_stream(self, purpose: str, ref: str, path: str) -> tuple[StreamReader, StreamWriter]:
        """Return a connection to a socket of this machine that an operator named.

        Raises:
            OSError: nobody is there.
        """
        self.note(purpose, ref, "unix", 0)
        return await asyncio.open_unix_connection(path)

    def http(self, purpose: str, ref: str, *, timeout_s: float) -> httpx2.AsyncClient:
        """Return an HTTP client whose every connection is checked and registered.

        It follows no redirect, reads no proxy from the environment, and connects to the very address it has checked,
        so a name that changes between check and connection gains nothing.
        """
        return httpx2.AsyncClient(
            transport=_CheckedTransport(self, purpose, ref),
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
        )


class _CheckedTransport(httpx2.AsyncBaseTransport):
    """Resolves, checks, then hands on with the address in place of the name."""

    def __init__(self, egress: Egress, purpose: str, ref: str) -> None:
        self._egress = egress
        self._purpose = purpose
        self._ref = ref
        self._inner = httpx2.AsyncHTTPTransport(
            trust_env=False, limits=httpx2.Limits(max_connections=4, max_keepalive_connections=0)
        )

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        host = request.url.host
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        address = self._egress.check_address(await _resolve(host, port))
        self._egress.note(self._purpose, self._ref, address, port)
        checked = httpx2.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,  # Host still names the host
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},  # and TLS proves that name
        )
        return await self._inner.handle_async_request(checked)

    @override
    async def aclose(self) -> None:
        await self._inner.aclose()


def _unmask(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address an IPv6 one carries, where it carries one."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


async def _resolve(host: str, port: int) -> str:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpx2.ConnectError("the name does not resolve") from error
    return str(found[0][4][0])
