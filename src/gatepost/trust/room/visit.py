"""A visitor's way through the document room: ask, be let in by a person, agree, look. Each view is an entry.

Forms are answered alike whoever asks; what differs is the mail. A sign-in link counts once, for a day; what it leads to
lasts hours, and ends at once where the grant is revoked. What was agreed to is named by the SHA-256 of the text shown.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatepost.db import Transaction
from gatepost.ids import token
from gatepost.jobs import Promise
from gatepost.journey import House
from gatepost.mail.address import Address, AddressError
from gatepost.record.trust_log import TRUST
from gatepost.trust import signed_link, telling
from gatepost.trust.room import stock, store
from gatepost.trust.room.paper import File, Grant, State, Viewed, Visitor

LETTER = "room.letter"
"""The kind of the promise to mail a sign-in link, or the operator that somebody asks."""
ENTER_PATH = "/trust/room/enter"
PURPOSE = "room"
LINK_LASTS, SESSION_LASTS = timedelta(hours=24), timedelta(hours=8)
AGAIN_AFTER = timedelta(minutes=10)
PER_HOUR = 30
SECRET_OCTETS = 32
WORD_MAX_CHARS, WHY_MAX_CHARS = 120, 500


class AskError(ValueError):
    """The request lacks something; the text says what."""


class TooManyError(Exception):
    """Too many asked; come back after ``retry_after_s``."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("too many requests")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Inside:
    """Somebody who is let in. ``has_agreed``: to the text as it stands now."""

    grant: Grant
    nda: File | None
    has_agreed: bool


async def ask(house: House, visitor: Visitor) -> None:
    """Remember a request, for a person to decide; one that waits already is not doubled.

    Raises:
        AskError: something is missing.
        TooManyError: too many asked.
    """
    try:
        address = Address.parse(visitor.address)
    except AddressError as error:
        raise AskError(str(error)) from error
    if not (visitor.name and visitor.company and visitor.why):
        raise AskError("name, company and reason are needed")
    made = Grant(
        id=token("rg", house.entropy(10)),
        visitor=Visitor(
            name=visitor.name[:WORD_MAX_CHARS],
            company=visitor.company[:WORD_MAX_CHARS],
            address=str(address),
            why=visitor.why[:WHY_MAX_CHARS],
        ),
        state=State.ASKED,
        asked_at=house.clock(),
    )
    async with house.db.transaction(TRUST) as tx:
        if not await _is_new(tx, address, made.asked_at):
            return
    await telling.note_own(house, "room.asked", made.id, {})  # first: what nobody wrote down does not happen
    async with house.db.transaction(TRUST) as tx:
        await store.lock(tx)
        if await _is_new(tx, address, made.asked_at):
            await store.add(tx, made)
            await house.jobs.enqueue(tx, Promise(LETTER, made.id, {"grant": made.id, "round": 0}))


async def _is_new(tx: Transaction, address: Address, now: datetime) -> bool:
    """Tell whether an address has neither a request that waits nor an open grant; raises ``TooManyError``."""
    if await store.asked_since(tx, now - timedelta(hours=1)) >= PER_HOUR:
        raise TooManyError(3600)
    return not any(each.state is State.ASKED or each.is_open(now) for each in await store.by_address(tx, address))


async def send_link(house: House, text: str) -> None:
    """Promise a new sign-in link to an address that has an open grant; do nothing for any other."""
    try:
        address = Address.parse(text)
    except AddressError:
        return
    now = house.clock()
    async with house.db.transaction(TRUST) as tx:
        await store.lock(tx)
        for each in await store.by_address(tx, address):
            if each.is_open(now) and (each.link_at is None or now - each.link_at >= AGAIN_AFTER):
                round_ = await store.next_link(tx, each.id, now)
                await house.jobs.enqueue(tx, Promise(LETTER, each.id, {"grant": each.id, "round": round_}))
                return


def link(house: House, grant: Grant) -> str:
    """Return the URL that lets a visitor in."""
    signed = signed_link.sign(PURPOSE, grant.id, grant.round, house.keyring)
    return f"{house.public_url.rstrip('/')}{ENTER_PATH}/{signed}"


async def is_good(house: House, text: str) -> bool:
    """Tell whether a sign-in link counts now."""
    read = signed_link.read(PURPOSE, text, house.keyring)
    if read is None:
        return False
    now = house.clock()
    async with house.db.transaction(TRUST) as tx:
        found = await store.by_id(tx, read[0])
    if found is None or not found.is_open(now) or found.link_at is None:
        return False
    return found.round == read[1] and now - found.link_at < LINK_LASTS


