"""Answers the session's questions by asking the rooms behind it.

Whatever they raise becomes an answer, never a crash.
"""

from collections.abc import Awaitable, Callable

import structlog

from gatepost.arrive import reply
from gatepost.arrive.deadlines import Deadlines
from gatepost.arrive.events import Nobody, NotYet, RecipientAnswer, Unsettled
from gatepost.arrive.paper import Arrived
from gatepost.arrive.refusals import Refusal
from gatepost.arrive.reply import Reply
from gatepost.domains.paper import Destination
from gatepost.ids import TenantId
from gatepost.mail.address import Address
from gatepost.meters import Raised

Route = Callable[[Address | None], Awaitable[Destination | None]]
KnownRoute = Callable[[Address | None], Destination | None]
TenantOf = Callable[[str], Awaitable[TenantId | None]]
Knows = Callable[[str], Awaitable[bool]]
Receive = Callable[[Arrived], Awaitable[Reply]]
TellRefused = Callable[[TenantId | None, str], Awaitable[None]]

log = structlog.get_logger()


async def knows_all(_: str) -> bool:
    """Say that whoever is unknown is refused for good, whatever the domain."""
    return True


class Desk:
    """What the SMTP door asks of the house.

    Args:
        hostname: the house's own name, as in ``Address.domain``.
        route: where an address leads; None asks for the bare ``postmaster``.
        known_route: the same from memory, at once; None where that says nothing.
        tenant_of: who answers for a domain; None: nobody here.
        knows: whether an address that leads nowhere is refused for good, by its domain.
        receive: carries a message to its disposition; returns once it is committed.
        refused: is told of each mail turned away before a decision.
        answer_s: how long any of them may take.
    """

    def __init__(
        self,
        *,
        hostname: str,
        route: Route,
        tenant_of: TenantOf,
        receive: Receive,
        refused: TellRefused,
        answer_s: float,
        known_route: KnownRoute = lambda _: None,
        knows: Knows = knows_all,
    ) -> None:
        self._hostname = hostname
        self._route = route
        self.known_route = known_route
        self._tenant_of = tenant_of
        self._knows = knows
        self._receive = receive
        self._refused = refused
        self._deadlines = Deadlines(answer_s)

    async def recipient(self, address: Address | None) -> RecipientAnswer:
        """Say where a recipient leads.

        ``postmaster`` at a domain of ours, or at the name we greet with, is always somebody: where the domain has none
        of its own, the house's (RFC 5321 section 4.5.1).
        """
        try:
            with self._deadlines:
                if destination := await self._route(address):
                    return destination
                tenant = await self._tenant_of(address.domain) if address else None
                is_ours = tenant or (address and address.domain == self._hostname)
                if address is None or (is_ours and address.local.lower() == "postmaster"):
                    return await self._route(None) or Unsettled()
                return Nobody(tenant) if await self._knows(address.domain) else NotYet()
        except Exception as error:  # noqa: BLE001  # the door outlives whatever the look-up meets
            log.warning("smtp.route_failed", error=Raised.by(error))
            return Unsettled()

    async def message(self, arrived: Arrived) -> Reply:
        """Hand a message in and return what to answer: 451 where the house could not settle it."""
        try:
            with self._deadlines:
                return await self._receive(arrived)
        except Exception as error:  # noqa: BLE001  # nothing happened, says journey.receive: the client tries again
            log.warning("smtp.receive_failed", email=arrived.email, tenant=arrived.tenant, error=Raised.by(error))
        return reply.TRY_AGAIN

    async def refused(self, tenant: TenantId | None, refusal: Refusal) -> None:
        """Tell of a refusal; that it cannot be told is no reason to fail."""
        try:
            with self._deadlines:
                await self._refused(tenant, refusal)
        except Exception as error:  # noqa: BLE001  # counting must not break a conversation
            log.warning("smtp.refusal_not_counted", refusal=refusal, error=Raised.by(error))
