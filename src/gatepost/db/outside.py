"""A PostgreSQL that is reached over the network: its address is checked before libpq opens the socket.

libpq is handed the address (``hostaddr``) beside the name it must prove, so that nothing is resolved twice. A Unix
socket is no way out and stays as it is.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

from psycopg import ProgrammingError, pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gatepost.egress import Egress, Errand, Purpose
from gatepost.egress.addresses import is_loopback

DEFAULT_PORT, PORT_MAX = 5432, 65_535
USUAL_FOLDERS = ("/var/run/postgresql", "/run/postgresql", "/tmp")  # noqa: S108  # where libpq looks by itself

_ERRAND = Errand(Purpose.DATABASE)

SILENCE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000}
_BOUNDS = {"connect_timeout": 10, **SILENCE}
"""What libpq is told unless the connection string says otherwise: its own bounds are hours, and minutes to connect.

A way that swallows everything is noticed within 25 s, whether something was said over it (``tcp_user_timeout``, in
milliseconds; RFC 5482) or not (keepalives, RFC 9293 section 3.8.4). On a Unix socket the first alone counts.
"""

_PASSWORDS = frozenset({"password", "sslpassword"})

_NONE = "database.dsn cannot be read: write postgresql://ROLE@HOST/NAME, and / ? # @ : % in a password as %2F and so on"

Place = tuple[str, int]
Dsn = str | Callable[[], Awaitable[str]]


class DsnError(ValueError):
    """The connection string cannot be used; the text says what to write instead and quotes no secret."""


def places(dsn: str) -> tuple[Place, ...]:
    """Return the hosts a connection string leads to over the network; none for a Unix socket.

    What libpq would take from its environment (``PGHOST`` and its like) counts too.

    Raises:
        DsnError: it names a service file, or cannot be read.
    """
    said = _read(dsn)
    hosts = said.get("host", "").split(",")
    addresses = said.get("hostaddr", "").split(",")
    named = [
        address if address and (not host or _is_socket(host)) else host  # an address counts more than a socket's folder
        for host, address in zip(_stretch(hosts, addresses), _stretch(addresses, hosts), strict=True)
    ]
    ports = said.get("port", "").split(",")
    if len(ports) == 1:
        ports *= len(named)
    if len(ports) != len(named):
        raise DsnError("database.dsn must have one port, or one for each host")
    if not all(port == "" or _is_port(port) for port in ports):
        raise DsnError(f"database.dsn has a port that is no number from 1 to {PORT_MAX}")
    found = zip(named, ports, strict=True)
    return tuple((host, int(port or DEFAULT_PORT)) for host, port in found if host and not _is_socket(host))


def _is_port(said: str) -> bool:
    is_number = said.isascii() and said.isdigit() and len(said) <= len(str(PORT_MAX))
    return is_number and 0 < int(said) <= PORT_MAX


def _is_socket(host: str) -> bool:
    return host.startswith(("/", "@"))


def as_role(dsn: str, role: str) -> str:
    """Return the connection string of another role in the same database.

    Raises:
        DsnError: as ``places``.
    """
    _read(dsn)
    return make_conninfo(dsn, user=role)


def without_passwords(dsn: str) -> str:
    """Return the connection string as it may be written down.

    Raises:
        DsnError: as ``places``.
    """
    if not _PASSWORDS & _read(dsn).keys():
        return dsn
    return make_conninfo(**{name: str(said) for name, said in conninfo_to_dict(dsn).items() if name not in _PASSWORDS})


def through(egress: Egress, dsn: str) -> Dsn:
    """Return the connection string as the pool may use it, with bounds.

    Over the network it is made anew, and checked, for each connection.

    Raises:
        DsnError: it leads over the network without proving who answers.
    """
    if not places(dsn):
        return _bounded(dsn)

    async def checked() -> str:
        return await _checked(egress, dsn)

    return checked


async def _checked(egress: Egress, dsn: str) -> str:
    said = _read(dsn)
    hosts, addresses, ports = [], [], []
    for host, port in places(dsn):
        for address in await egress.vouch(_ERRAND, host, port):
            hosts.append(host)
            addresses.append(address)
            ports.append(str(port))
    changed = {"host": ",".join(hosts), "hostaddr": ",".join(addresses), "port": ",".join(ports)}
    changed |= {"gssencmode": "disable"}  # it comes in TLS's place, and asks a key distribution centre by itself
    if not all(map(is_loopback, addresses)) and _must_encrypt(egress, places(dsn)):
        mode = said.get("sslmode", "verify-full")
        if mode != "verify-full":
            raise DsnError("database.dsn leads over the network: sslmode must be verify-full")
        changed |= {"sslmode": mode, "sslrootcert": said.get("sslrootcert", "system")}
        changed |= {"ssl_min_protocol_version": said.get("ssl_min_protocol_version", "TLSv1.2")}
    return make_conninfo(_bounded(dsn), **changed)


def _bounded(dsn: str) -> str:
    """Return the connection string with our bounds for what it leaves open."""
    said = _read(dsn)
    return make_conninfo(dsn, **{name: bound for name, bound in _BOUNDS.items() if name not in said})


def silence_of(dsn: str) -> dict[str, int]:
    """Return the bounds of a connection string for a way that swallows everything, by libpq's names."""
    said = _read(dsn)
    return {name: int(said.get(name, bound)) for name, bound in SILENCE.items()}


