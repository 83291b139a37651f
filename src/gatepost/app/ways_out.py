"""The register of destinations, from the settings: what each purpose implies, and what the operator declares.

An operator's rows for a purpose stand in place of the built-in ones: who declares webhooks to ``*.example.com`` has
closed all others.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit

from gatepost.egress import (
    Destination,
    Network,
    NextHop,
    Purpose,
    Register,
    closed_as_spelled,
    is_address,
    is_host,
    place_of,
    read_url,
)
from gatepost.egress.paper import ANY_HOST, ANY_PORT, UNDECLARED
from gatepost.settings import PORT_MAX, DestinationSettings, Settings, SettingsError

SMTP_PORT = 25
_MAPPED = IPv6Network("::ffff:0:0/96")  # RFC 4291 section 2.5.5.2
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

Place = tuple[str, int]


def register(
    settings: Settings,
    *,
    name_servers: Sequence[str],
    blobs: Place | None,
    databases: Iterable[Place],
    scanners: Iterable[tuple[Place, str]] = (),
    tools: Iterable[tuple[str, str]] = (),
    allow_loopback: bool = False,
    closed: Collection[Purpose] = (),
) -> Register:
    """Return where this house may connect to.

    Args:
        settings: the house's.
        name_servers: ``ip:port`` each, the system's where the settings name none.
        blobs: the endpoint of a bucket; None for a folder.
        databases: the hosts of a PostgreSQL reached over the network.
        scanners: where the scanners are, and the settings that say so.
        tools: the setting and the URL of each HTTP tool and calendar of hosted agents.
        allow_loopback: this house is for trying out: its webhooks and mail may reach this machine.
        closed: what is not for this process to connect to.

    Raises:
        SettingsError: a network or a destination cannot be read, or nobody may connect to the address it spells out.
    """
    declared = [_declared(each) for each in settings.egress.destinations]
    taken = {row.purpose for row in declared}
    built_in = [
        *name_server_rows(name_servers),
        *_mail(settings),
        Destination(
            purpose=Purpose.WEBHOOK,
            host=ANY_HOST,
            port=ANY_PORT,
            decided_by="whoever registers a webhook",
            is_built_in=True,
        ),
        Destination(
            purpose=Purpose.EXPORT,
            host=ANY_HOST,
            port=ANY_PORT,
            decided_by="whoever registers an export",
            is_built_in=True,
        ),
        _row(Purpose.MODEL, model_place(settings), "agents.url"),
        *(_tool(setting, url) for setting, url in tools),
        *_probes(settings),
        *([_row(Purpose.BLOBS, blobs, "blobs.url")] if blobs else []),
        *(_row(Purpose.DATABASE, each, "database.dsn") for each in databases),
        *(_row(Purpose.SCAN, each, setting) for each, setting in scanners),
        *_witnesses(settings),
    ]
    allowed = [network(text, "egress.allow_private") for text in settings.egress.allow_private]
    if allow_loopback:
        allowed += LOOPBACK
    rows = [*declared, *(row for row in built_in if row.purpose not in taken)]
    _check_spelled(rows, allowed, settings)
    return Register(rows, allow_private=allowed, closed=closed)


def _check_spelled(rows: Iterable[Destination], allowed: Sequence[Network], settings: Settings) -> None:
    """See that no row spells out where nothing ever connects: a typing error says so now, and not by what fails later.

    The system's own name servers are not ours to refuse, nor are the addresses we listen on.
    """
    asked = {place(each, "dns.servers") for each in settings.dns.servers}
    for row in rows:
        if row.purpose is Purpose.PROBE or (row.purpose is Purpose.DNS and (row.host, row.port) not in asked):
            continue
        rule = closed_as_spelled(row.host, (*allowed, *row.networks))
        if rule is not None:
            said = row.decided_by.removeprefix("the setting ") if row.is_built_in else "egress.destinations"
            raise SettingsError(f"{said}: nothing may connect to {row.host} ({rule}); name another host")


def model_place(settings: Settings) -> Place:
    """Return where the model's endpoint is.

    Raises:
        SettingsError: ``agents.url`` is no URL.
    """
    try:
        return place_of(settings.agents.url)
    except ValueError as error:
        raise SettingsError(f"agents.url: {error}") from error


def _tool(setting: str, url: str) -> Destination:
    """Return the one place a tool is at; a URL with ``http:`` is the operator's word for going unencrypted."""
    return _row(Purpose.TOOL, place_of(url), setting, is_clear=read_url(url).scheme == "http")


def _probes(settings: Settings) -> Iterator[Destination]:
    """Yield this house's own doors, which its checks knock at; none where nobody claims anything."""
    if not settings.trust.operator:
        return
    doors = {reached(host) for host in (settings.smtp.host, settings.http.host, settings.metrics.host)}
    public = urlsplit(settings.http.public_url).hostname
    for host in sorted(doors | ({public} if public else set())):
        yield Destination(
            purpose=Purpose.PROBE,
            host=host,
            port=ANY_PORT,
            decided_by="the setting trust.operator",
            networks=_own_network(host),
            is_clear=True,
            is_built_in=True,
        )


