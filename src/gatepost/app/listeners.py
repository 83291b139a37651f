"""The doors of a house: what listens, with which certificate, and what it is connected to."""

import os
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote, urlsplit

from starlette.types import ASGIApp

from gatepost import access, domains, record
from gatepost.act.hosted import call_link
from gatepost.act.petition import link as petition_link
from gatepost.app import rounds
from gatepost.app.chores import Staff
from gatepost.app.collect import family, metrics
from gatepost.app.errors import HouseEndedError
from gatepost.app.front import Front
from gatepost.app.http import CLOSE_GRACE_S, cannot_listen, listening
from gatepost.app.ready import Readiness
from gatepost.app.reload import Changeable, limits
from gatepost.app.workers import working
from gatepost.arrive import Certificate, Pair, SmtpServer, self_signed
from gatepost.arrive.capacity import free_octets
from gatepost.arrive.paper import Arrived
from gatepost.arrive.reply import Reply
from gatepost.db.launcher import Cluster, home_for
from gatepost.deliver import link
from gatepost.doors import metrics as metrics_door
from gatepost.doors import public, rest
from gatepost.doors.metrics import Metric
from gatepost.doors.public import status
from gatepost.doors.smtp import reply_for
from gatepost.ids import TenantId
from gatepost.journey import House, receive
from gatepost.settings import Settings
from gatepost.workbench import Bench


@dataclass(frozen=True, slots=True)
class Doors:
    """What is open."""

    changeable: Changeable
    smtp_port: int
    http_port: int
    metrics_port: int
    readiness: Readiness


@asynccontextmanager
async def open_doors(
    settings: Settings,
    house: House,
    staff: Staff,
    boards: Path,
    dsn: str,
    cluster: Cluster | None,
    *,
    allow_loopback: bool = False,
) -> AsyncIterator[Doors]:
    """Open every door, and close them when the context ends, letting what is under way be finished.

    Raises:
        HouseEndedError: an address cannot be had, a certificate cannot be used, or plain HTTP would leave the machine.
    """
    certificates = certificates_of(settings, house)
    readiness = Readiness(house, settings.state, settings.smtp.disk_free_min_octets)

    async def collect() -> list[Metric]:
        postgres = cluster.process if cluster else None
        ours = [pid for pid in family(os.getpid()) if postgres is None or pid != postgres.pid]
        processes = {"house": ours, **({"postgres": family(postgres.pid)} if postgres else {})}
        return [*await metrics(house, boards, processes), *staff.chores.metrics()]

    smtp = smtp_door(settings, house, certificates["smtp"])
    async with (
        _receiving(settings, smtp, dsn, allow_loopback=allow_loopback) as (smtp_port, tell),
        listening(
            Front(faces(settings, house), rest.build(house, keeper=staff.keeper, readiness=readiness)),
            settings.http.host,
            settings.http.port,
            door="http",
            certificate=certificates.get("http"),
        ) as http_port,
        listening(
            metrics_door.build(collect), settings.metrics.host, settings.metrics.port, door="metrics"
        ) as metrics_port,
    ):
        yield Doors(Changeable(smtp, certificates, tell), smtp_port, http_port, metrics_port, readiness)


def faces(settings: Settings, house: House) -> dict[str, ASGIApp]:
    """Return what anybody may open, by its place; the trust pages only where the operator claims anything."""
    bench = Bench()
    found: dict[str, ASGIApp] = {
        link.PATH: public.build(house),
        call_link.PATH: public.build_calls(house),
        petition_link.PATH: public.build_petitions(house, bench),
        petition_link.PERSON_PATH: public.build_own_petitions(house, bench),
    }
    if settings.trust.operator:
        pages = public.build_trust(house, Path(settings.trust.operator), version("gatepost"))
        found |= dict.fromkeys(public.TRUST_PLACES, pages)
        found |= dict.fromkeys(status.PATHS, status.build(house, name=house.hostname, pace=rounds.pace(settings)))
    return found


@asynccontextmanager
async def _receiving(
    settings: Settings, smtp: SmtpServer, dsn: str, *, allow_loopback: bool
) -> AsyncIterator[tuple[int, Callable[[Settings], None]]]:
    """Receive mail here, or in processes of their own; yield the port, and whom to tell of new settings."""
    if settings.smtp.workers > 1:
        async with working(settings, dsn, allow_loopback=allow_loopback) as (port, workers):
            yield port, workers.tell
        return
    try:
        port = await smtp.start(settings.smtp.host, settings.smtp.port)
    except OSError as error:
        raise cannot_listen("smtp", settings.smtp.host, settings.smtp.port, error) from error
    try:
        yield port, lambda _settings: None
    finally:
        await smtp.close(CLOSE_GRACE_S)


def smtp_door(settings: Settings, house: House, certificate: Certificate) -> SmtpServer:
    """Return the SMTP server of this house, not yet listening."""
    operator, directory = Operator(house), domains.Directory(house.db)

    async def tenant_of(domain: str) -> TenantId | None:
        return await domains.tenant_of(house.db, domain)

    async def carry(arrived: Arrived) -> Reply:
        began = time.monotonic()
        reply = reply_for(await receive(arrived, house))
        house.meters.carried(time.monotonic() - began)
        return reply

    async def refused(tenant: TenantId | None, reason: str) -> None:
        house.meters.refused(reason)
        await record.count_refusal(house.db, tenant or await operator.tenant(), reason, house.clock())

    return SmtpServer(
        hostname=house.hostname,
        limits=limits(settings),
        route=directory.route,
        known_route=directory.known,
        tenant_of=tenant_of,
        receive=carry,
        refused=refused,
        tls=certificate.context,
        clock=house.clock,
        entropy=house.entropy,
        spool=settings.state / "spool",
        free=partial(free_octets, disks(settings)),
        commit_s=lambda: house.commits.lasts_s,
        meters=house.meters,
    )


def disks(settings: Settings) -> tuple[Path, ...]:
    """Return the folders whose disks must have room for mail: ours, bodies', and our own PostgreSQL's."""
    bodies = [Path(unquote(urlsplit(settings.blobs.url).path))] if settings.blobs.url.startswith("file:") else []
    database = [] if settings.database.dsn else [home_for(settings.state)]
    return (settings.state, *bodies, *database)


class Operator:
    """The tenant whose record counts what was refused on nobody's behalf, such as attempts to relay: the first.

    Remembered once there is one, for a flood of such attempts must not read the list of tenants each time.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._tenant: TenantId | None = None

    async def tenant(self) -> TenantId | None:
        """Return it; None while the house has no tenant."""
        if self._tenant is None:
            tenants = await access.list_tenants(self._house.db)
            self._tenant = tenants[0].id if tenants else None
        return self._tenant


def certificates_of(settings: Settings, house: House) -> dict[str, Certificate]:
    """Return what each door that speaks TLS shows: SMTP always something, HTTP only what it was given.

    Raises:
        HouseEndedError: a certificate cannot be used.
    """
    made = {}
    for door, section in (("smtp", settings.smtp), ("http", settings.http)):
        if bool(section.certificate) != bool(section.certificate_key):
            raise HouseEndedError(f"set both {door}.certificate and {door}.certificate_key, or neither")
        if section.certificate:
            paths = Path(section.certificate), Path(section.certificate_key)
        elif door == "smtp":
            paths = self_signed(settings.state / "keys", house.hostname, house.clock)
        else:
            continue
        try:
            made[door] = Certificate(Pair.read(*paths))
        except (OSError, ssl.SSLError) as error:
            raise HouseEndedError(f"{door}.certificate and its key cannot be used: {error}") from error
    return made