def _must_encrypt(egress: Egress, hosts: tuple[Place, ...]) -> bool:
    return not all(egress.register.find(Purpose.DATABASE, *each).is_clear for each in hosts)


def _read(dsn: str) -> dict[str, str]:
    """Return what libpq will read of where to: the string over its environment. How is said in the string alone."""
    defaults = {
        option.keyword.decode(): option.val.decode()
        for option in pq.Conninfo.get_defaults()
        if option.val is not None and option.keyword in {b"host", b"hostaddr", b"port"}
    }
    try:
        said = {name: str(value) for name, value in conninfo_to_dict(dsn).items() if value is not None}
    except ProgrammingError:
        raise DsnError(_NONE) from None  # its cause quotes the string, and the password in it
    if "service" in said:
        raise DsnError("database.dsn must name the host itself, not a service file")
    return defaults | said


def _stretch(some: list[str], others: list[str]) -> list[str]:
    return some if len(some) >= len(others) else [""] * len(others)


def sockets_of(dsn: str) -> tuple[str, ...]:
    """Return the sockets of this machine a connection string leads to, as ``socket.connect`` takes them.

    Raises:
        DsnError: as ``places``.
    """
    said = _read(dsn)
    hosts, ports = said.get("host", "").split(","), said.get("port", "").split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    found = []
    for host, port in zip(hosts, ports, strict=False):
        for folder in [host] if host else USUAL_FOLDERS:
            path = f"{folder}/.s.PGSQL.{port or DEFAULT_PORT}"
            if folder.startswith("/"):
                found.append(path)
            elif folder.startswith("@"):  # libpq's word for the abstract namespace (unix(7))
                found.append("\0" + path[1:])
    return tuple(found)


_SSL_REQUEST = (8).to_bytes(4, "big") + (80_877_103).to_bytes(4, "big")
"""What a client says before TLS (PostgreSQL's protocol, SSLRequest)."""

_WITH_TLS = frozenset({"require", "verify-ca", "verify-full"})


def near(dsn: str, folder: str, *, first: int = 1) -> str:
    """Return the connection string for a process whose connections another one carries on.

    Its hosts are sockets in the folder, ``.s.PGSQL.`` and a number from ``first`` on; whoever listens there speaks TLS
    (``start_tls``).
    """
    hosts = places(dsn)
    if not hosts:
        return dsn
    said = {name: text for name, text in _read(dsn).items() if not name.startswith("ssl") and name != "hostaddr"}
    numbers = ",".join(str(number) for number, _ in enumerate(hosts, first))
    return make_conninfo(
        "",
        **said
        | {"host": ",".join([folder] * len(hosts)), "port": numbers}
        | {"sslmode": "disable", "gssencmode": "disable", "channel_binding": "disable"},
    )


async def start_tls(
    far: tuple[asyncio.StreamReader, asyncio.StreamWriter], dsn: str, host: str, *, must_encrypt: bool
) -> None:
    """Begin TLS with PostgreSQL as a connection string asks for it, on behalf of a client that does not.

    Args:
        far: the connection, on which nothing was said yet.
        dsn: its ``ssl*`` parameters count.
        host: the name that is to be proven.
        must_encrypt: nothing but TLS with the name proven will do.

    Raises:
        DsnError: it demands less than must be.
        OSError: the server speaks no TLS, or proves another name.
    """
    said = _read(dsn)
    mode = said.get("sslmode", "verify-full" if must_encrypt else "prefer")
    if must_encrypt and mode != "verify-full":
        raise DsnError("database.dsn leads over the network: sslmode must be verify-full")
    if mode not in _WITH_TLS:
        return
    reader, writer = far
    writer.write(_SSL_REQUEST)
    if await reader.readexactly(1) != b"S":
        raise ConnectionRefusedError("the database speaks no TLS")
    await writer.start_tls(_context(said, mode), server_hostname=host)


def _context(said: dict[str, str], mode: str) -> ssl.SSLContext:
    root = said.get("sslrootcert", "system")
    context = ssl.create_default_context(cafile=None if root == "system" else root)
    context.check_hostname = mode == "verify-full"
    if mode == "require" and "sslrootcert" not in said:
        context.verify_mode = ssl.CERT_NONE
    if "sslcert" in said:
        context.load_cert_chain(said["sslcert"], said.get("sslkey"), said.get("sslpassword"))
    return context
