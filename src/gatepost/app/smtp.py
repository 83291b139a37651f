"""The SMTP door of one process: what it is connected to, and which certificates there are to show.

Apart from the other doors: a worker has this one alone, and need not import what HTTP stands on.
"""

import time
from functools import partial
from pathlib import Path

from gatepost import access, domains, record
from gatepost.app.errors import HouseEndedError
from gatepost.app.given import Knowledge
from gatepost.app.reload import limits
from gatepost.arrive import Certificate, Pair, SmtpServer, self_signed, why_refused
from gatepost.arrive.capacity import free_octets
from gatepost.arrive.paper import Arrived
from gatepost.arrive.refusals import Refusal
from gatepost.arrive.reply import Reply
from gatepost.blobs import folder_of
from gatepost.db.launcher import home_for
from gatepost.decide import PolicyUnreadableError
from gatepost.doors.smtp import reply_for
from gatepost.ids import TenantId
from gatepost.journey import House, receive
from gatepost.settings import Settings


async def carry(arrived: Arrived, house: House) -> Reply:
    """Return the answer to one message, measured; whatever this raises is answered 451."""
    began = time.monotonic()
    try:
        reply = reply_for(await receive(arrived, house))
    except PolicyUnreadableError:
        house.meters.refused(Refusal.POLICY_UNREADABLE)  # beside house.unsettled, which does not say what failed
        raise
    house.meters.carried(time.monotonic() - began)
    return reply


def smtp_door(settings: Settings, house: House, certificate: Certificate) -> SmtpServer:
    """Return the SMTP server of this house, not yet listening."""
    operator, directory = Operator(house), domains.Directory(house.db)

    async def tenant_of(domain: str) -> TenantId | None:
        return await domains.tenant_of(house.db, domain)

    async def refused(tenant: TenantId | None, reason: str) -> None:
        house.meters.refused(reason)
        await record.count_refusal(house.db, tenant or await operator.tenant(), reason, house.clock())

    return SmtpServer(
        hostname=house.hostname,
        limits=limits(settings),
        route=directory.route,
        known_route=directory.known,
        tenant_of=tenant_of,
        knows=Knowledge(house.db, house.hostname).knows,
        receive=partial(carry, house=house),
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
    bodies = folder_of(settings.blobs.url)
    database = [] if settings.database.dsn else [home_for(settings.state)]
    return (settings.state, *([] if bodies is None else [bodies]), *database)


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
        except OSError as error:
            raise HouseEndedError(f"{door}.certificate and its key: {why_refused(error)}") from error
    return made
