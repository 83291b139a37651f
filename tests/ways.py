"""A way out for tests: any destination may be declared, and loopback is open where the test says so."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import ip_network

from gatepost.dns import Client
from gatepost.egress import Destination, Egress, Purpose, Register

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def anywhere(*purposes: Purpose, is_clear: bool = False) -> list[Destination]:
    """One row for each purpose, to any host and port."""
    return [
        Destination(purpose=each, host="*", port=0, is_clear=is_clear or each in {Purpose.DNS, Purpose.MAIL})
        for each in purposes or tuple(Purpose)
    ]


def way_out(
    *,
    private: bool = True,
    rows: Sequence[Destination] | None = None,
    names: Mapping[str, Sequence[str]] | None = None,
) -> Egress:
    """Return an egress; ``private`` opens loopback, ``names`` are all the names there are."""

    async def resolve(host: str) -> Sequence[str]:
        return (names or {}).get(host, ())

    register = Register(anywhere() if rows is None else rows, allow_private=LOOPBACK if private else ())
    return Egress(register, resolve, lambda: NOW)


def dns_client(*servers: str, timeout_s: float = 0.15) -> Client:
    """Return a client of name servers on loopback, ``ip:port`` each."""
    places = [(host, int(port)) for host, _, port in (server.rpartition(":") for server in servers)]
    return Client(places, way_out(), os.urandom, timeout_s=timeout_s)
