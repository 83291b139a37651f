"""A visitor of the house's own, who shows that the document room keeps strangers out and names whom it lets in.

It goes the way of every visitor from the browser's cookie on. What it skips, the letter with the link, is no part of
what it shows. Each visit has a grant of its own, which stands among the others until a later one; its views stay in
the access log.
"""

from dataclasses import dataclass
from datetime import timedelta

from gatepost.ids import token
from gatepost.journey import House
from gatepost.record.trust_log import TRUST
from gatepost.trust.room import store, visit
from gatepost.trust.room.paper import Grant, State, Visitor

PREFIX = "rg_canary"
WHO = Visitor(name="Canary", company="this house", address="canary@canary.invalid", why="Shows that the room is shut")
LASTS = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit: its grant, and what the canary's browser holds."""

    grant: str
    secret: str


async def admit(house: House) -> Visit:
    """Let the canary in for minutes, as somebody who has agreed to nothing; forget its visits that are over."""
    now, secret = house.clock(), house.entropy(visit.SECRET_OCTETS).hex()
    until = now + LASTS
    made = Grant(id=token(PREFIX, house.entropy(10)), visitor=WHO, state=State.ASKED, asked_at=now)
    async with house.db.transaction(TRUST) as tx:
        await store.forget_canaries(tx, PREFIX, now)
        await store.add(tx, made)
        await store.decide(tx, made.id, State.ASKED, State.APPROVED, at=now, expires_at=until)
        await store.add_session(tx, visit.digest_of(secret), made.id, until, now)
    return Visit(made.id, secret)


async def agree(house: House, secret: str) -> bool:
    """Let the canary agree to the text as it stands; False where it is not inside, or there is none."""
    who = await visit.inside(house, secret)
    return who is not None and who.nda is not None and await visit.agree(house, who, who.nda.sha256)


async def views(house: House, grant: str, file: str) -> int:
    """Return how often the access log says that a document was seen in one visit."""
    async with house.db.transaction(TRUST) as tx:
        return sum((each.grant, each.file) == (grant, file) for each in await store.views(tx))


def names_it(grant: str, text: str) -> bool:
    """Tell whether a copy says that it was made in one visit of the canary's."""
    return grant in text and WHO.address in text
