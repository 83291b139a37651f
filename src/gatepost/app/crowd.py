"""Who is connected over TLS, by address: one stranger takes a share of the places, and none of another's."""

from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network
from operator import itemgetter
from typing import Protocol

from gatepost.arrive.limits import Household, client_address, household

Network = IPv4Network | IPv6Network

PER_ADDRESS_MAX = 100
HANDSHAKES_MAX = 200
"""Under way at once; on top of them the address with most of them ends the one it began first."""


class Connected(Protocol):
    """One connection."""

    @property
    def waiting_since(self) -> float | None:
        """Since when we wait for the client, in the loop's seconds; None while it waits for us."""

    def hang_up(self) -> None:
        """Close now."""


class Crowd:
    """Counts who is connected, and ends what is too much.

    Args:
        per_address_max: connections at once from one IPv4 address or IPv6 /64. On top of them the address itself ends
            the one that has kept us waiting longest; where none does, the newcomer is not let in.
        proxies: networks whose connections are many clients', and are not counted.
    """

    def __init__(self, per_address_max: int = PER_ADDRESS_MAX, proxies: Sequence[Network] = ()) -> None:
        self._per_address_max = per_address_max
        self._proxies = proxies
        self._inside: dict[Household | None, dict[Connected, None]] = {}  # None: the proxies'
        self._from: dict[Connected, Household | None] = {}
        self._shaking: dict[Connected, None] = {}  # in the order they came

    def enter(self, connection: Connected, address: str) -> bool:
        """Let one more connection begin its handshake, or answer False and count nothing."""
        key = self._key(address)
        if key is not None and len(self._inside.get(key, ())) >= self._per_address_max:
            waiting = [(since, each) for each in self._inside[key] if (since := each.waiting_since) is not None]
            if not waiting:
                return False
            self._end(min(waiting, key=itemgetter(0))[1])
        if len(self._shaking) >= HANDSHAKES_MAX:
            most = Counter(self._from[each] for each in self._shaking).most_common(1)[0][0]
            self._end(next(each for each in self._shaking if self._from[each] == most))
        self._inside.setdefault(key, {})[connection] = None
        self._from[connection] = key
        self._shaking[connection] = None
        return True

    def let_in(self, connection: Connected) -> None:
        """Take note that its handshake is done."""
        self._shaking.pop(connection, None)

    def leave(self, connection: Connected) -> None:
        """Count one connection out; it may be out already."""
        self._shaking.pop(connection, None)
        if connection in self._from:
            key = self._from.pop(connection)
            del self._inside[key][connection]
            if not self._inside[key]:
                del self._inside[key]

    def disperse(self) -> None:
        """End all handshakes; whoever serves those that are in ends them."""
        for connection in tuple(self._shaking):
            self._end(connection)

    def share(self, address: str) -> int:
        """Return how many are connected from this address; 0 for a proxy, whose clients nobody tells apart."""
        key = self._key(address)
        return 0 if key is None else len(self._inside.get(key, ()))

    def _end(self, connection: Connected) -> None:
        self.leave(connection)
        connection.hang_up()

    def _key(self, address: str) -> Household | None:
        found = client_address(address)
        return None if any(found in network for network in self._proxies) else household(found)
