"""The doors of a house: what listens, with which certificate, and what it is connected to."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from starlette.types import ASGIApp

from gatepost.act.hosted import call_link
from gatepost.act.petition import link as petition_link
from gatepost.app.board import commit_lasts_s, lacking_files, read_all
from gatepost.app.chores import Staff
from gatepost.app.collect import family, metrics
from gatepost.app.crowd import Crowd
from gatepost.app.errors import CLOSE_GRACE_S, cannot_listen
from gatepost.app.front import Front
from gatepost.app.http import listening
from gatepost.app.ready import Readiness
from gatepost.app.reload import Changeable
from gatepost.app.smtp import certificates_of, smtp_door
from gatepost.app.ways_out import network
from gatepost.app.workers import working
from gatepost.arrive import SmtpServer
from gatepost.arrive.limits import client_address
from gatepost.db.launcher import Cluster
from gatepost.deliver import link
from gatepost.doors import metrics as metrics_door
from gatepost.doors import public, rest
from gatepost.doors.metrics import Metric
from gatepost.journey import House
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
    crowd = Crowd(
        settings.http.connections_per_address_max, [network(text, "http.proxies") for text in settings.http.proxies]
    )
    readiness = Readiness(house, settings.state, settings.smtp.disk_free_min_octets)

    async def collect() -> list[Metric]:
        postgres = cluster.process if cluster else None
        ours = [pid for pid in family(os.getpid()) if postgres is None or pid != postgres.pid]
        processes = {"house": ours, **({"postgres": family(postgres.pid)} if postgres else {})}
        return [*await metrics(house, boards, processes), *staff.metrics()]

    smtp = smtp_door(settings, house, certificates["smtp"])
    async with (
        _receiving(settings, smtp, dsn, allow_loopback=allow_loopback) as receiving,
        listening(
            Front(faces(settings, house), rest.build(house, keeper=staff.keeper, readiness=readiness)),
            settings.http.host,
            settings.http.port,
            door="http",
            certificate=certificates.get("http"),
            crowd=crowd,
        ) as http_port,
        listening(
            metrics_door.build(collect), settings.metrics.host, settings.metrics.port, door="metrics"
        ) as metrics_port,
    ):
        readiness.takes_mail = receiving.takes_mail
        readiness.commit_s = lambda: commit_lasts_s(read_all(boards))
        readiness.lacks_files = lambda: lacking_files(read_all(boards)) > 0
        changeable = Changeable(smtp, certificates, receiving.tell)
        yield Doors(changeable, receiving.port, http_port, metrics_port, readiness)


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
        from gatepost.app import rounds  # noqa: PLC0415  # as the next
        from gatepost.doors.public import status, trust  # noqa: PLC0415  # much to import, for who claims something
        from gatepost.trust.held import Held  # noqa: PLC0415  # as these

        held, pace = Held(house.blobs), rounds.pace(settings)
        operator = Path(settings.trust.operator)
        pages = trust.build(house, operator, version("gatepost"), held, is_proxy=proxied(settings))
        found |= dict.fromkeys(trust.PLACES, pages)
        found |= dict.fromkeys(status.PATHS, status.build(house, name=house.hostname, pace=pace, held=held))
    return found


def proxied(settings: Settings) -> Callable[[str], bool]:
    """Return what tells whether an address is a proxy's, by which many visitors come.

    Plain HTTP is spoken to this machine alone, so where the public URL has TLS a proxy on it ends that.
    """
    http = settings.http
    proxies = [network(text, "http.proxies") for text in http.proxies]
    is_all = not http.certificate and http.public_url.startswith("https:")
    return lambda address: is_all or any(client_address(address) in each for each in proxies)


@dataclass(frozen=True, slots=True)
class _Receiving:
    """Where mail comes in, whom to tell of new settings, and whether anybody listens."""

    port: int
    tell: Callable[[Settings], None] = lambda _settings: None
    takes_mail: Callable[[], bool] = lambda: True


@asynccontextmanager
async def _receiving(
    settings: Settings, smtp: SmtpServer, dsn: str, *, allow_loopback: bool
) -> AsyncIterator[_Receiving]:
    """Receive mail here, or in processes of their own."""
    if settings.smtp.workers > 1:
        async with working(settings, dsn, allow_loopback=allow_loopback) as (port, workers):
            yield _Receiving(port, workers.tell, lambda: workers.is_serving)
        return
    try:
        port = await smtp.start(settings.smtp.host, settings.smtp.port)
    except OSError as error:
        raise cannot_listen("smtp", settings.smtp.host, settings.smtp.port, error) from error
    try:
        yield _Receiving(port)
    finally:
        await smtp.close(CLOSE_GRACE_S)
