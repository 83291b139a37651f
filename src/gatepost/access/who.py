"""Whether two who act may be one human: by a key, by a link mailed to a person, or as the operator (docs/adr/0112).

A key that a person is named for is theirs. Of another nobody knows whose it is: two such keys count as two people, but
beside a person who is known it may be theirs.
"""

from dataclasses import dataclass

from gatepost.access import store
from gatepost.access.paper import Person, Role
from gatepost.db import Transaction
from gatepost.ids import KeyId, PersonId


@dataclass(frozen=True, slots=True)
class _Actor:
    """``person``: who it is, where that is known; ``may_be_anybody``: a key of a human, nobody knows of whom."""

    person: PersonId | None = None
    may_be_anybody: bool = False


async def _actor(tx: Transaction, who: str) -> _Actor:
    if who.startswith("pe_"):
        return _Actor(PersonId(who))
    if not who.startswith("ky_"):
        return _Actor()  # a hosted agent, which has no key, or the operator
    holder = await store.holder_of_key(tx, KeyId(who))
    if holder is None:
        return _Actor(may_be_anybody=True)  # it is gone
    role, person = holder
    return _Actor(person, may_be_anybody=person is None and role != Role.AGENT)


async def may_be_same(tx: Transaction, one: str, other: str) -> bool:
    """Tell whether two who act may be one human; each is the id of a key or a person, or a word of ours."""
    if one == other:
        return True
    ours, theirs = await _actor(tx, one), await _actor(tx, other)
    if ours.person is not None and theirs.person is not None:
        return ours.person == theirs.person or await _share_mail(tx, ours.person, theirs.person)
    by_link = one if one.startswith("pe_") else other
    return by_link.startswith("pe_") and (ours.may_be_anybody or theirs.may_be_anybody)


async def _share_mail(tx: Transaction, one: PersonId, other: PersonId) -> bool:
    """Tell whether the mail of two people ends in one place: their addresses are the same but for the tag."""
    ours, theirs = await store.person(tx, one), await store.person(tx, other)
    return ours is not None and theirs is not None and _is_at(ours, str(theirs.address))


async def may_be_at(tx: Transaction, who: str, address: str) -> bool:
    """Tell whether whoever acts may be the one who writes from an address, under whichever tag.

    A key nobody is named for may be that of any of the tenant's people; of whoever else writes it is none.
    """
    actor = await _actor(tx, who)
    if actor.may_be_anybody:
        return any(_is_at(each, address) for each in await store.people(tx))
    found = None if actor.person is None else await store.person(tx, actor.person)
    return found is not None and _is_at(found, address)


def _is_at(person: Person, address: str) -> bool:
    return person.address.is_of(address)
