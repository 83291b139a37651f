"""Which domains this house was given, and which it made itself.

A house without its state, because a volume was not mounted, begins anew and knows nobody. Until somebody gives it a
domain it refuses nobody's mail for good: senders come back, and meet the right house (docs/adr/0081).
"""

from gatepost import domains
from gatepost.access.paper import HOUSE_PLAN
from gatepost.db import Database

SANDBOX = "sandbox.test"
"""RFC 2606: nobody's, so no real mail can ever be meant for it."""


def canary_domain(hostname: str) -> str:
    """Return the domain to which a house writes itself, to see that it answers."""
    return f"canary.{hostname}"


async def is_given(db: Database) -> bool:
    """Tell whether anybody gave this house a domain: neither the sandbox's nor one of the canaries'."""
    return await domains.is_given_domain(db, own_plan=HOUSE_PLAN, sandbox=SANDBOX)


class Knowledge:
    """Whether this house knows that a stranger is one: at the names it made itself always, else once it was given one.

    It is asked where an address leads nowhere. That it was given a domain is remembered.
    """

    def __init__(self, db: Database, hostname: str) -> None:
        self._db = db
        self._own = {SANDBOX, canary_domain(hostname)}
        self._is_given = False

    async def knows(self, domain: str) -> bool:
        """Tell whether mail to a domain at which an address leads nowhere is to be refused for good."""
        if domain in self._own:
            return True
        self._is_given = self._is_given or await is_given(self._db)
        return self._is_given
