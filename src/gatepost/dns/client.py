"""The only DNS sockets of the house: c-ares, over UDP with TCP where an answer is truncated (RFC 7766)."""

import re
from collections.abc import Sequence

import aiodns
import pycares

from gatepost.dns.paper import Answer, RdType, Status

MAX_CNAMES = 8
"""Aliases followed in all; a longer chain or a loop is a failure of the zone."""
NEGATIVE_TTL_S = 60
"""How long a missing name is believed; c-ares does not show the SOA of RFC 2308."""
MAX_NAME = 253

_LABEL = re.compile(r"[A-Za-z0-9_/*\-]{1,63}", re.ASCII)
_MISSING = frozenset({pycares.errno.ARES_ENOTFOUND, pycares.errno.ARES_EBADNAME})
_TYPES = {
    RdType.A: pycares.QUERY_TYPE_A,
    RdType.AAAA: pycares.QUERY_TYPE_AAAA,
    RdType.MX: pycares.QUERY_TYPE_MX,
    RdType.TXT: pycares.QUERY_TYPE_TXT,
    RdType.PTR: pycares.QUERY_TYPE_PTR,
    RdType.CNAME: pycares.QUERY_TYPE_CNAME,
}


def is_askable(name: str) -> bool:
    """Tell whether DNS can carry the name: labels of 1 to 63 octets, 253 in all (RFC 1035 section 2.3.4).

    deviation: RFC 2181 section 11 allows any octet in a label; c-ares asks only for what host names hold, ``_``, ``/``
    and ``*``. An SPF macro that puts another character of a local part into a name so names nothing.
    """
    return 0 < len(name) <= MAX_NAME and all(map(_LABEL.fullmatch, name.split(".")))


def _text(record: pycares.DNSRecord) -> str:
    data = record.data
    match data:
        case pycares.ARecordData() | pycares.AAAARecordData():
            return data.addr
        case pycares.MXRecordData():
            return f"{data.priority} {_name(data.exchange)}"
        case pycares.TXTRecordData():
            return data.data.decode("latin-1")
        case pycares.PTRRecordData():
            return _name(data.dname)
        case pycares.CNAMERecordData():
            return _name(data.cname)
        case _:
            return ""


def _name(name: str) -> str:
    return name.removesuffix(".") or "."


def _follow(
    name: str, rdtype: RdType, records: Sequence[pycares.DNSRecord]
) -> tuple[str | None, tuple[str, ...], int | None]:
    """Walk the aliases inside one answer; return the last name, its records and the shortest TTL on the way.

    The name is None where the aliases run in a circle, or are too many.
    """
    wanted = _TYPES[rdtype]
    aliases = {_name(r.name).lower(): r for r in records if r.type == pycares.QUERY_TYPE_CNAME}
    ttl: int | None = None
    owner = name.lower()
    for _ in range(MAX_CNAMES):
        found = [r for r in records if r.type == wanted and _name(r.name).lower() == owner]
        if found:
            least = min(r.ttl for r in found)
            return owner, tuple(map(_text, found)), least if ttl is None else min(ttl, least)
        alias = aliases.get(owner)
        if alias is None:
            return owner, (), ttl
        ttl = alias.ttl if ttl is None else min(ttl, alias.ttl)
        owner = _text(alias).lower()
    return None, (), ttl


class Client:
    """Asks name servers. Belongs to the loop it was built in.

    Args:
        servers: ``ip:port`` (IPv6 in brackets); empty for the system's.
        timeout_s: of one try; c-ares makes two.
    """

    def __init__(self, servers: Sequence[str], *, timeout_s: float) -> None:
        self._ares = aiodns.DNSResolver(nameservers=list(servers) or None, timeout=timeout_s, tries=2, lookups="b")

    async def ask(self, name: str, rdtype: RdType) -> Answer:
        """Ask once, following aliases; failures are values."""
        owner = name
        ttl_s: int | None = None
        for _ in range(MAX_CNAMES):
            try:
                result = await self._ares.query_dns(owner, rdtype.value)
            except aiodns.error.DNSError as error:
                return _failure(error)
            except (pycares.AresError, ValueError, RuntimeError):
                return Answer(Status.TEMPERROR)  # closed, or an answer that cannot be read
            last, records, ttl = _follow(owner, rdtype, result.answer)
            if ttl is not None:
                ttl_s = ttl if ttl_s is None else min(ttl_s, ttl)
            if records:
                return Answer(Status.OK, records, ttl_s or 0)
            if last is None:
                break
            if last == owner.lower():
                return Answer(Status.NODATA, (), NEGATIVE_TTL_S)
            if not is_askable(last):
                return Answer(Status.NXDOMAIN, (), NEGATIVE_TTL_S)
            owner = last
        return Answer(Status.TEMPERROR)

    async def close(self) -> None:
        """Give the sockets back; open questions end as TEMPERROR."""
        await self._ares.close()


def _failure(error: aiodns.error.DNSError) -> Answer:
    code = error.args[0] if error.args else None
    if code in _MISSING:
        return Answer(Status.NXDOMAIN, (), NEGATIVE_TTL_S)
    if code == pycares.errno.ARES_ENODATA:
        return Answer(Status.NODATA, (), NEGATIVE_TTL_S)
    return Answer(Status.TEMPERROR)
