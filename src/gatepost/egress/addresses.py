"""Which addresses nobody may connect to, and through which disguises they are recognised. Pure.

The table is ours and not ``ipaddress.is_global``, whose answers differ between Python releases. It follows the IANA
special-purpose address registries (RFC 6890) as of 2026; outside 2000::/3 no global unicast IPv6 exists.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from gatepost.egress.paper import Network, Rule

Address = IPv4Address | IPv6Address

OVERRIDABLE = frozenset({Rule.LOOPBACK, Rule.PRIVATE, Rule.RESERVED})
"""What an operator may open by naming the network. The others stay closed whatever is configured."""

# Clouds hand credentials to whoever asks these: AWS and most others (and its container services), its IPv6 twin,
# Google's, Oracle's, Alibaba's (within the carriers' NAT), Azure's (public by its looks).
_METADATA = (
    "169.254.169.254/32 169.254.170.2/32 fd00:ec2::254/128 fd20:ce::254/128 192.0.0.192/32 100.100.100.200/32"
    " 168.63.129.16/32"
)
_RESERVED = (
    "192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4 2001:2::/48"
    " 2001:10::/28 2001:20::/28 2001:db8::/32 3fff::/20"
)
_TABLE = (
    (Rule.METADATA, _METADATA),
    (Rule.UNSPECIFIED, "0.0.0.0/8 ::/128"),
    (Rule.LOOPBACK, "127.0.0.0/8 ::1/128"),
    (Rule.LINK_LOCAL, "169.254.0.0/16 fe80::/10"),
    (Rule.MULTICAST, "224.0.0.0/4 ff00::/8"),
    (Rule.PRIVATE, "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 fc00::/7 fec0::/10"),
    (Rule.RESERVED, _RESERVED),
)
_CLOSED = tuple((ip_network(network), rule) for rule, networks in _TABLE for network in networks.split())
_GLOBAL_UNICAST = IPv6Network("2000::/3")

_CARRIES_IPV4_LAST = (
    IPv6Network("::ffff:0:0/96"),  # mapped (RFC 4291 section 2.5.5.2)
    IPv6Network("::/96"),  # compatible (RFC 4291 section 2.5.5.1)
    IPv6Network("::ffff:0:0:0/96"),  # translated (RFC 2765)
    IPv6Network("64:ff9b::/96"),  # NAT64 (RFC 6052)
)
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")  # RFC 8215: where the IPv4 address stands is the network's own matter
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})  # RFC 5214 section 6.1


@lru_cache(maxsize=4096)
def closed_by(address: str, allowed: tuple[Network, ...]) -> Rule | None:
    """Return the rule that closes ``address``, or None where it is open.

    Every address it carries within must be open too.

    Args:
        address: as text; anything but a plain IP address, a zone included, is unreadable.
        allowed: networks opened although they are loopback, private or reserved.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return Rule.UNREADABLE
    if isinstance(found, IPv6Address) and found.scope_id is not None:
        return Rule.LINK_LOCAL if found.is_link_local else Rule.UNREADABLE
    for each in _layers(found):
        rule = _rule(each)
        if rule is not None and not (rule in OVERRIDABLE and any(each in network for network in allowed)):
            return rule
    return None


@lru_cache(maxsize=4096)
def is_loopback(address: str) -> bool:
    """Tell whether what is sent there never leaves this machine."""
    try:
        return any(_rule(each) is Rule.LOOPBACK for each in _layers(ip_address(address)))
    except ValueError:
        return False


def is_this_machine(host: str) -> bool:
    """Tell whether only this machine can connect there; a name other than localhost may lead anywhere."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _layers(address: Address) -> tuple[Address, ...]:
    """Return the address itself, or the IPv4 addresses it stands for."""
    if isinstance(address, IPv4Address):
        return (address,)
    number = int(address)
    if any(address in network for network in _CARRIES_IPV4_LAST) and number > 1:  # :: and ::1 are themselves
        return (IPv4Address(number & 0xFFFF_FFFF),)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    if number >> 32 & 0xFFFF_FFFF in _ISATAP:
        return (address, IPv4Address(number & 0xFFFF_FFFF))
    return (address,)


def _rule(address: Address) -> Rule | None:
    for network, rule in _CLOSED:
        if address in network:
            return rule
    if isinstance(address, IPv6Address):
        if address in _LOCAL_NAT64:
            return Rule.PRIVATE
        if address not in _GLOBAL_UNICAST:
            return Rule.RESERVED
    return None
