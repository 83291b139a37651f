"""Find entries of a tenant's record by what they say, newest first.

The index gives entries that have the tokens; entries not indexed yet are read and compared, so that none is missed. A
cursor is the place of the last entry shown: what is written meanwhile moves no page, and nothing is shown twice.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gatepost.db import Transaction
from gatepost.ids import AccountId, EntryId
from gatepost.mail.address import AddressError
from gatepost.record import word_store
from gatepost.record.entry import timestamp
from gatepost.record.paper import Json
from gatepost.record.word_store import BOTTOM, TOP, Place, Row
from gatepost.record.words import party, terms_of, words_of

UNINDEXED_MAX = 1000
"""How many entries that are not indexed a page looks through: the last ones."""
_ENTRY_MAX = 2**63 - 1  # a bigint
_CURSOR = re.compile(r"(-?[0-9]{1,17})\.([0-9]{1,19})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class QueryError(ValueError):
    """The question cannot be asked; the text says what is wrong and quotes nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which entries: those that are all of this.

    Attributes:
        account: of one mailbox only.
        facts: a field of ``words.terms_of`` and its value: ``outcome``, ``reason``, ``actor``, ``action`` ...
        sender: an address, or a domain with all below it.
        recipient: likewise.
        text: words, every one of which must be there.
        since: not before.
        until: before.
    """

    account: AccountId | None = None
    facts: Mapping[str, str | None] | None = None
    sender: str | None = None
    recipient: str | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first; ``after`` continues, None at the end.

    ``unindexed`` is how many entries were not indexed yet. Above ``UNINDEXED_MAX`` the page may lack some of them.
    """

    rows: tuple[Row, ...]
    after: Place | None
    unindexed: int


def terms_for(sought: Sought) -> set[str]:
    """Return the terms an entry must have.

    Raises:
        QueryError: a sender or recipient is neither address nor domain, or there is no word in the text.
    """
    terms = {f"{name}:{value}" for name, value in (sought.facts or {}).items() if value is not None}
    if sought.account is not None:
        terms.add(f"mailbox:{sought.account}")
    for field, given in (("from", sought.sender), ("to", sought.recipient)):
        if given is not None:
            try:
                terms.add(f"{field}:{party(given)}")
            except AddressError as error:
                raise QueryError("sender and recipient are an address or a domain") from error
    if sought.text is not None:
        words = words_of(sought.text)
        if not words:
            raise QueryError("there is no word in it")
        terms.update(f"any:{word}" for word in words)
    return terms


def place_of(cursor: str) -> Place:
    """Read a cursor; raises ``QueryError`` where it is none of ours."""
    found = _CURSOR.fullmatch(cursor)
    try:
        if found is None or int(found[2]) > _ENTRY_MAX:
            raise QueryError("this is no cursor")
        return Place(_EPOCH + timedelta(microseconds=int(found[1])), int(found[2]))
    except OverflowError as error:
        raise QueryError("this is no cursor") from error


def cursor_of(place: Place) -> str:
    """Spell a place as a cursor."""
    return f"{(place.at - _EPOCH) // timedelta(microseconds=1)}.{place.entry}"


async def page(tx: Transaction, sought: Sought, *, limit: int, after: Place | None = None) -> Page:
    """Return the entries that are as sought, older than ``after``.

    Raises:
        QueryError: the question cannot be asked.
    """
    terms = terms_for(sought)
    below = after or TOP
    if sought.until is not None:
        below = min(below, Place(sought.until, 0))
    since = sought.since or BOTTOM
    wanted = word_store.tokens(tx.vault.blinder, terms)
    unindexed = await word_store.backlog(tx, UNINDEXED_MAX)
    waiting = await word_store.unindexed(tx, below, since, UNINDEXED_MAX) if unindexed else []
    indexed = await word_store.indexed(tx, wanted, below, since, limit + 1)  # second: none slips through between
    found = {row.place: row for row in waiting if terms <= terms_of(row.found)} | {row.place: row for row in indexed}
    places = sorted(found, reverse=True)
    rows = tuple(found[place] for place in places[:limit])
    return Page(rows, rows[-1].place if len(places) > limit else None, unindexed)


def named(sought: Sought) -> dict[str, Json]:
    """Return the filters that are set, by name."""
    given: dict[str, Json] = {
        **(sought.facts or {}),
        "mailbox": sought.account,
        "sender": sought.sender,
        "recipient": sought.recipient,
        "text": sought.text,
        "since": None if sought.since is None else timestamp(sought.since),
        "until": None if sought.until is None else timestamp(sought.until),
    }
    return {name: value for name, value in given.items() if value is not None}


async def one(tx: Transaction, entry: EntryId) -> Row | None:
    """Return one entry of the tenant, or None."""
    return await word_store.one(tx, entry)


async def place_of_entry(tx: Transaction, entry: EntryId) -> Place | None:
    """Return where an entry stands, or None where the tenant has none of that number."""
    row = await word_store.one(tx, entry)
    return None if row is None else row.place
