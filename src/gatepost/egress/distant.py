"""The way out of a process that has none of its own: each connection is asked for at a door of another process.

That one judges, counts and connects (``app.doorway``); what comes back is a socket of this machine on which the other
side's octets are relayed. TLS is spoken here, so that whoever relays reads nothing.
"""

import asyncio
from typing import TYPE_CHECKING, NoReturn

from typing_extensions import override

from gatepost.clock import Clock
from gatepost.egress.client import Connected, Egress, Place
from gatepost.egress.knock import Asked
from gatepost.egress.paper import Admitted, Destination, EgressRefusedError, Errand, Rule
from gatepost.egress.register import Register

if TYPE_CHECKING:
    import httpx2


class Distant(Egress):
    """Has no register and no resolver: for HTTP it asks at the door, and it opens nothing else.

    Args:
        door: the path of the socket.
        clock: of this process.
    """

    def __init__(self, door: str, clock: Clock) -> None:
        super().__init__(Register(()), _nowhere, clock)
        self._door = door

    @override
    async def addresses(self, errand: Errand, host: str, port: int) -> list[str]:
        """Return the name itself: who carries the connection resolves it."""
        return [host]

    @override
    def admit(self, errand: Errand, host: str, port: int, address: str, *, in_clear: bool = False) -> Admitted:
        """Return leave to ask at the door, which judges."""
        return Admitted(Destination(purpose=errand.purpose, host=host, port=port), address, must_encrypt=not in_clear)

    @override
    def transport(self, place: Place) -> "httpx2.AsyncHTTPTransport":
        from gatepost.egress.relayed import relayed  # noqa: PLC0415  # much to import, for who makes requests

        in_clear = place.scheme == "http"
        return relayed(self._door, place.trust, Asked(place.errand, place.host, place.port, in_clear))

    @override
    async def vouch(self, errand: Errand, host: str, port: int, *, in_clear: bool = False) -> NoReturn:
        raise EgressRefusedError(Rule.UNDECLARED)

    @override
    async def connect(self, *_: object, **__: object) -> Connected:
        raise EgressRefusedError(Rule.UNDECLARED)

    async def knock(self, *, timeout_s: float) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a connection to the door itself, for what is asked there beside HTTP.

        Raises:
            UnreachableError: nobody opens.
        """
        return await asyncio.open_connection(sock=await self.connect_local(self._door, timeout_s=timeout_s))

    @override
    def datagrams(self, errand: Errand, host: str, port: int) -> NoReturn:
        raise EgressRefusedError(Rule.UNDECLARED)


async def _nowhere(_: str) -> list[str]:
    return []