async def enter(house: House, text: str) -> str | None:
    """Let somebody in by a link, once; return what their browser is to hold, None where it counts no more."""
    read = signed_link.read(PURPOSE, text, house.keyring)
    if read is None or not await is_good(house, text):
        return None
    await telling.note_own(house, "room.entered", read[0], {})
    now, secret = house.clock(), house.entropy(SECRET_OCTETS).hex()
    async with house.db.transaction(TRUST) as tx:
        found = await store.by_id(tx, read[0])
        if found is None or not found.is_open(now) or found.expires_at is None:
            return None
        if not await store.use_link(tx, *read, since=now - LINK_LASTS):
            return None
        await store.add_session(tx, digest_of(secret), found.id, min(now + SESSION_LASTS, found.expires_at), now)
    return secret


async def inside(house: House, secret: str) -> Inside | None:
    """Return who is inside; None for nobody, or where the grant is over."""
    now = house.clock()
    async with house.db.transaction(TRUST) as tx:
        grant_id = await store.grant_of(tx, digest_of(secret), now)
        grant = None if grant_id is None else await store.by_id(tx, grant_id)
        files = await store.files(tx)
    if grant is None or not grant.is_open(now):
        return None
    nda = next((each for each in files if each.id == stock.NDA), None)
    return Inside(grant, nda, nda is not None and grant.nda_sha256 == nda.sha256)


async def agree(house: House, who: Inside, sha256: str) -> bool:
    """Note that somebody agreed to the text they were shown; False where it is another one by now."""
    if who.nda is None or sha256 != who.nda.sha256:
        return False
    private = {"name": who.grant.visitor.name, "address": who.grant.visitor.address}
    await telling.note_own(house, "room.agreed", who.grant.id, {"sha256": sha256}, private)
    async with house.db.transaction(TRUST) as tx:
        await store.agree(tx, who.grant.id, sha256, house.clock())
    return True


async def look(house: House, who: Inside, name: str) -> tuple[File, bytes] | None:
    """Return a document, its view noted before a single octet is shown; None where there is none, or no agreement."""
    async with house.db.transaction(TRUST) as tx:
        found = next((each for each in await store.files(tx) if each.id == name), None)
    if found is None or not who.has_agreed:
        return None
    octets = await stock.octets_of(house, found)
    if octets is None:
        return None
    entry = await telling.note_own(house, "room.viewed", who.grant.id, {"file": found.id, "sha256": found.sha256})
    if not entry:  # a house without a record cannot say who saw what, and so shows nothing
        return None
    async with house.db.transaction(TRUST) as tx:
        view = Viewed(entry=entry, grant=who.grant.id, file=found.id, sha256=found.sha256, at=house.clock())
        await store.add_view(tx, view)
    return found, octets


async def leave(house: House, secret: str) -> None:
    """End a visit."""
    async with house.db.transaction(TRUST) as tx:
        await store.end_session(tx, digest_of(secret))


async def decide(house: House, grant_id: str, state: State, *, days: int = 0, by: str) -> bool:
    """Approve, refuse or revoke, by a person; False where that does not follow from where the request stands.

    Args:
        house: what it stands on.
        grant_id: which request.
        state: what is decided.
        days: how long an approval lasts.
        by: who decides, for the record.
    """
    now = house.clock()
    wanted = {State.APPROVED: State.ASKED, State.REFUSED: State.ASKED, State.REVOKED: State.APPROVED}
    async with house.db.transaction(TRUST) as tx:
        found = await store.by_id(tx, grant_id)
    if found is None or found.state is not wanted.get(state):
        return False
    await telling.note_own(house, "room.decided", grant_id, {"decision": state.value}, actor=by)
    async with house.db.transaction(TRUST) as tx:
        until = now + timedelta(days=days) if state is State.APPROVED else None
        if not await store.decide(tx, found.id, found.state, state, at=now, expires_at=until):
            return False  # somebody else decided meanwhile
        if state is State.APPROVED:
            round_ = await store.next_link(tx, found.id, now)
            await house.jobs.enqueue(tx, Promise(LETTER, found.id, {"grant": found.id, "round": round_}))
        if state is State.REVOKED:
            await store.end_sessions(tx, found.id)
    return True


async def tidy(house: House) -> int:
    """Forget requests that led nowhere after a month, and others a year after their end; the record keeps the facts."""
    now = house.past()
    async with house.db.transaction(TRUST) as tx:
        return await store.forget(tx, undecided_before=now - timedelta(days=30), ended_before=now - timedelta(days=365))


def digest_of(secret: str) -> bytes:
    """Return what a browser's secret is known by here."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
