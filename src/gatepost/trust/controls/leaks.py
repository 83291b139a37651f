"""Ways out that are wider than their register: one that goes by another register, one that was somewhere else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC

from gatepost.egress import Egress, Purpose, Register, Times
from gatepost.ids import TenantId
from gatepost.record.connections import Counted
from gatepost.trust.bench import LOOPBACK, Bench, nobody
from gatepost.trust.checks.outgoing import Outgoing
from gatepost.trust.checks.places import Ways
from gatepost.trust.ways import WayOut, Words

_TENANT = TenantId("tn_control")


_ANYWHERE = [replace(LOOPBACK, purpose=purpose, host="*") for purpose in Purpose]


def outgoing(bench: Bench, register: Register, *said: WayOut) -> Outgoing:
    """Return a house with this register, of which the operator says this."""
    words = Words(
        ways=said, suppliers=(), transfers=(), allowed=frozenset({"GB"}), today=bench.clock().astimezone(UTC).date()
    )
    egress = Egress(register, nobody, bench.clock)
    return Outgoing(ways=Ways(register, words), egress=egress, opened=(), listed=("127.0.0.1", 9), tenant=_TENANT)


@asynccontextmanager
async def sieve(bench: Bench) -> AsyncIterator[Outgoing]:
    """A register without fault, and a way out that goes by another."""
    tight = outgoing(bench, Register([LOOPBACK]))
    yield replace(tight, egress=Egress(Register(_ANYWHERE), nobody, bench.clock))


@asynccontextmanager
async def strayed(bench: Bench) -> AsyncIterator[Outgoing]:
    """A register without fault, and a connection to a place that it does not have."""
    tight, now = outgoing(bench, Register([LOOPBACK])), bench.clock()
    flow = Counted(Purpose.BLOBS, "bucket.control.invalid:443", Times(1, now, now))
    yield replace(tight, opened=[flow])
