"""Connections kept open between requests to one place, for who has much to say there and little to hear."""

import asyncio
import ssl
from collections.abc import Mapping

import httpx2

from gatepost.egress.client import Egress, Place
from gatepost.egress.http import PORTS, read_url, trusted
from gatepost.egress.paper import EgressRefusedError, Errand, UnreachableError
from gatepost.egress.talk import Status, Talk, request

IDLE_S = 1.5
"""How long a connection is kept for the next request: less than common servers wait before they hang up (gunicorn 2
seconds, Node and uvicorn 5), so that hardly a request meets a connection that is just being closed."""

PLACES_MAX = 256
"""To how many places at once connections are kept; to further ones each request has its own."""

HEAR_OUT_S = 2.0
"""How long an answer may take to end after its status line, which has said it all."""


class Lines:
    """Keeps connections open. Whoever made it lets ``tidy`` run, and closes it."""

    def __init__(self) -> None:
        self._resting: dict[Place, list[Talk]] = {}
        self._is_closed = False

    async def tell(
        self,
        egress: Egress,
        errand: Errand,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        timeout_s: float,
        trust: ssl.SSLContext | None = None,
    ) -> Status:
        """Post ``body`` and return the head of the answer; a redirect is an answer like any other.

        The connection goes to an address that was checked, each time anew, under the name that TLS proves. Where a kept
        one was hung up before it answered, the request is made again over another (RFC 9112 section 9.3.1 leaves that
        to whoever knows that it does no harm): its id tells the receiver of a repetition.

        Args:
            egress: checks and counts.
            errand: why.
            url: where to.
            body: the request's.
            headers: the request's.
            timeout_s: until the head is there.
            trust: checks certificates; None for the well-known authorities.

        Raises:
            EgressRefusedError: a rule forbids it.
            UnreachableError: no address answered, or not in HTTP.
            TimeoutError: it took too long.
        """
        try:
            target = read_url(url)
            octets = request("POST", target.raw_path, target.netloc, headers, body)
        except ValueError as error:
            raise UnreachableError("the request cannot be made") from error
        async with asyncio.timeout(timeout_s):
            place, talk = await self._reach(egress, errand, target, trust or trusted(), timeout_s)
            while (status := await _say(talk, octets)) is None:
                place, talk = await self._reach(egress, errand, target, trust or trusted(), timeout_s)
        try:
            await talk.hear_out(HEAR_OUT_S)
        finally:
            self._keep(place, talk)
        return status

    async def tidy(self) -> None:
        """Hang up where nothing was said for a while, until cancelled."""
        while True:
            await asyncio.sleep(IDLE_S)
            self._hang_up(rested_before=asyncio.get_running_loop().time() - IDLE_S)

    def close(self) -> None:
        """Hang up everywhere; a request under way ends first."""
        self._is_closed = True
        self._hang_up(rested_before=float("inf"))

    async def _reach(
        self, egress: Egress, errand: Errand, target: httpx2.URL, trust: ssl.SSLContext, timeout_s: float
    ) -> tuple[Place, Talk]:
        """Return a connection to the first open address that answers: one that was kept, or a new one."""
        host, port, scheme = target.host, target.port or PORTS[target.scheme], target.scheme

        async def reach(address: str, connect_s: float) -> tuple[Place, Talk]:
            place = Place(errand, scheme, host, port, address, trust)
            if (kept := self._take(place)) is None:
                return place, await _open(egress, place, connect_s)
            try:
                egress.admit(errand, host, port, address, in_clear=scheme == "http")
            except EgressRefusedError:
                kept.close()
                raise
            return place, kept

        return await egress.first(errand, host, port, reach, timeout_s=timeout_s)

    def _take(self, place: Place) -> Talk | None:
        resting = self._resting.get(place, [])
        while resting:
            if (talk := resting.pop()).is_free:
                return talk
        return None

    def _keep(self, place: Place, talk: Talk) -> None:
        resting = self._resting.get(place)
        if not talk.is_free or self._is_closed or (resting is None and len(self._resting) >= PLACES_MAX):
            talk.close()
        elif resting is None:
            self._resting[place] = [talk]
        else:
            resting.append(talk)

    def _hang_up(self, *, rested_before: float) -> None:
        for place, resting in list(self._resting.items()):
            left = [talk for talk in resting if talk.is_free and talk.rests_since > rested_before]
            for talk in resting:
                if talk not in left:
                    talk.close()
            if left:
                self._resting[place] = left
            else:
                del self._resting[place]


async def _say(talk: Talk, octets: bytes) -> Status | None:
    """Return the head of the answer; None where the connection had been kept too long."""
    try:
        return await talk.say(octets)
    except BaseException as error:
        talk.close()
        if isinstance(error, UnreachableError) and talk.was_left:
            return None
        raise


async def _open(egress: Egress, place: Place, timeout_s: float) -> Talk:
    """Return a new connection to a place.

    Raises:
        EgressRefusedError: a rule forbids it.
        UnreachableError: it does not answer, or proves another name.
    """
    in_clear, loop = place.scheme == "http", asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            opened = await egress.connect(
                place.errand,
                place.host,
                place.port,
                timeout_s=timeout_s,
                addresses=[place.address],
                in_clear=in_clear,
            )
            try:
                _, talk = await loop.create_connection(
                    protocol_factory=Talk,
                    sock=opened.socket,
                    ssl=None if in_clear else place.trust,
                    server_hostname=None if in_clear else place.host,
                )
            except BaseException:
                opened.socket.close()
                raise
    except (OSError, TimeoutError, UnicodeError) as error:
        raise UnreachableError("it does not answer") from error
    return talk
