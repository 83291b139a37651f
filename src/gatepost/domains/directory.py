"""Routes remembered for a moment, so that a sender of many mails asks PostgreSQL once."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence

from gatepost.db import Database
from gatepost.domains.paper import Destination
from gatepost.domains.routes import is_postmasters, route, routes
from gatepost.mail.address import Address

REMEMBERED_S = 1.0
"""An address that was removed may still be let in this long, as one is that was named before its removal."""
TOGETHER_MAX = 500
"""Addresses asked for in one question."""


class Directory:
    """Where addresses lead. Only what leads somewhere is remembered: a new address works at once.

    Where one is to be asked for again, all that were wanted since they were last asked for are asked for with it: mail
    for many mailboxes costs a question a second, not one for each.
    """

    def __init__(self, db: Database, *, entries_max: int = 10_000) -> None:
        self._db = db
        self._entries_max = entries_max
        self._known: OrderedDict[Address | None, tuple[float, Destination]] = OrderedDict()  # the oldest first
        self._wanted: dict[Address, None] = {}  # of what is remembered, since it was asked for
        self._asking: dict[Address | None, asyncio.Future[None]] = {}

    async def route(self, address: Address | None) -> Destination | None:
        """Return where ``address`` leads, as ``domains.route`` does.

        Of many who ask at once one asks PostgreSQL. They take from it what leads somewhere; what led nowhere when it
        asked may lead somewhere by now.
        """
        if (known := self.known(address)) is not None:
            return known
        if (asking := self._asking.get(address)) is not None:
            await asyncio.wait([asking])
            return self.known(address) or await self._ask(address)
        asking = asyncio.get_running_loop().create_future()
        others = self._take_wanted(address)
        self._asking.update(dict.fromkeys((address, *others), asking))
        try:
            return await self._ask(address, others)
        finally:
            for each in (address, *others):
                del self._asking[each]
            asking.set_result(None)

    def known(self, address: Address | None) -> Destination | None:
        """Return what is remembered; None where that is nothing, or too old."""
        known = self._known.get(address)
        if known is None or time.monotonic() >= known[0]:
            return None
        destination = known[1]
        if address is not None and not destination.is_postmaster:
            self._wanted[address] = None
        return destination

    def _take_wanted(self, address: Address | None) -> list[Address]:
        """Return what may be asked for along with ``address``: nothing where it is new."""
        if address is None or is_postmasters(address) or address not in self._known:
            return []
        wanted = [each for each in self._wanted if each != address and each not in self._asking]
        self._wanted.clear()
        return wanted[: TOGETHER_MAX - 1]

    async def _ask(self, address: Address | None, others: Sequence[Address] = ()) -> Destination | None:
        if address is None or is_postmasters(address):
            return self._remember(address, await route(self._db, address))
        found = await routes(self._db, [address, *others])
        for each, destination in zip(others, found[1:], strict=True):
            self._remember(each, destination)
        return self._remember(address, found[0])

    def _remember(self, address: Address | None, found: Destination | None) -> Destination | None:
        if found is None:
            self._forget(address)
            return None
        self._known[address] = (time.monotonic() + REMEMBERED_S, found)
        self._known.move_to_end(address)
        if len(self._known) > self._entries_max:
            self._forget(next(iter(self._known)))
        return found

    def _forget(self, address: Address | None) -> None:
        self._known.pop(address, None)
        if address is not None:
            self._wanted.pop(address, None)
