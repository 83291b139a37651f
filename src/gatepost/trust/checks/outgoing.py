"""Where the house connects to: what is listed, what is tried beside the list, and what the register saw."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from gatepost import access, record
from gatepost.egress import Egress, EgressRefusedError, Errand, Purpose, Register, UnreachableError
from gatepost.ids import TenantId
from gatepost.record.connections import Counted
from gatepost.trust.checks import places
from gatepost.trust.checks.mail import door
from gatepost.trust.paper import CannotVerifyError, Finding, Outcome, failed, passed, unverified
from gatepost.trust.probe.server import HOST, sink
from gatepost.trust.ways import NAMED_BY_CUSTOMERS
from gatepost.trust.world import World

STRANGER = "unlisted.invalid"  # RFC 6761: nobody's name, so no list can mean it
TIMEOUT_S = 3.0
_START_TICKS = 19  # of /proc/PID/stat, counted behind the command's name (proc(5), field 22)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What connects outwards.

    Attributes:
        ways: the register in force, and what the operator declares of it.
        egress: through which connections are made.
        opened: what was connected to since this register is in force.
        listed: a place of this machine that is on the list for ``Purpose.PROBE``.
        tenant: on whose behalf what is not listed is tried; None where there is nobody whose record may say so.
    """

    ways: places.Ways
    egress: Egress
    opened: Sequence[Counted]
    listed: tuple[str, int]
    tenant: TenantId | None


async def house_outgoing(world: World, arguments: Mapping[str, str]) -> Outgoing:
    """Return the house's own; its register is in force since its process began."""
    house, since = world.house, world.house.clock() - age(world.pid)
    smtp = door(world)
    return Outgoing(
        ways=await places.house_ways(world, arguments),
        egress=house.egress,
        opened=[each for each in await _opened(world) if each.times.last_at >= since],
        listed=(smtp.host, smtp.port),
        tenant=world.canary.tenant if world.canary else None,
    )


async def _opened(world: World) -> list[Counted]:
    found: list[Counted] = []
    for tenant in await access.list_tenants(world.house.db):
        async with world.house.db.transaction(tenant.id) as tx:
            found += await record.connections(tx)
    return found


def age(pid: int) -> timedelta:
    """Return for how long a process has been running; 0 for this very one.

    Raises:
        CannotVerifyError: there is none.
    """
    try:
        ticks = int(Path(f"/proc/{pid or 'self'}/stat").read_text().rpartition(")")[2].split()[_START_TICKS])
        up_s = float(Path("/proc/uptime").read_text().split()[0])
    except OSError as error:
        raise CannotVerifyError("house.gone") from error
    return timedelta(seconds=up_s - ticks / os.sysconf("SC_CLK_TCK"))


async def shut(target: Outgoing) -> Finding:
    """See that each row of the list is accounted for, that nothing beside it was reached, and that nothing can be.

    A connection to a listener of ours under a name that stands nowhere is tried for every purpose but those whose
    destinations customers name: each must be refused, and the listener must hear nothing. That a listed place of the
    same machine is reached shows that a refusal is the register's.
    """
    listed = await places.egress_declared(target.ways)
    if listed.outcome is not Outcome.PASS:
        return listed
    register = target.ways.register
    strange = sorted(
        f"{each.purpose.value} {each.destination}" for each in target.opened if not _is_listed(each, register)
    )
    if strange:
        return failed("egress.unlisted_flow", [*strange[:8]])
    if target.tenant is None:
        return unverified("canary.missing", listed.value)
    tried = [each for each in Purpose if each not in NAMED_BY_CUSTOMERS or not _is_open(register, each)]
    async with sink() as endpoint:
        leaks = [each.value for each in tried if not await _is_refused(target, each, endpoint.port)]
    if leaks or endpoint.knocks:
        return failed("egress.leaks", {"purposes": [*leaks], "heard": endpoint.knocks})
    if not await _is_reached(target.egress, *target.listed):
        return unverified("egress.listed_unreachable", listed.value)
    return passed({"register": listed.value, "refused_beside_it": len(tried), "connected_to": len(target.opened)})


def _is_listed(flow: Counted, register: Register) -> bool:
    """Tell whether a row stands for a flow: by its words, or by the purpose where a customer's own id names it."""
    rows = [str(row) for row in register.rows if row.purpose is flow.purpose]
    return flow.destination in rows or (bool(rows) and flow.purpose in NAMED_BY_CUSTOMERS - {Purpose.MAIL})


def _is_open(register: Register, purpose: Purpose) -> bool:
    with suppress(EgressRefusedError):
        return register.find(purpose, STRANGER, 443).is_built_in
    return False


async def _is_refused(target: Outgoing, purpose: Purpose, port: int) -> bool:
    errand = Errand(purpose, "canary", target.tenant, is_trial=True)
    try:
        made = await target.egress.connect(errand, STRANGER, port, timeout_s=TIMEOUT_S, addresses=[HOST])
    except EgressRefusedError:
        return True
    except UnreachableError:
        return False
    made.socket.close()
    return False


async def _is_reached(egress: Egress, host: str, port: int) -> bool:
    try:
        made = await egress.connect(Errand(Purpose.PROBE), host, port, timeout_s=TIMEOUT_S)
    except (EgressRefusedError, UnreachableError):
        return False
    made.socket.close()
    return True