def reached(host: str) -> str:
    """Return the address under which this machine reaches its own door: loopback where it listens on all."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # it is read here, not bound


def next_hop(settings: Settings) -> NextHop | None:
    """Return the relay for outgoing mail, or None for direct delivery.

    Raises:
        SettingsError: it is not ``host:port``.
    """
    text = settings.delivery.next_hop
    return NextHop(*place(text, "delivery.next_hop")) if text else None


def place(text: str, setting: str, *, port_min: int = 1) -> Place:
    """Read ``host:port``, IPv6 in brackets; port 0, where allowed, is any free one to listen on.

    Raises:
        SettingsError: it is none.
    """
    host, port = _pieces(text, setting, port_min)
    if not is_host(host):
        raise SettingsError(f"{setting}: {host} is neither an IP address nor a name that DNS allows")
    return host, port


def _pieces(text: str, setting: str, port_min: int = 1) -> Place:
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    if not host or not (port.isascii() and port.isdigit() and port_min <= int(port[:6]) <= PORT_MAX):
        raise SettingsError(f"{setting} must be host:port, such as 127.0.0.1:1025 or [::1]:53")
    return host, int(port)


def _witnesses(settings: Settings) -> Iterator[Destination]:
    for text in settings.log.witnesses:
        try:
            url = read_url(text.partition(" ")[0])
        except ValueError as error:
            raise SettingsError(f"log.witnesses: {error}") from error
        is_clear = url.scheme == "http"
        yield _row(
            Purpose.WITNESS, (url.host, url.port or (80 if is_clear else 443)), "log.witnesses", is_clear=is_clear
        )


def _mail(settings: Settings) -> Iterator[Destination]:
    hop = next_hop(settings)
    if hop is not None:
        yield _row(Purpose.RELAY, (hop.host, hop.port), "delivery.next_hop")
        return
    yield Destination(
        purpose=Purpose.MAIL,
        host=ANY_HOST,
        port=SMTP_PORT,
        decided_by="each recipient's domain, by its MX",
        is_clear=True,
        is_built_in=True,
    )


def name_server_rows(servers: Iterable[str]) -> list[Destination]:
    """Return the rows of resolvers, ``ip:port`` each."""
    return [_row(Purpose.DNS, place(server, "dns.servers"), "dns.servers", is_clear=True) for server in servers]


def _row(purpose: Purpose, where: Place, setting: str, *, is_clear: bool = False) -> Destination:
    host, port = where
    return Destination(
        purpose=purpose,
        host=host,
        port=port,
        decided_by=f"the setting {setting}",
        networks=_own_network(host),
        is_clear=is_clear,
        is_built_in=True,
    )


def _own_network(host: str) -> tuple[Network, ...]:
    """Return the network that is this one address: who writes an address means it, and DNS has no say in it.

    Nor has it in ``localhost`` (RFC 6761 section 6.3).
    """
    if host.lower() == "localhost":
        return LOOPBACK
    return (ip_network(host),) if is_address(host) else ()


def _declared(said: DestinationSettings) -> Destination:
    where = f"egress.destinations ({said.to or said.purpose or 'empty'})"
    try:
        purpose = Purpose(said.purpose)
    except ValueError as error:
        raise SettingsError(f"{where}: purpose must be one of {', '.join(Purpose)}") from error
    host, _, port = said.to.rpartition(":")
    number = ANY_PORT if port == ANY_HOST else _pieces(said.to, where)[1]
    host = host.strip("[]")
    if not host or (ANY_HOST in host and host != ANY_HOST and not host.startswith("*.")):
        raise SettingsError(f"{where}: to must be host:port, *.example.com:port or *:port; the port may be * too")
    networks = tuple(network(text, f"{where}: networks") for text in said.networks)
    return Destination(
        purpose=purpose,
        host=host,
        port=number,
        region=said.region or UNDECLARED,
        mechanism=said.mechanism or UNDECLARED,
        decided_by=said.decided_by or UNDECLARED,
        networks=networks + _own_network(host),
        is_clear=said.in_clear or purpose in {Purpose.DNS, Purpose.MAIL},
    )


def network(text: str, where: str) -> Network:
    """Return the network that a setting names.

    Raises:
        SettingsError: it is none; ``where`` names the setting.
    """
    try:
        found = ip_network(text)
    except ValueError as error:
        raise SettingsError(f"{where}: {text!r} is no network, such as 10.1.0.0/16 or fd00::/8") from error
    if isinstance(found, IPv6Network) and found.subnet_of(_MAPPED):  # addresses are compared as what they stand for
        return IPv4Network((int(found.network_address) & 0xFFFF_FFFF, found.prefixlen - _MAPPED.prefixlen))
    return found
