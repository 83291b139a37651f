"""Routes remembered for a moment, so that a sender of many mails asks PostgreSQL once."""

import asyncio
from collections import OrderedDict

from gatepost.db import Database
from gatepost.domains.paper import Destination
from gatepost.domains.routes import route
from gatepost.mail.address import Address

REMEMBERED_S = 1.0
"""An address that was removed may still be let in this long, as one is that was named before its removal."""


class Directory:
    """Where addresses lead. Only what leads somewhere is remembered: a new address works at once."""

    def __init__(self, db: Database, *, entries_max: int = 10_000) -> None:
        self._db = db
        self._entries_max = entries_max
        self._known: OrderedDict[Address | None, tuple[float, Destination]] = OrderedDict()  # the oldest first
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
        asking = self._asking[address] = asyncio.get_running_loop().create_future()
        try:
            return await self._ask(address)
        finally:
            del self._asking[address]
            asking.set_result(None)

    async def _ask(self, address: Address | None) -> Destination | None:
        found = await route(self._db, address)
        if found is not None:
            self._known[address] = (asyncio.get_running_loop().time() + REMEMBERED_S, found)
            self._known.move_to_end(address)
            if len(self._known) > self._entries_max:
                self._known.popitem(last=False)
        return found

    def known(self, address: Address | None) -> Destination | None:
        """Return what is remembered; None where that is nothing, or too old."""
        known = self._known.get(address)
        return known[1] if known is not None and asyncio.get_running_loop().time() < known[0] else None
