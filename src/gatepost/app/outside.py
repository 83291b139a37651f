"""The checks that anybody can run against any house, from anywhere; the results are a note under the asker's key."""

import asyncio
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from gatepost.app.build import clock, entropy, name_servers
from gatepost.app.ways_out import place
from gatepost.dns import CachingResolver, Client, addresses_of, hosts_in
from gatepost.dns.paper import Resolver
from gatepost.egress import Destination, Egress, Purpose, Register, is_address
from gatepost.ledger.note import SigningKey
from gatepost.mail.address import AddressError, normalise_domain
from gatepost.record.canonical import canonical
from gatepost.settings import Settings
from gatepost.trust.bench import Bench
from gatepost.trust.catalogue import CATALOGUE
from gatepost.trust.check import Check, Run, run
from gatepost.trust.checks.page import Served
from gatepost.trust.checks.places import Zone
from gatepost.trust.checks.tls import Doors
from gatepost.trust.leaf import instant
from gatepost.trust.probe.client import Prober
from gatepost.trust.world import Endpoint

_SEED_OCTETS = 32
_ON_PAGES = ("security_txt.valid", "page.agrees", "status.served", "log.dated")
_ANYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))


class OutsideError(ValueError):
    """The host cannot be probed; the text says why."""


async def look_at(settings: Settings, host: str, *, smtp_port: int, https_port: int, key: Path, name: str) -> bytes:
    """Return a signed note of canonical JSON: for each check its id, version, outcome, value and control.

    Raises:
        OutsideError: ``host`` is no name of a machine.
        LedgerError: the key's name cannot be one, or the file holds no key.
        OSError: the key cannot be read or written.
    """
    wanted = _host(host)
    signer = SigningKey(name, _seed(key))
    egress, resolver = _ways(settings, wanted)
    async with resolver:
        rows = await _checks(wanted, Prober(egress, entropy), resolver, smtp_port=smtp_port, https_port=https_port)
    text = canonical({"at": instant(clock()), "checks": rows, "host": wanted, "vkey": str(signer.verifier)})
    return signer.sign(f"{text}\n")


def _seed(path: Path) -> bytes:
    """Return the seed of the asker's key; made at the first use, for the asker alone."""
    with suppress(FileExistsError), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(entropy(_SEED_OCTETS))
    return path.read_bytes()


def _host(text: str) -> str:
    bare = text.strip("[]")
    if is_address(bare):
        return bare
    try:
        return normalise_domain(bare)
    except AddressError as error:
        raise OutsideError(f"{text} is no name of a machine: {error}") from error


def _ways(settings: Settings, host: str) -> tuple[Egress, CachingResolver]:
    """Return a way out to this host and to name servers, and to nobody else."""
    servers = [place(each, "dns.servers") for each in name_servers(settings)]
    rows = [
        Destination(purpose=Purpose.PROBE, host=host, port=0, networks=_ANYWHERE, is_clear=True),
        *(
            Destination(purpose=Purpose.DNS, host=server, port=port, networks=_ANYWHERE, is_clear=True)
            for server, port in servers
        ),
    ]

    async def addresses(name: str) -> list[str]:
        return list(await addresses_of(name, resolver, hosts_in("")))

    egress = Egress(Register(rows), addresses, clock)
    resolver = CachingResolver(
        Client(servers, egress, entropy, timeout_s=settings.dns.timeout_s / 3), clock, deadline_s=settings.dns.timeout_s
    )
    return egress, resolver


async def _checks(host: str, prober: Prober, resolver: Resolver, *, smtp_port: int, https_port: int) -> list[Any]:
    smtp = Endpoint(door="smtp", host=host, port=smtp_port, tls="starttls")
    https = Endpoint(door="http", host=host, port=https_port, tls="implicit")
    now = clock()
    targets: list[tuple[str, str, object]] = []
    if smtp_port:
        targets.append(("tls.floor", "smtp", Doors(prober, (smtp,), now)))
        if not is_address(host):
            targets.append(("dane.absent", "smtp", Zone(resolver, f"_{smtp_port}._tcp.{host}")))
    if https_port:
        served = Served(prober, https, None, now)
        targets.append(("tls.floor", "http", Doors(prober, (https,), now)))
        targets += [(check, "http", served) for check in _ON_PAGES]
    with tempfile.TemporaryDirectory(prefix="gatepost-probe-") as folder:
        return [
            _row(CATALOGUE[check], door, await _run(CATALOGUE[check], target, Path(folder) / str(at)), now)
            for at, (check, door, target) in enumerate(targets)
        ]


async def _run(check: Check[Any], target: object, folder: Path) -> Run:
    await asyncio.to_thread(folder.mkdir, mode=0o700)
    bench = Bench(folder=folder, database=None, clock=clock, entropy=entropy)
    return await run(check, partial(check.of_target, target), bench)


def _row(check: Check[Any], door: str, done: Run, at: datetime) -> Mapping[str, Any]:
    return {
        "check_id": check.id,
        "check_version": check.version,
        "checked_at": instant(at),
        "control": done.control.outcome.value,
        "door": door,
        "outcome": done.finding.outcome.value,
        "reason": done.finding.reason,
        "unit": done.finding.unit,
        "value": done.finding.value,
    }
