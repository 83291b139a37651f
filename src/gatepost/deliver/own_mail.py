"""Mail the house itself writes: questions, notices, alerts. Signed and handed over at once, from no submission."""

from dataclasses import dataclass
from typing import Protocol

from gatepost import domains
from gatepost.clock import Clock
from gatepost.db import Database
from gatepost.deliver.client import Letter, transmit
from gatepost.deliver.paper import Attempt, AttemptResult
from gatepost.deliver.route import find_hops
from gatepost.deliver.sign import sign
from gatepost.deliver.traffic import Traffic, call, share_of
from gatepost.dns import Resolver
from gatepost.domains.paper import SigningKey
from gatepost.egress import Egress, NextHop
from gatepost.ids import JobId, TenantId
from gatepost.jobs import Jobs
from gatepost.keys import Keyring
from gatepost.mail.address import Address


class Means(Protocol):
    """The part of the house that its own mail stands on."""

    @property
    def db(self) -> Database:
        """Where the DKIM keys lie."""

    @property
    def dns(self) -> Resolver:
        """Finds the MX."""

    @property
    def keyring(self) -> Keyring:
        """Opens the DKIM keys."""

    @property
    def egress(self) -> Egress:
        """The way out."""

    @property
    def clock(self) -> Clock:
        """Tells when it was signed."""

    @property
    def hostname(self) -> str:
        """What we call ourselves in EHLO."""

    @property
    def next_hop(self) -> NextHop | None:
        """The relay that takes everything, where there is one."""

    @property
    def jobs(self) -> Jobs:
        """Takes promises, and calls those that were put off."""

    @property
    def traffic(self) -> Traffic:
        """Says how many conversations a destination has at once."""


@dataclass(frozen=True, slots=True)
class Road:
    """What one mail goes out with: who may send it, its keys, and the hosts to try."""

    tenant: TenantId
    author: Address
    to: Address
    keys: tuple[SigningKey, ...]
    seed: str


async def find_road(house: Means, tenant: TenantId, author: Address, to: Address, *, seed: str) -> Road | Attempt:
    """Return the road from a tenant's author, or how the attempt ended already: unsigned, nothing is sent.

    Args:
        house: what it stands on.
        tenant: who answers for the author's domain.
        author: who writes.
        to: whom to.
        seed: spreads the load among hosts of equal preference.
    """
    async with house.db.transaction(tenant) as tx:
        keys = await domains.signing_keys(tx, author.domain, house.keyring)
    if not keys:
        return Attempt(AttemptResult.DEFERRED, 0, "4.7.0", "signing.no_key")
    return Road(tenant, author, to, keys, seed)


async def carry(house: Means, road: Road, ref: str, raw: bytes, job: JobId | None = None) -> Attempt:
    """Sign a mail and hand it over; return what the other server said.

    Args:
        house: what it stands on.
        road: who sends it where.
        ref: names it to the register of egress.
        raw: the mail, unsigned.
        job: what comes back where the destination has no room now.

    Raises:
        CrowdedError: it has none.
    """
    share = share_of(road.to.domain, house.next_hop)
    async with house.traffic.toward(*share, road.tenant, job) as tell:
        hops = await find_hops(road.to.domain, house.dns, house.next_hop, seed=road.seed)
        if isinstance(hops, Attempt):
            made = hops
        else:
            letter = Letter(ref, road.tenant, road.author, road.to, sign(raw, road.keys, at=house.clock()))
            silences = house.traffic.silences
            made = await transmit(letter, hops, hostname=house.hostname, egress=house.egress, silences=silences)
        called = tell(made)
    await call(house, called)
    return made
