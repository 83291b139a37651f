"""A visitor of the house's own, who shows that the document room keeps strangers out and names whom it lets in.

It goes the way of every visitor from the browser's cookie on. What it skips, the letter with the link, is no part of
what it shows. Its grant stands among the others, and each of its views is in the access log.
"""

from datetime import timedelta

from gatepost.journey import House
from gatepost.record.trust_log import TRUST
from gatepost.trust.room import store, visit
from gatepost.trust.room.paper import Grant, State, Visitor

IDENTIFIER = "rg_canary"
WHO = Visitor(name="Canary", company="this house", address="canary@canary.invalid", why="Shows that the room is shut")
LASTS = timedelta(minutes=5)


async def admit(house: House) -> str:
    """Let the canary in for minutes, as somebody who has agreed to nothing; return what its browser is to hold."""
    now, secret = house.clock(), house.entropy(visit.SECRET_OCTETS).hex()
    until = now + LASTS
    made = Grant(id=IDENTIFIER, visitor=WHO, state=State.ASKED, asked_at=now)
    async with house.db.transaction(TRUST) as tx:
        await store.lock(tx)
        found = await store.by_id(tx, IDENTIFIER)
        if found is None:
            await store.add(tx, made)
        await store.decide(tx, IDENTIFIER, State.APPROVED, at=now, expires_at=until)
        await store.agree(tx, IDENTIFIER, "", now)
        await store.add_session(tx, visit.digest_of(secret), IDENTIFIER, until, now)
    return secret


async def agree(house: House, secret: str) -> bool:
    """Let the canary agree to the text as it stands; False where it is not inside, or there is none."""
    who = await visit.inside(house, secret)
    return who is not None and who.nda is not None and await visit.agree(house, who, who.nda.sha256)


async def views(house: House, file: str) -> int:
    """Return how often the access log says that the canary saw a document."""
    async with house.db.transaction(TRUST) as tx:
        return sum((each.grant, each.file) == (IDENTIFIER, file) for each in await store.views(tx))


def names_it(text: str) -> bool:
    """Tell whether a copy says that it is the canary's."""
    return IDENTIFIER in text and WHO.address in text
